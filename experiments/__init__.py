"""One script an experiment: what is claimed, on which data, and how it is trained.

In: the protocol from the command line. Out: a record, by way of `harness.experiment`.
May import: everything but `benchmarks`. Imported by: `harness.experiment`, which finds the scripts.
"""
