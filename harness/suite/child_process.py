"""Runs a module as a command that ends with its parent: `python -m ...child_process MODULE`.

The starter holds the other end of the standard input and never writes to it. When the starter ends,
however it ends, the system closes that end: no run goes on that nobody waits for.
"""

import os
import runpy
import sys
import threading


def _end_with_starter() -> None:
    os.read(0, 1)  # not by sys.stdin, whose lock would still be held when the module has ended
    os._exit(1)


def main() -> None:
    """Runs the module named by the first argument as a command with the others."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
