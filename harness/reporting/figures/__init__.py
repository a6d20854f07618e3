"""Figures of the results.

In: records, and the statistics of `analysis`. Out: PNG files, the same bytes for the same records.
May import: `records`, `analysis`, matplotlib. Imported by: commands.
"""
