"""One script an experiment: what is claimed, on which data, and how it is trained."""
