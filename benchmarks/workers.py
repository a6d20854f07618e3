"""Training scripts in processes of their own, which train when they are told to."""

import json
import os
import subprocess
import sys
from pathlib import Path

from harness.errors import RunError
from harness.suite.local_workers import THREADS


def environment(threads: int | None) -> dict[str, str]:
    """Variables of a process that trains on the CPU.

    Args:
        threads: threads that its computations may use; None leaves them as TensorFlow chooses.
    """
    chosen = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    fixed = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONUNBUFFERED": "1"}
    return os.environ | chosen | fixed


class Worker:
    """A script in a process of its own; to be entered, as the process must end.

    Args:
        name: for the messages, and of its log.
        command: a module and its arguments.
        threads: as in `environment`.
        folder: receives its log.
    """

    def __init__(self, name: str, command: list[str], threads: int | None, folder: Path):
        self._name = name
        self._log = folder / f"{name}.log"
        reading, writing = os.pipe()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.paced", str(writing), *command],
                env=environment(threads),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[writing],
                text=True,
                bufsize=1,
            )
        os.close(writing)
        self._reports = os.fdopen(reading)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._reports.close()

    def order(self, steps: int) -> None:
        """Lets it train some steps, or come to an end (0)."""
        try:
            self._process.stdin.write(f"{steps}\n")
        except BrokenPipeError:
            raise RunError(self._ended()) from None

    def report(self) -> dict:
        """Waits for its next report.

        Raises:
            RunError: the process ended without one.
        """
        line = self._reports.readline()
        if not line:
            raise RunError(self._ended())
        return json.loads(line)

    def _ended(self) -> str:
        code = self._process.wait()
        return f"{self._name} ended with exit code {code}: {last_line(self._log)}"


def last_line(log: Path) -> str:
    """What a process said last."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing.")


def train(workers: list[Worker], steps: int) -> list[tuple[float, int]]:
    """Lets some workers train at the same time while all others stand still.

    Returns:
        Seconds of each of them, and the steps that it did: several calls may do more than ordered.
    """
    for worker in workers:
        worker.order(steps)
    reports = [worker.report() for worker in workers]
    return [(report["seconds"], report["steps"]) for report in reports]
