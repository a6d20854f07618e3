"""The documents' networks on the Keras that they ran: unchanged, in a process of its own.

`install` puts an old Keras into a folder, `original` makes a run of it out of an experiment, and
`process` is the other process: `compatibility` gives old Keras the TensorFlow, Python and NumPy
that it expects, and `networks` holds the networks as the documents print them.
"""
