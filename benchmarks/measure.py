"""The whole benchmark: every experiment in turn, then the suites."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.equality import COMPARED, largest_differences
from benchmarks.quantities import quantities, suite_quantities
from benchmarks.rate import Rates, one_thread_rates
from benchmarks.record import MACHINE, Benchmark, Measurement, measured
from benchmarks.suites import our_suite, plain_suite
from benchmarks.turns import PLAIN, SHARED, Effort, take_turns
from data import files
from harness.training.environment import describe_environment, threads

MOST_SHARED = 8  # a process takes about a gigabyte, and there are twice as many
BUSY = 0.3  # processes a core that were running before; what was just built leaves some
LONGEST = 18 * 60  # seconds; a suite that would end later is not begun again

Say = Callable[[str], None]


def measure(cases: list[Case], effort: Effort, sample: bool) -> Benchmark:
    """Carries a benchmark out, and says on the way how far it is.

    Args:
        cases: the experiments.
        effort: how long.
        sample: use the built-in sample data, in the published shapes.

    Raises:
        RunError: a process failed.
        DataError: the data cannot be had.
    """
    if not sample:  # now, rather than in several processes at the same time
        for name in (files.IMDB, files.JENA):
            files.locate(name)
    machine = describe_environment("make bench", uses_keras=False)
    machine["memory"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    machine["load"] = round(os.getloadavg()[0], 2)
    shared = min(threads(), MOST_SHARED)
    began = time.monotonic()

    def say(line: str) -> None:
        minutes, seconds = divmod(round(time.monotonic() - began), 60)
        print(f"{minutes:2}:{seconds:02}  {line}", flush=True)

    if machine["load"] > BUSY * threads():
        say(f"the machine is busy (load {machine['load']:g}): the numbers will not be worth much")
    rates, timings = [one_thread_rates()], {}
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        for case in cases:
            name = case.name
            timings[case] = take_turns(
                case, effort, shared, sample, folder, lambda line, name=name: say(f"{name}: {line}")
            )
            rates.append(one_thread_rates())
        products, memory = (
            [getattr(one, kind) for one in rates] for kind in ("products", "memory")
        )
        rows = [
            measured(MACHINE, "matrix products, one thread", products, "GFLOP/s"),
            measured(MACHINE, "memory, one thread", memory, "GB/s"),
        ]
        for case, timing in timings.items():
            # the best rates: what slowed the others down is no property of the machine
            rows += quantities(case, timing, shared, Rates(max(products), max(memory)))
        if effort.suites:
            rows += _equality([case for case in cases if case.name in COMPARED], say)
            deadline = began + LONGEST
            rows += _suites(rows, cases, effort.suites, deadline, sample, folder, say)
    protocol = {
        "rounds": effort.rounds,
        "block_seconds": effort.block_seconds,
        "suites": effort.suites,
        "shared": shared,
        "sample": sample,
        "seconds": round(time.monotonic() - began),
    }
    return Benchmark(machine, protocol, tuple(rows))


def _equality(cases: list[Case], say: Say) -> list[Measurement]:
    rows = []
    for case in cases:
        say(
            f"{case.name}: ten steps of the faster layers and of Keras's own, from the same weights"
        )
        for quantity, value in largest_differences(case.name).items():
            rows.append(measured(case.name, f"difference, {quantity}", value, ""))
    return rows


def _suites(
    rows: list[Measurement],
    cases: list[Case],
    times: int,
    deadline: float,
    sample: bool,
    folder: Path,
    say: Say,
) -> list[Measurement]:
    """Runs all experiments by either runner, in turn.

    Args:
        rows: what was measured of each experiment: how long its epochs take.
        cases: the experiments.
        times: how often, at least once.
        deadline: no further time is begun that would end later.
        sample, folder, say: as in `take_turns`.
    """
    epoch = {(row.experiment, row.quantity): row.value for row in rows}
    further = {case.name: case.experiment.protocol.epochs - 1 for case in cases}
    remaining = {
        way: {name: epoch[name, f"epoch, {way}"] * epochs for name, epochs in further.items()}
        for way in (PLAIN, SHARED)
    }
    longest_first = sorted(cases, key=lambda case: -epoch[case.name, f"epoch, {SHARED}"])
    workers = threads()
    plain, ours = [], []
    for number in range(1, times + 1):
        if plain and time.monotonic() + plain[-1] + ours[-1] > deadline:
            say("no time for the suites again")
            break
        say(f"suite {number}: the scripts one after another, one epoch each")
        plain.append(plain_suite(cases, sample, folder / f"plain-suite-{number}"))
        say(f"suite {number}: {plain[-1]:.0f} s; now this project's suite, {workers} at a time")
        place = folder / f"our-suite-{number}"
        ours.append(our_suite(longest_first, workers, sample, place))
        say(f"suite {number}: {ours[-1]:.0f} s")
    return suite_quantities(plain, ours, remaining, workers)
