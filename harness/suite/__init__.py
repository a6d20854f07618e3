"""Many runs.

In: names of experiments and seeds. Out: their records, and progress while they run.
May import: `records`, `experiment`. Imported by: nothing; it is a command.
"""
