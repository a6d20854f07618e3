"""Runs in processes of their own on this machine."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.cli import ELSEWHERE
from harness.errors import RunError
from harness.experiment import Plan
from harness.records.atomic_files import read_json
from harness.records.record import UNFINISHED
from harness.suite.plan import log_of, reserve
from harness.training.machine import threads

POLL = 0.2  # seconds between two checks of the runs in progress
THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # variables
GRACE = 10  # seconds that an interrupted run has to end


@dataclass(frozen=True)
class Started:
    """A run has begun, or begun again on another machine; `where` is empty for this machine."""

    run: Plan
    where: str = ""


@dataclass(frozen=True)
class EpochDone:
    """A run has completed an epoch."""

    run: Plan
    epoch: int
    loss: float | None


@dataclass(frozen=True)
class Ended:
    """A run has ended; `failure` says why there is no record, and is None if there is one."""

    run: Plan
    seconds: float
    failure: str | None


@dataclass(frozen=True)
class Elsewhere:
    """Another process does the run, or did it while this suite did others."""

    run: Plan


@dataclass(frozen=True)
class Message:
    """A sentence for the user that is not about a run."""

    text: str


Event = Started | EpochDone | Ended | Elsewhere | Message


def share(workers: int, runs: int) -> int:
    """Threads for each of the runs that are in progress at the same time."""
    return max(1, threads() // max(1, min(workers, runs)))


def run_locally(runs: Iterable[Plan], *, workers: int, places: list[str]) -> Iterator[Event]:
    """Carries runs out, several at a time; closing the generator ends those in progress.

    Args:
        runs: in the order in which they are to start.
        workers: how many run at the same time.
        places: the options of every run that say where data and results are.
    """
    waiting, children = deque(runs), []
    each = share(workers, len(waiting))
    try:
        while waiting or children:
            while waiting and len(children) < workers:
                run = waiting.popleft()
                if (lock := reserve(run)) is None:
                    yield Elsewhere(run)
                    continue
                command = [*run.process_arguments, *places]
                children.append((run, Child(command, run.directory, log_of(run), each), lock))
                yield Started(run)
            time.sleep(POLL)
            for run, child, lock in list(children):
                if done := child.new_epoch():
                    yield EpochDone(run, *done)
                if (code := child.code()) is not None:
                    children.remove((run, child, lock))
                    lock.release()
                    ended = Ended(run, child.seconds, child.failure())
                    yield Elsewhere(run) if code == ELSEWHERE else ended
    finally:
        end([child for _, child, _ in children])
        for _, _, lock in children:
            lock.release()


class Child:
    """A run in a process of its own, which ends with this one.

    Args:
        command: a module and its arguments.
        directory: where the run's finished record will stand.
        log: file that receives its output; an earlier one is replaced.
        threads: threads that its computations may use.
        code: folder of the code that it runs; by default the current one.

    Raises:
        RunError: the log cannot be written.
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
        self._began = time.time()
        self._memory_kills = memory_kills()
        self._epochs = 0
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as file:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "harness.suite.child_process", *command],
                    cwd=code,
                    env=os.environ
                    | dict.fromkeys(THREADS, str(threads))
                    | {"PYTHONUNBUFFERED": "1"},
                    stdin=subprocess.PIPE,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C in the terminal reaches this process alone, which passes it on
                    start_new_session=True,
                )
        except OSError as error:
            raise RunError(f"cannot write {log}: {error.strerror or error}.") from error

    @property
    def seconds(self) -> float:
        return time.time() - self._began

    def code(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        code = self._process.poll()
        if code is not None:
            self._process.stdin.close()
        return code

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

    def failure(self) -> str | None:
        """What the exit status of an ended run says; None if it succeeded."""
        code = self._process.returncode
        if code >= 0:
            return f"exit code {code}" if code else None
        if code == -signal.SIGKILL and memory_kills() > self._memory_kills:
            return "killed for memory: the system had no more; let fewer runs go at a time"
        try:
            return f"ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"ended by signal {-code}"

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process and to its children."""
        if self.code() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def end(children: list[Child]) -> None:
    """Interrupts processes as Ctrl-C does, and kills those that do not end within `GRACE`.

    An interrupted run leaves no record: its directory keeps the name of an unfinished run.
    """
    try:
        for child in children:
            child.send(signal.SIGINT)
        deadline = time.monotonic() + GRACE
        while any(child.code() is None for child in children) and time.monotonic() < deadline:
            time.sleep(POLL)
    finally:  # even if a second Ctrl-C ends the waiting
        for child in children:
            child.send(signal.SIGKILL)
        while any(child.code() is None for child in children):
            time.sleep(POLL)


def memory_kills() -> int:
    """How many processes Linux has killed for want of memory; 0 on other systems."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
