"""Figures of the results.

In: records, and the statistics over the seeds. Out: PNG files, the same bytes for the same records.
May import: `records`, the rest of `reporting`, matplotlib. Imported by: commands.
"""
