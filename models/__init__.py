"""Network builders, and the NumPy references of their cells."""
