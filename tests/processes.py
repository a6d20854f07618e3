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

import psutil
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
    lines = (" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"]))
    return [line for line in lines if str(path) in line]


def descendants(process: int) -> list[int]:
    """The processes that a process has started, those that these have started, and so on."""
    return [one.pid for one in psutil.Process(process).children(recursive=True)]


def alive(processes: list[int]) -> list[int]:
    """Those of some processes that have not ended."""
    running = psutil.process_iter(["status"])
    zombies = {one.pid for one in running if one.info["status"] == psutil.STATUS_ZOMBIE}
    return [one for one in processes if psutil.pid_exists(one) and one not in zombies]
