"""What the experiments of one family share: settings, loading, evaluation and outputs.

In: protocols and arrays. Out: trained networks, metrics and study outputs for the run.
May import: `data`, `models`, `harness`. Imported by: experiments.
"""
