"""The exceptions of this package whose messages are written for the user."""

import re
from collections.abc import Sequence

MOST_NAMES = 10


class RunError(Exception):
    """A run, its settings or its record cannot be used.

    The message says what is wrong, where (directory, file, field), and what to do; the command
    line prints it as it is, without a traceback. Control characters in it are made visible.
    """

    def __init__(self, message: str):
        super().__init__(shown(message))


class DivergedError(RunError):
    """The numbers of a training are finite no longer. To go on would not help."""


class UnwritableError(RunError):
    """A file cannot be written, as on a full disk."""


class ElsewhereError(RunError):
    """Another process is doing the run."""


def shown(text: str) -> str:
    """Text from a file as a terminal can show it: an escape character becomes `\\x1b`."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\u00a0" else ascii(letter)[1:-1]
        for letter in text
    )


def few(names: Sequence[str], separator: str = ", ") -> str:
    """The names, or the first ten of them and how many more there are."""
    more = len(names) - MOST_NAMES
    return separator.join(names[:MOST_NAMES]) + (f"{separator}and {more} more" if more > 0 else "")


def ran_out_of_memory(error: Exception) -> bool:
    """Whether an array did not fit into memory, in the words of Python, NumPy or a backend."""
    said = r"OOM when|RESOURCE_EXHAUSTED|[Oo]ut of memory|not enough memory|array is too big"
    return isinstance(error, MemoryError) or re.search(said, str(error)) is not None
