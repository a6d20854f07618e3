"""Starts commands that outlast a call, and waits for what they do; none outlives its test."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from commands import REPOSITORY

T = TypeVar("T")

EPOCHS = 40
LONG = f"imdb-dense --epochs {EPOCHS}"  # on a fast machine seconds remain after its first epoch


@contextlib.contextmanager
def started(module: str, *arguments: object, cwd: Path = REPOSITORY) -> Iterator[subprocess.Popen]:
    """Starts `python -m module arguments...`; kills it if it still runs at the end.

    Args:
        module: name of the module.
        arguments: its command-line arguments.
        cwd: the checkout whose code it runs.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "RNN_DATA_DIR"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # pytest itself may have been started where Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(what: Callable[[], T], seconds: float = 120) -> T:
    """Calls `what` until it answers something, which it returns."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return found


def mentioning(path: Path) -> list[str]:
    """The command lines of the processes that work below a folder."""
    listing = subprocess.run(
        ["ps", "-axww", "-o", "command="], capture_output=True, text=True, check=True
    )
    return [line for line in listing.stdout.splitlines() if str(path) in line]


def descendants(process: int) -> list[int]:
    """The processes that a process has started, those that these have started, and so on."""
    listing = subprocess.run(
        ["ps", "-ax", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in listing.stdout.splitlines()]
    found = [child for child, parent in pairs if parent == process]
    return found + [one for child in found for one in descendants(child)]


def alive(processes: list[int]) -> list[int]:
    """Those of some processes that have not ended."""
    listing = subprocess.run(
        ["ps", "-ax", "-o", "pid=,stat="], capture_output=True, text=True, check=True
    )
    pairs = (line.split() for line in listing.stdout.splitlines())
    running = {int(process) for process, state in pairs if not state.startswith("Z")}
    return [process for process in processes if process in running]
