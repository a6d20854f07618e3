"""Training: from an uncompiled model and its data to the values and predictions of a run."""
