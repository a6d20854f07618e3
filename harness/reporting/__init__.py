"""Everything that is made from records alone.

In: records, `published.toml`, `claims.toml`. Out: tables, figures and the report.
May import: `records`; never Keras or training. Imported by: commands only.
"""
