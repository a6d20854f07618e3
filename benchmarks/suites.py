"""All six experiments, one epoch each: the documents' scripts one by one, or our suite."""

import shlex
import time
from pathlib import Path

import pandas as pd

from benchmarks.cases import Case
from benchmarks.interleaved import OURS, PLAIN, say
from benchmarks.training_process import run_to_end
from harness.training.machine import threads


def time_suites(
    cases: list[Case], times: int, deadline: float, sample: bool, folder: Path
) -> pd.DataFrame:
    """Runs all experiments, by the scripts and then by this project's suite.

    Args:
        cases: the experiments, the longest first: without records, our suite cannot know.
        times: how often, at most.
        deadline: by `time.monotonic`; after the first time, none starts that would end later.
        sample: use the built-in sample data, in the published shapes.
        folder: receives logs and records.

    Returns:
        Seconds, a row a time, columns `PLAIN` and `OURS`.

    Raises:
        RunError: a script or the suite failed.
    """
    rows: list[dict[str, float]] = []
    runs = [
        shlex.join([case.name, *case.data_arguments(sample), "--epochs", "1"]) for case in cases
    ]
    for number in range(1, times + 1):
        if rows and time.monotonic() + sum(rows[-1].values()) > deadline:
            say("no time for the suites again")
            break
        place = folder / f"suite-{number}"
        place.mkdir()
        say(f"suite {number}: the scripts one after another, one epoch each")
        began = time.perf_counter()
        for case in cases:
            run_to_end([*case.plain_command(sample), "--epochs", "1"], place / f"{case.name}.log")
        plain = time.perf_counter() - began
        say(f"suite {number}: {plain:.0f} s; now this project's suite, {threads()} at a time")
        flags = ["--results-dir", str(place / "results"), "--plots-dir", str(place / "plots")]
        flags += ["--workers", str(threads()), *(["--sample"] if sample else [])]
        began = time.perf_counter()
        run_to_end(["harness.suite", "--experiments", *runs, *flags], place / "suite.log")
        ours = time.perf_counter() - began
        say(f"suite {number}: {ours:.0f} s")
        rows.append({PLAIN: plain, OURS: ours})
    return pd.DataFrame(rows)
