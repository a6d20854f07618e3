"""The run record, the one interface between training and reporting.

In: what a run measures. Out: checked JSON files, and `Record` objects read from them.
May import: the standard library, pydantic, filelock.
Imported by: training, suite, reporting, experiments.
"""
