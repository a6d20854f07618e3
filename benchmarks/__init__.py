"""Timing of this project's training against the documents' scripts: `make bench`.

In: the experiments' commands and the scripts in `plain`. Out: `benchmark.json`, and the page and
the figure that are made from it. May import everything; nothing imports it.
"""
