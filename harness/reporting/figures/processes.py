"""Draws figures in several processes: Matplotlib takes a fifth of a second for an empty one."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import joblib

from harness.errors import RunError

FEW = 8  # figures that are drawn sooner than other processes have started


def draw_in_processes(drawings: Sequence[Callable[[], Path]]) -> list[Path]:
    """Calls functions, each of which draws a figure, in as many processes as there are cores.

    Args:
        drawings: functions that can be sent to another process.

    Returns:
        What they return, in their order.

    Raises:
        RunError: a file cannot be written, or a process was killed.
    """
    cores = joblib.cpu_count()  # those that this process may use, also in a container
    if len(drawings) <= FEW or cores == 1:
        return [draw() for draw in drawings]
    # Processes that are forked could hang, for NumPy has threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(cores, len(drawings)), context, _end_with_parent)
    try:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:  # they start to ignore Ctrl-C, too: it ends us alone
            waiting = [pool.submit(draw) for draw in drawings]
        finally:
            signal.signal(signal.SIGINT, handler)
        return [drawn.result() for drawn in waiting]
    except BrokenProcessPool as error:
        raise RunError(
            "a process that drew figures was ended from outside; there may be too little memory."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Ends this process when the one that started it is gone, even if that was killed."""

    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
