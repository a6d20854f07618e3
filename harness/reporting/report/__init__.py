"""One HTML page of all results, made from the run records alone."""
