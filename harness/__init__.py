"""Everything that a run and its results need; a room imports only those below it.

In: a declared experiment and its protocol. Out: its record; tables and figures.
May import: `data`. Imported by: experiments, explore, benchmarks.
"""
