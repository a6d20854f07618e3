"""Loaders, downloads and the built-in sample data; it imports nothing else of this project."""
