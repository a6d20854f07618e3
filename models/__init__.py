"""Network builders: hyper-parameters in, an uncompiled Keras model out."""
