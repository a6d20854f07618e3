"""What the experiments of one family share: settings, loading, evaluation and outputs."""
