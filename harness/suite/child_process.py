"""Runs a module in a process that ends with its parent: `python -m ...child_process MODULE`.

The parent keeps the other end of the child's standard input open and never writes to it. When the
parent ends for whatever reason, the system closes that end, and the child stops. No run goes on
that nobody waits for.
"""

import os
import runpy
import sys
import threading


def _end_with_parent() -> None:
    os.read(0, 1)  # sys.stdin would hold its lock beyond the module's end
    os._exit(1)


def main() -> None:
    """Runs the module named by the first argument, with the other arguments as its own."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
