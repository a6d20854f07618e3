"""The exceptions of this package whose messages are written for the user."""

import re

# `records` and `reporting` know nothing of `data`, and take these from here
from data.errors import MOST_NAMES as MOST_NAMES
from data.errors import Parser as Parser
from data.errors import UserError as UserError
from data.errors import escaped as escaped
from data.errors import few as few


class RunError(UserError):
    """A run, its settings or its record cannot be used."""


class DivergedError(RunError):
    """The numbers of a training are finite no longer. To go on would not help."""


class UnwritableError(RunError):
    """A file cannot be written, as on a full disk."""


class ElsewhereError(RunError):
    """Another process is doing the run."""


def ran_out_of_memory(error: Exception) -> bool:
    """Whether an array did not fit into memory, in the words of Python, NumPy or a backend."""
    said = r"OOM when|RESOURCE_EXHAUSTED|[Oo]ut of memory|not enough memory|array is too big"
    return isinstance(error, MemoryError) or re.search(said, str(error)) is not None
