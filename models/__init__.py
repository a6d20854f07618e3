"""Network builders, and the NumPy references of their cells.

In: hyper-parameters. Out: an uncompiled Keras model, or arrays.
May import: Keras, NumPy. Imported by: experiments, benchmarks, explore.
"""
