"""Timing of this project's training against the documents' scripts: `make bench`."""
