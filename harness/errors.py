"""The exceptions of this package whose messages are written for the user."""

# `records` and `reporting` know nothing of `data`, and take these from here
from data.errors import MOST_NAMES as MOST_NAMES
from data.errors import UserError as UserError
from data.errors import escaped as escaped
from data.errors import few as few
from data.errors import shown as shown


class RunError(UserError):
    """A run, its settings or its record cannot be used."""


class DivergedError(RunError):
    """The numbers of a training are no longer finite. Going on would not help."""


class UnwritableError(RunError):
    """A file cannot be written, as on a full disk."""


class ElsewhereError(RunError):
    """Another process is doing the run."""
