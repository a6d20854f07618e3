"""Runs in processes of their own on this machine."""

import os
import signal
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from harness.cli import ELSEWHERE
from harness.errors import RunError
from harness.experiment import Plan
from harness.processes import THREADS, Child, ForkedChild, can_fork
from harness.records.files import read_json
from harness.records.run import UNFINISHED, Lock
from harness.suite.progress import Display
from harness.training.machine import threads

POLL = 0.2  # seconds between two checks of the runs in progress
GRACE = 10  # seconds that an interrupted run has to end


class WatchedRun:
    """A run in a child process, and its epochs as far as they are written.

    The child may use `threads` threads, and writes to `log`. It runs the code in the folder `code`,
    by default the current code, by a forked process where that is possible.
    """

    def __init__(
        self,
        command: list[str],
        directory: Path,
        log: Path,
        threads: int,
        code: Path | None = None,
    ):
        self._unfinished = directory.with_name(directory.name + UNFINISHED)
        self._began, self._epochs = time.time(), 0
        kind = ForkedChild if code is None and can_fork() else Child
        variables = dict.fromkeys(THREADS, str(threads)) | {"PYTHONUNBUFFERED": "1"}
        self.process = kind(command, log, variables, code)

    @property
    def seconds(self) -> float:
        return time.time() - self._began

    def new_epoch(self) -> tuple[int, float | None] | None:
        """The number of epochs and the last loss, if an epoch was completed since the last call."""
        path = self._unfinished / "history.json"
        try:
            if path.stat().st_mtime < self._began:  # of an earlier run that was interrupted
                return None
            history = read_json(path)
        except (OSError, RunError):
            return None
        epochs = max(map(len, history.values()), default=0)
        if epochs <= self._epochs:
            return None
        self._epochs = epochs
        return epochs, history.get("loss", [None])[-1]


def log_of(plan: Plan) -> Path:
    """The file that receives what a run of a suite prints."""
    return plan.results_dir / "logs" / f"{plan.label}-seed-{plan.seed}.log"


def reserve(plan: Plan) -> Lock | None:
    """The right to do a run and to write its log, a lock that ends with this process.

    Two suites may work on one results directory at the same time. None if another process does the
    run, or did it after this suite was planned.
    """
    log = log_of(plan)
    lock = Lock(log)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire():
            return None
    except OSError as error:
        raise RunError(f"cannot write {log}: {error.strerror or error}.") from error
    if os.path.exists(plan.directory) and not plan.force:
        lock.release()
        return None
    return lock


def share(workers: int, runs: int) -> int:
    """Threads for each of the runs that are in progress at the same time."""
    return max(1, threads() // max(1, min(workers, runs)))


def run_locally(plans: Iterable[Plan], workers: int, display: Display) -> None:
    """Does runs in this order, some at a time; an exception ends those in progress."""
    waiting = deque(plans)
    each = share(workers, len(waiting))
    locks: dict[Plan, Lock] = {}
    runs: dict[Plan, WatchedRun] = {}
    try:
        while waiting or runs:
            while waiting and len(runs) < workers:
                plan = waiting.popleft()
                if (lock := reserve(plan)) is None:
                    display.elsewhere(plan)
                    continue
                locks[plan] = lock
                command = [*plan.process_arguments, "--results-dir", str(plan.results_dir)]
                runs[plan] = WatchedRun(command, plan.directory, log_of(plan), each)
                display.started(plan)
            time.sleep(POLL)
            for plan, run in list(runs.items()):
                if done := run.new_epoch():
                    display.epoch_done(plan, *done)
                if (status := run.process.status()) is None:
                    continue
                del runs[plan]
                locks.pop(plan).release()
                if status == ELSEWHERE:
                    display.elsewhere(plan)
                else:
                    display.ended(plan, run.seconds, run.process.failure())
    finally:
        end([run.process for run in runs.values()])
        for lock in locks.values():
            lock.release()


def end(processes: list[Child]) -> None:
    """Interrupts processes as Ctrl-C does, and kills those that do not end within `GRACE`.

    An interrupted run leaves no record: its directory keeps the name of an unfinished run.
    """
    try:
        for one in processes:
            one.send(signal.SIGINT)
        deadline = time.monotonic() + GRACE
        while any(one.status() is None for one in processes) and time.monotonic() < deadline:
            time.sleep(POLL)
    finally:  # even if a second Ctrl-C ends the waiting
        for one in processes:
            one.send(signal.SIGKILL)
        for one in processes:
            one.wait()
