"""The one exception of this package whose message is written for the user."""


class DataError(Exception):
    """Something is wrong with a data file or directory.

    The message says what is wrong, where (file, row, column), and what to do; the command line
    prints it as it is, without a traceback.
    """
