"""Training.

In: an uncompiled model and its data. Out: values of each epoch and predictions, handed to a run.
May import: Keras, `records`. Imported by: experiments, benchmarks.
"""
