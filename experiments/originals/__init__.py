"""The documents' networks on the Keras that they ran: unchanged, in a process of its own."""
