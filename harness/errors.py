"""The exceptions of this package whose messages are written for the user."""


class RunError(Exception):
    """A run, its settings or its record cannot be used.

    The message says what is wrong, where (directory, file, field), and what to do; the command
    line prints it as it is, without a traceback.
    """


class DivergedError(RunError):
    """The numbers of a training are finite no longer. To go on would not help."""


class UnwritableError(RunError):
    """A file cannot be written, as on a full disk."""
