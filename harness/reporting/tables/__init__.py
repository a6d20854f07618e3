"""Markdown and CSV tables of the results.

In: records, and the statistics and verdicts of `analysis`. Out: RESULTS.md, parts of pages.
May import: `records`, `analysis`. Imported by: `report` and commands.
"""
