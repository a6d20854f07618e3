"""The exceptions of this package whose messages are written for the user."""

import re


class RunError(Exception):
    """A run, its settings or its record cannot be used.

    The message says what is wrong, where (directory, file, field), and what to do; the command
    line prints it as it is, without a traceback.
    """


class DivergedError(RunError):
    """The numbers of a training are finite no longer. To go on would not help."""


class UnwritableError(RunError):
    """A file cannot be written, as on a full disk."""


def ran_out_of_memory(error: Exception) -> bool:
    """Whether an array did not fit into memory, in the words of Python, NumPy or a backend."""
    said = r"OOM when|RESOURCE_EXHAUSTED|[Oo]ut of memory|not enough memory|array is too big"
    return isinstance(error, MemoryError) or re.search(said, str(error)) is not None
