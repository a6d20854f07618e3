"""All six experiments, one epoch each: the documents' scripts one by one, or our suite."""

import shlex
import time
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.training_process import run_to_end


def plain_suite(cases: list[Case], sample: bool, folder: Path) -> float:
    """Seconds of the scripts, each in a process of its own on all cores."""
    began = time.perf_counter()
    for case in cases:
        command = [*case.plain_command(sample), "--epochs", "1"]
        run_to_end(command, folder / f"{case.name}-plain.log")
    return time.perf_counter() - began


def our_suite(cases: list[Case], workers: int, sample: bool, folder: Path) -> float:
    """Seconds of this project's suite from its start to its end.

    Args:
        cases: the experiments, the longest first: without records, the suite cannot know.
        workers: runs at the same time.
        sample: use the built-in sample data, in the published shapes.
        folder: receives the records; it must hold none yet.
    """
    runs = [
        shlex.join([case.name, *case.data_arguments(sample), "--epochs", "1"]) for case in cases
    ]
    places = ["--results-dir", str(folder / "results"), "--plots-dir", str(folder / "plots")]
    flags = [*places, "--workers", str(workers), *(["--sample"] if sample else [])]
    began = time.perf_counter()
    run_to_end(["harness.suite", "--experiments", *runs, *flags], folder / "suite.log")
    return time.perf_counter() - began
