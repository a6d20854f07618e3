"""The one exception of this package whose message is written for the user."""


class RunError(Exception):
    """A run, its settings or its record cannot be used.

    The message says what is wrong, where (directory, file, field), and what to do; the command
    line prints it as it is, without a traceback.
    """
