"""Training scripts in processes of their own, which train when they are told to."""

import contextlib
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from harness.errors import RunError
from harness.suite.local_workers import THREADS


def environment(threads: int | None) -> dict[str, str]:
    """Environment variables of a process that trains on the CPU.

    Args:
        threads: threads for its computations; None leaves the number to TensorFlow.
    """
    chosen = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    fixed = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONUNBUFFERED": "1"}
    return os.environ | chosen | fixed


def run_to_end(command: list[str], log: Path) -> str:
    """Runs a module with its arguments on all cores, and returns the last line that it prints.

    Raises:
        RunError: it failed.
    """
    with _start(command, environment(None), log) as process:
        if process.wait():
            raise _failure(command[0], process, log)
    return _last_line(log)


class TrainingProcess(contextlib.AbstractContextManager):
    """A script that trains step by step, to be used in a `with` block.

    Its methods raise a RunError if the process has ended.

    Args:
        name: its name in messages and of its log.
        command: a module and its arguments.
        threads: as in `environment`.
        folder: receives its log.
        variables: of its environment, besides those of `environment`.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        threads: int | None,
        folder: Path,
        variables: dict[str, str],
    ):
        self._name, self._log = name, folder / f"{name}.log"
        self._connection, theirs = multiprocessing.Pipe()
        with theirs:
            stepwise = ["benchmarks.stepwise", str(theirs.fileno()), *command]
            variables = environment(threads) | variables
            self._process = _start(stepwise, variables, self._log, pass_fds=[theirs.fileno()])

    def __exit__(self, *exception: object) -> None:
        with self._process:
            self._process.kill()
        self._connection.close()

    def order(self, steps: int) -> None:
        """Tells it to train some steps, or to end the training (0)."""
        try:
            self._connection.send(steps)
        except OSError:
            raise _failure(self._name, self._process, self._log) from None

    def report(self):
        """Waits for its next report, see `benchmarks.stepwise`."""
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            raise _failure(self._name, self._process, self._log) from None


def _start(command: list[str], variables: dict, log: Path, **options) -> subprocess.Popen:
    """Starts a module that ends with this process, however that ends."""
    with log.open("wb") as file:
        options |= {"stdin": subprocess.PIPE, "stdout": file, "stderr": subprocess.STDOUT}
        command = [sys.executable, "-m", "harness.suite.child_process", *command]
        return subprocess.Popen(command, env=variables, **options)


def _failure(name: str, process: subprocess.Popen, log: Path) -> RunError:
    said = _last_line(log) or "it printed nothing."
    return RunError(f"{name} ended with exit code {process.wait()}: {said}")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
