"""From seconds to the metrics of the tables: ratios, shares, multiples of the roofline."""

import pandas as pd

from benchmarks.benchmark_file import SUITE, Measurement, measured
from benchmarks.cases import Case
from benchmarks.interleaved import OURS, PLAIN, PLAIN_SHARED, SHARED, SHARED_XLA, Timing
from benchmarks.roofline import BYTES_OF_AN_UPDATE, Rates
from harness.suite.plan import time_left


def experiment_metrics(case: Case, timing: Timing, rates: Rates) -> list[Measurement]:
    """All metrics of one experiment, with the rates of one thread."""
    rows = []

    def add(quantity: str, values: float | pd.Series, unit: str) -> None:
        rows.append(measured(case.name, quantity, values, unit))

    rounds = timing.rounds  # seconds a step: a row a round, a column a way
    step = rounds.median()
    steps = timing.facts["steps"]
    for way in rounds:
        add(f"step, {way}", 1000 * rounds[way], "ms")
    for way in rounds.columns.drop(PLAIN):
        # within a round, so that what slows the machine down slows both
        multiple = timing.processes[way] * rounds[PLAIN] / rounds[way]
        add(f"throughput, {way}", multiple, "x plain")
    if SHARED_XLA in rounds:
        add("gain of the native layers", rounds[SHARED_XLA] / rounds[SHARED], "x XLA")
    for way in (PLAIN, OURS):
        if way not in timing.ends:
            continue
        end = timing.ends[way]
        first_seconds, first_steps = timing.first[way]
        epoch = steps * step[way] + end["validation"]
        callbacks = end["epoch_callbacks"] + steps * end["step_callbacks"]
        add(f"input pipeline, {way}", 100 * end["idle"] / step[way], "% of a step")
        add(f"validation, {way}", end["validation"], "s")
        add(f"validation share, {way}", 100 * end["validation"] / epoch, "% of an epoch")
        add(f"callbacks, {way}", 100 * callbacks / epoch, "% of an epoch")
        add(f"epoch, {way}", epoch, "s")
        add(f"compile, {way}", first_seconds - first_steps * step[way], "s")
        add(f"peak memory, {way}", end["memory"] / 2**20, "MiB")
    if SHARED in timing.ends:
        add(f"epoch, {SHARED}", steps * step[SHARED] + timing.ends[SHARED]["validation"], "s")
    protocol = case.experiment.protocol
    rule = protocol.optimizer.partition("-")[0]  # of either version of Keras
    giga_operations = protocol.batch_size * timing.facts["operations"] / 1e9
    giga_bytes = BYTES_OF_AN_UPDATE[rule] * timing.facts["parameters"] / 1e9
    products, update = giga_operations / rates.products, giga_bytes / rates.memory  # s
    add("operations", giga_operations, "GFLOP a step")
    add("floor of the products", 1000 * products, "ms")
    add("floor of the update", 1000 * update, "ms")
    for way in rounds.columns.intersection([SHARED, PLAIN_SHARED]):
        add(f"multiple of the floors, {way}", rounds[way] / (products + update), "x floors")
    return rows


def length_metrics(case: Case, timing: Timing) -> list[Measurement]:
    """Milliseconds a step at one length of the reviews, by way."""
    quantity = f"step at {case.maxlen} words"
    return [
        measured(case.name, f"{quantity}, {way}", 1000 * seconds, "ms")
        for way, seconds in timing.rounds.items()
    ]


def suite_metrics(
    seconds: pd.DataFrame, remaining: dict[str, list[float]], workers: int
) -> list[Measurement]:
    """All metrics of the six experiments together.

    Args:
        seconds: of all six experiments, one epoch each: a row a time, columns `PLAIN`, `OURS`.
        remaining: seconds of each experiment's epochs after the first, by way (`PLAIN`, `SHARED`).
        workers: runs that our suite does at the same time.
    """
    rows = []

    def add(quantity: str, values: float | pd.Series, unit: str) -> None:
        rows.append(measured(SUITE, quantity, values, unit))

    for way in seconds:
        add(f"one epoch each, {way}", seconds[way], "s")
        add(f"runs an hour, {way}", 3600 * len(remaining[PLAIN]) / seconds[way], "runs")
    add("throughput", seconds[PLAIN] / seconds[OURS], "x plain")
    whole = seconds.median()
    whole[PLAIN] += sum(remaining[PLAIN])
    whole[OURS] += time_left([0.0] * workers, sorted(remaining[SHARED], reverse=True))
    for way in seconds:
        add(f"all epochs, computed, {way}", whole[way], "s")
    add("throughput of all epochs, computed", whole[PLAIN] / whole[OURS], "x plain")
    return rows
