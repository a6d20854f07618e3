"""From seconds to the quantities of the tables: ratios, shares, multiples of the floor."""

from collections.abc import Iterable

from benchmarks.cases import Case
from benchmarks.floor import operations, update_bytes
from benchmarks.rate import Rates
from benchmarks.record import SUITE, Measurement, measured
from benchmarks.turns import OURS, PLAIN, PLAIN_SHARED, SHARED, Timing
from harness.suite.plan import time_left

MIB = 2**20


def quantities(case: Case, timing: Timing, shared: int, rates: Rates) -> list[Measurement]:
    """All that is said of one experiment.

    Args:
        case: the experiment.
        timing: its seconds.
        shared: processes that share the machine.
        rates: of one thread.
    """

    def one(quantity: str, values: Iterable[float] | float, unit: str) -> Measurement:
        return measured(case.name, quantity, values, unit)

    step = {
        way: one(f"step, {way}", _times(1000, timing.rounds[way]), "ms") for way in timing.rounds
    }
    rows = list(step.values())
    for way, runs in ((OURS, 1), (SHARED, shared), (PLAIN_SHARED, shared)):
        if way not in timing.rounds:
            continue
        pairs = zip(timing.rounds[PLAIN], timing.rounds[way], strict=True)
        # side by side in one round, so that what slows the machine down slows both
        rows.append(one(f"throughput, {way}", [runs * p / w for p, w in pairs], "x plain"))
    for way in (way for way in (PLAIN, OURS) if way in timing.ends):
        end, milliseconds = timing.ends[way], step[way].value
        training = timing.steps * milliseconds / 1000
        first_seconds, first_steps = timing.first[way]
        epoch = training + end["validation"]
        callbacks = end["epoch_callbacks"] + timing.steps * end["step_callbacks"]
        rows += [
            one(f"input pipeline, {way}", 100 * 1000 * end["idle"] / milliseconds, "% of a step"),
            one(f"validation, {way}", end["validation"], "s"),
            one(f"validation share, {way}", 100 * end["validation"] / epoch, "% of an epoch"),
            one(f"callbacks, {way}", 100 * callbacks / epoch, "% of an epoch"),
            one(f"epoch, {way}", epoch, "s"),
            one(f"compile, {way}", first_seconds - first_steps * milliseconds / 1000, "s"),
            one(f"peak memory, {way}", end["memory"] / MIB, "MiB"),
        ]
    if SHARED in timing.ends:
        epoch = timing.steps * step[SHARED].value / 1000 + timing.ends[SHARED]["validation"]
        rows.append(one(f"epoch, {SHARED}", epoch, "s"))
    count = operations(case.products(timing.features)) / 1e9
    moved = update_bytes(timing.parameters, case.optimizer) / 1e9
    products, update = 1000 * count / rates.products, 1000 * moved / rates.memory  # ms
    rows += [
        one("operations", count, "GFLOP a step"),
        one("floor of the products", products, "ms"),
        one("floor of the update", update, "ms"),
    ]
    for way in (SHARED, PLAIN_SHARED):
        if way in timing.rounds:
            values = _times(1000 / (products + update), timing.rounds[way])
            rows.append(one(f"multiple of the floors, {way}", values, "x floors"))
    return rows


def suite_quantities(
    plain: list[float],
    ours: list[float],
    remaining: dict[str, dict[str, float]],
    workers: int,
) -> list[Measurement]:
    """All that is said of the six experiments together.

    Args:
        plain: seconds of the scripts one after another, one epoch each.
        ours: seconds of this project's suite, one epoch each.
        remaining: seconds of each experiment's epochs after the first, by way (`PLAIN`, `SHARED`).
        workers: runs that the suite does at the same time.
    """

    def one(quantity: str, values: Iterable[float] | float, unit: str) -> Measurement:
        return measured(SUITE, quantity, values, unit)

    runs = len(remaining[PLAIN])
    rows = []
    for way, seconds in ((PLAIN, plain), (OURS, ours)):
        rows.append(one(f"one epoch each, {way}", seconds, "s"))
        rows.append(one(f"runs an hour, {way}", [3600 * runs / s for s in seconds], "runs"))
    pairs = zip(plain, ours, strict=True)
    rows.append(one("throughput", [p / o for p, o in pairs], "x plain"))
    longest_first = sorted(remaining[SHARED].values(), reverse=True)
    whole = {
        PLAIN: rows[0].value + sum(remaining[PLAIN].values()),
        OURS: rows[2].value + time_left([0.0] * workers, longest_first),
    }
    rows += [one(f"all epochs, computed, {way}", whole[way], "s") for way in whole]
    rows.append(one("throughput of all epochs, computed", whole[PLAIN] / whole[OURS], "x plain"))
    return rows


def _times(factor: float, values: list[float]) -> list[float]:
    return [factor * value for value in values]
