"""The one exception of this package whose message is written for the user."""


class RunError(Exception):
    """A run, its settings or its record cannot be used.

    The message says what is wrong, where (directory, file, field), and what to do; the command
    line prints it as it is, without a traceback.
    """


def ran_out_of_memory(error: Exception) -> bool:
    """Whether an array did not fit into memory, in the words of Python or of a backend."""
    said = ("OOM when allocating", "RESOURCE_EXHAUSTED", "ut of memory", "not enough memory")
    too_big = "array is too big"  # for NumPy's numbers, let alone for memory
    return isinstance(error, MemoryError) or any(words in str(error) for words in (*said, too_big))
