"""Figures of the results as PNG files: the same bytes for the same records."""
