"""From records to statistics, claims and verdicts.

In: records, `published.toml`, `claims.toml`. Out: means, intervals, verdicts, as plain objects.
May import: `records`, NumPy, pandas, SciPy. Imported by: tables, figures, report.
"""
