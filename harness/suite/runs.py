"""Runs in processes of their own on this machine, and what can happen to a run."""

import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.cli import ELSEWHERE
from harness.errors import RunError
from harness.experiment import Plan
from harness.processes import THREADS, Child, ForkedChild, can_fork
from harness.records.files import read_json
from harness.records.run import UNFINISHED, Lock
from harness.training.machine import threads

POLL = 0.2  # seconds between two checks of the runs in progress
GRACE = 10  # seconds that an interrupted run has to end


@dataclass(frozen=True)
class Started:
    """A run has begun, or begun again on another machine."""

    run: Plan
    where: str = ""  # the address of a worker


@dataclass(frozen=True)
class EpochDone:
    """A run has completed an epoch."""

    run: Plan
    epoch: int
    loss: float | None


@dataclass(frozen=True)
class Ended:
    """A run has ended."""

    run: Plan
    seconds: float
    failure: str | None  # why there is no record; None if there is one


@dataclass(frozen=True)
class Elsewhere:
    """Another process does the run, or did it while this suite did others."""

    run: Plan


@dataclass(frozen=True)
class Message:
    """A sentence for the user that is not about a run."""

    text: str


Event = Started | EpochDone | Ended | Elsewhere | Message


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


def log_of(run: Plan) -> Path:
    """The file that receives what a run of a suite prints."""
    return run.results_dir / "logs" / f"{run.label}-seed-{run.seed}.log"


def reserve(run: Plan) -> Lock | None:
    """The right to do a run and to write its log, a lock that ends with this process.

    Two suites may work on one results directory at the same time. None if another process does the
    run, or did it after this suite was planned.
    """
    log = log_of(run)
    lock = Lock(log)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire():
            return None
    except OSError as error:
        raise RunError(f"cannot write {log}: {error.strerror or error}.") from error
    if os.path.exists(run.directory) and not run.force:
        lock.release()
        return None
    return lock


def share(workers: int, runs: int) -> int:
    """Threads for each of the runs that are in progress at the same time."""
    return max(1, threads() // max(1, min(workers, runs)))


def run_locally(runs: Iterable[Plan], workers: int) -> Iterator[Event]:
    """Does runs in this order, some at a time; closing the generator ends those in progress."""
    waiting, current = deque(runs), []
    each = share(workers, len(waiting))
    try:
        while waiting or current:
            while waiting and len(current) < workers:
                run = waiting.popleft()
                if (lock := reserve(run)) is None:
                    yield Elsewhere(run)
                    continue
                places = ["--results-dir", str(run.results_dir), "--plots-dir", str(run.plots_dir)]
                command = [*run.process_arguments, *places]
                try:
                    watched = WatchedRun(command, run.directory, log_of(run), each)
                except BaseException:  # Ctrl-C, too: the first one waits until TensorFlow is loaded
                    lock.release()
                    raise
                current.append((run, watched, lock))
                yield Started(run)
            time.sleep(POLL)
            for run, watched, lock in list(current):
                if done := watched.new_epoch():
                    yield EpochDone(run, *done)
                if (code := watched.process.code()) is not None:
                    current.remove((run, watched, lock))
                    lock.release()
                    ended = Ended(run, watched.seconds, watched.process.failure())
                    yield Elsewhere(run) if code == ELSEWHERE else ended
    finally:
        end([watched.process for _, watched, _ in current])
        for _, _, lock in current:
            lock.release()


def end(processes: list[Child]) -> None:
    """Interrupts processes as Ctrl-C does, and kills those that do not end within `GRACE`.

    An interrupted run leaves no record: its directory keeps the name of an unfinished run.
    """
    try:
        for one in processes:
            one.send(signal.SIGINT)
        deadline = time.monotonic() + GRACE
        while any(one.code() is None for one in processes) and time.monotonic() < deadline:
            time.sleep(POLL)
    finally:  # even if a second Ctrl-C ends the waiting
        for one in processes:
            one.send(signal.SIGKILL)
        for one in processes:
            one.wait()
