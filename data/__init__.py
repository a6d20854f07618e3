"""Loaders, downloads and the built-in sample data: files in, arrays out."""
