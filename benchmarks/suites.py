"""All six experiments, one epoch each: the documents' scripts one after another, or our suite."""

import shlex
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.workers import environment, last_line
from harness.errors import RunError


def plain_suite(cases: list[Case], sample: bool, folder: Path) -> float:
    """Seconds that the scripts take, each in a process of its own with all cores."""
    flags = ["--epochs", "1", *(["--sample"] if sample else [])]
    began = time.perf_counter()
    for case in cases:
        _run([*case.plain, *flags], folder / f"{case.name}-plain.log")
    return time.perf_counter() - began


def our_suite(cases: list[Case], workers: int, sample: bool, folder: Path) -> float:
    """Seconds that this project's suite takes, from its start to its end.

    Args:
        cases: the experiments, the longest first: a suite that has no records cannot know.
        workers: runs at the same time.
        sample: use the built-in sample data, in the published shapes.
        folder: receives the records, which must not be there yet.
    """
    runs = [
        shlex.join([case.name, *(case.sample_arguments() if sample else []), "--epochs", "1"])
        for case in cases
    ]
    places = ["--results-dir", str(folder / "results"), "--plots-dir", str(folder / "plots")]
    flags = [*places, "--workers", str(workers), *(["--sample"] if sample else [])]
    began = time.perf_counter()
    _run(["harness.suite", "--experiments", *runs, *flags], folder / "suite.log")
    return time.perf_counter() - began


def _run(command: list[str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env=environment(None),
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        code = done.returncode
        raise RunError(f"{command[0]} ended with exit code {code}: {last_line(log)}")
