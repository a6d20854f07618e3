"""The experiments on plain Keras, written as the documents' scripts are.

Their networks, `compile` and `fit` with default settings, their generator for Jena. The files are
read by this project's loaders: how files are read is not what is compared.
"""
