"""The whole benchmark: each experiment interleaved, then ten equal steps, then the suites."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.benchmark_file import MACHINE, Benchmark, measured
from benchmarks.cases import Case
from benchmarks.equality import COMPARED, largest_differences
from benchmarks.interleaved import (
    OURS,
    PLAIN,
    SHARED,
    Effort,
    say,
    shared_processes,
    time_interleaved,
)
from benchmarks.metrics import experiment_metrics, length_metrics, suite_metrics
from benchmarks.original import original_metrics
from benchmarks.roofline import Rates, one_thread_rates
from benchmarks.suites import time_suites
from data import files
from harness.errors import RunError
from harness.records.lock import Lock
from harness.training.machine import describe_environment, memory, threads

WORKING = Path("demo/bench.unfinished")  # receives logs and records, which nobody needs afterwards
LENGTHS = (100, 250, 500, 1000, 2000)  # words of a review, for the LSTM
SHORT = Effort(rounds=3, block_seconds=0.8, suites=0, ways=(PLAIN, OURS), ended=())

BUSY = 0.3  # load a core before the benchmark; a build that has just ended leaves some
LONGEST = 25 * 60  # seconds; after the first suites, none start that would end later


def run_benchmark(cases: list[Case], effort: Effort, sample: bool) -> Benchmark:
    """Carries out a benchmark and prints its progress.

    Args:
        cases: the experiments.
        effort: how long.
        sample: use the built-in sample data, in the published shapes.

    Raises:
        RunError: a process failed, or another benchmark is in progress.
        DataError: the data are not there and cannot be downloaded.
    """
    if not sample:  # download now, not in several processes at the same time
        for name in (files.IMDB, files.JENA):
            files.locate(name)
    machine = describe_environment("make bench", uses_keras=False)
    machine["memory"] = memory()
    machine["load"] = round(os.getloadavg()[0], 2)
    if machine["load"] > BUSY * threads():
        say(f"the machine is busy (load {machine['load']:g}): the numbers will not be worth much")
    began = time.monotonic()
    rates, timings = [one_thread_rates()], {}
    with working_folder(WORKING) as folder:
        for case in cases:
            timings[case] = time_interleaved(case, effort, sample, folder)
            rates.append(one_thread_rates())
        products, additions = zip(*rates, strict=True)
        rows = [
            measured(MACHINE, "matrix products, one thread", products, "GFLOP/s"),
            measured(MACHINE, "memory, one thread", additions, "GB/s"),
        ]
        # the best rates: what slowed the others down is no property of the machine
        best = Rates(max(products), max(additions))
        for case, timing in timings.items():
            rows += experiment_metrics(case, timing, best)
        if effort.suites:
            for case in (Case("imdb-lstm", words) for words in LENGTHS):
                rows += length_metrics(case, time_interleaved(case, SHORT, sample, folder))
            epoch = {(row.experiment, row.quantity): row.value for row in rows}
            for name in (case.name for case in cases if case.name in COMPARED):
                say(f"{name}: ten steps of the faster and of Keras's layers, from equal weights")
                for quantity, value in largest_differences(name, sample, folder).items():
                    rows.append(measured(name, f"difference, {quantity}", value, ""))
            for case in cases:
                rows += original_metrics(case, sample)
            longest_first = sorted(cases, key=lambda case: -epoch[case.name, f"epoch, {SHARED}"])
            deadline = began + LONGEST
            seconds = time_suites(longest_first, effort.suites, deadline, sample, folder)
            remaining = {
                way: [
                    epoch[case.name, f"epoch, {way}"] * (case.experiment.protocol.epochs - 1)
                    for case in cases
                ]
                for way in (PLAIN, SHARED)
            }
            rows += suite_metrics(seconds, remaining, threads())
    protocol = {
        "rounds": effort.rounds,
        "block_seconds": effort.block_seconds,
        "suites": effort.suites,
        "shared": shared_processes(),
        "sample": sample,
        "seconds": round(time.monotonic() - began),
    }
    return Benchmark(schema=1, machine=machine, protocol=protocol, measurements=rows)


@contextlib.contextmanager
def working_folder(place: Path) -> Iterator[Path]:
    """An empty folder, removed at the end; what a killed benchmark left there goes first.

    Raises:
        RunError: another benchmark is in progress, or the folder cannot be written.
    """
    folder, lock = place.absolute(), Lock(place)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire():
            raise RunError("another benchmark is in progress here; two would slow each other down.")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    except OSError as error:
        raise RunError(f"cannot write {place}: {error.strerror or error}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
