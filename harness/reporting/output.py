"""Printing ends no command: no closed pipe does, no full disk, no terminal that lacks a letter."""

import errno
import io
import os
import sys


class _Dropping(io.RawIOBase):
    """Writes to a file descriptor what it takes, and drops the rest."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._lost = False

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, content) -> int:
        try:
            return len(content) if self._lost else os.write(self._descriptor, content)
        except OSError as error:
            self._lost = True
            if error.errno != errno.EPIPE:  # of a closed pipe, such as `| head`, nobody needs more
                print(f"warning: cannot print ({error.strerror}); work goes on.", file=sys.stderr)
            return len(content)


def keep_printing() -> None:
    """From now on, no trouble with the standard output ends this process.

    A letter that the terminal lacks is shown by its number, such as `\\xb1` for ±.
    """
    if sys.stdout is None:  # the shell's `>&-`
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    elif sys.stdout is sys.__stdout__:
        sys.stdout.flush()
        stream = io.BufferedWriter(_Dropping(sys.stdout.fileno()))
        options = {"encoding": sys.stdout.encoding, "errors": "backslashreplace"}
        sys.stdout = io.TextIOWrapper(stream, **options, line_buffering=sys.stdout.isatty())
