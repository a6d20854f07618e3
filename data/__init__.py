"""Loaders, downloads and the built-in sample data.

In: files, whose hashes are checked. Out: arrays and their provenance.
May import: NumPy, pandas. Imported by: everything; it imports nothing of this project.
"""
