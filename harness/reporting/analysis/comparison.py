"""Two results beside each other: what differs between their runs, and by how much their numbers do.

The seeds of two networks are not paired, since networks of different shapes draw different weights.
"""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.record import Record, plain
from harness.reporting.analysis.reference import same_data
from harness.reporting.analysis.results import ModelResults, SeedGroup, Study
from harness.reporting.analysis.statistics import (
    Range,
    SeedStatistics,
    probability_of_superiority,
)
from harness.reporting.analysis.verdicts import NotCheckable, measure

NUMBERS = {
    "best validation": "best_validation",
    "last validation": "last_validation",
    "test at best": "test_at_best",
    "test at end": "test_at_end",
}
"""Each number that is compared, and its field in `metrics.json`."""

KINDS = ("settings", "data", "versions", "code", "layers", "environment")


@dataclass(frozen=True)
class Difference:
    """One thing that differs between two results.

    Attributes:
        kind: one of `KINDS`.
        name: such as `optimizer`.
        first, second: its value; several values with commas where a result's runs differ.
    """

    kind: str
    name: str
    first: str
    second: str


@dataclass(frozen=True)
class NumberComparison:
    """One number of two results.

    Attributes:
        name: one of `NUMBERS`.
        first, second: one value a run.
        difference: mean of the first less that of the second; None if they cannot be compared.
        interval: its 95 % interval over seeds (Welch); None for too few seeds and for equal values.
        samples_interval: its 95 % interval over test samples; None without stored predictions.
        superiority: chance that a run of the first is better than one of the second, over all
            pairs of runs, a tie counting half; None if they cannot be compared.
        note: why there is no difference, or no interval over seeds; empty if there are both.
    """

    name: str
    first: SeedStatistics
    second: SeedStatistics
    difference: float | None = None
    interval: Range | None = None
    samples_interval: Range | None = None
    superiority: float | None = None
    note: str = ""


@dataclass(frozen=True)
class CurvePair:
    """The mean curves of two results.

    Attributes:
        column: Keras's name, such as `val_loss`.
        first, second: the mean over the runs that got so far, one value an epoch.
    """

    column: str
    first: tuple[float, ...]
    second: tuple[float, ...]


@dataclass(frozen=True)
class PairComparison:
    """Two results beside each other.

    Attributes:
        first, second: the runs.
        obstacle: one sentence that says why no number can be compared; empty if some can.
        differences: what differs, in the order of the kinds.
        numbers: each of `NUMBERS`; empty with an obstacle.
        curves: the metric and the loss, training and validation, where both have them; empty with
            an obstacle.
        lower_is_better: whether the metric is an error.
    """

    first: SeedGroup
    second: SeedGroup
    obstacle: str
    differences: tuple[Difference, ...]
    numbers: tuple[NumberComparison, ...] = ()
    curves: tuple[CurvePair, ...] = ()
    lower_is_better: bool = False


def compare_pair(first: SeedGroup, second: SeedGroup, over_samples: bool = True) -> PairComparison:
    """Compares two results, each the runs of one experiment over several seeds.

    Args:
        first, second: the runs.
        over_samples: whether to find the intervals over test samples, which take most of the time.
    """
    differences = _differences(first.records, second.records)
    if obstacle := _obstacle(first, second):
        return PairComparison(first, second, obstacle, differences)
    numbers = tuple(_compare_number(first, second, name, over_samples) for name in NUMBERS)
    columns = dict.fromkeys((f"val_{first.metric}", first.metric, "val_loss", "loss"))
    curves = (CurvePair(c, *(_mean_curve(g.records, c) for g in (first, second))) for c in columns)
    curves = tuple(pair for pair in curves if pair.first and pair.second)
    return PairComparison(first, second, "", differences, numbers, curves, first.metric == "mae")


def _obstacle(first: SeedGroup, second: SeedGroup) -> str:
    """Why no number of the two can be compared."""
    groups = (first, second)
    for group in groups:
        if isinstance(group, Study):
            return f"{group.first.label} is a study, which has no validation and no test value."
    if first.sample != second.sample:
        return "one ran on sample data and the other on real data."
    a, b = (f"{group.metric} on {group.dataset}" for group in groups)
    if a != b:
        return f"{first.first.label} measures {a}, and {second.first.label} measures {b}."
    if not same_data(first.first, second.first):
        copies = (", ".join(file["sha256"][:8] for file in g.first.data["files"]) for g in groups)
        return f"they ran on different copies of the data (SHA-256 {' and '.join(copies)})."
    return ""


def _compare_number(
    first: ModelResults, second: ModelResults, name: str, over_samples: bool
) -> NumberComparison:
    field = NUMBERS[name]
    sides = first.spread(field), second.spread(field)
    split = "validation" if "validation" in field else "test"
    trivial = [group.reference[split] for group in (first, second)]
    # the same predictor on the same samples gives the same number, but for rounding
    if not math.isclose(*trivial, rel_tol=1e-6):
        scores = " and ".join(f"{score:.4f}" for score in trivial)
        note = f"other {split} samples, on which {first.reference['label']} has {scores}"
        return NumberComparison(name, *sides, note=note)
    try:
        measured = measure([first, second], field, over_samples)
    except NotCheckable as reason:
        return NumberComparison(name, *sides, note=str(reason))
    why = measured.missing_seeds or ("" if measured.interval else "no two runs of either differ")
    better, worse = reversed(sides) if measured.lower_is_better else sides
    return NumberComparison(
        name,
        *sides,
        difference=measured.estimate.value,
        interval=measured.interval,
        samples_interval=measured.samples_interval,
        superiority=probability_of_superiority(better.values, worse.values),
        note=why and f"no interval over seeds: {why}",
    )


def _mean_curve(records: Sequence[Record], column: str) -> tuple[float, ...]:
    """The mean over the runs, one value an epoch; a shorter run counts as far as it goes."""
    epochs = itertools.zip_longest(*(record.history.get(column, ()) for record in records))
    return tuple(statistics.fmean(v for v in values if v is not None) for values in epochs)


def _differences(first: Sequence[Record], second: Sequence[Record]) -> tuple[Difference, ...]:
    sides = [[_conditions(record) for record in records] for records in (first, second)]
    found = []
    for kind in KINDS:
        for name in dict.fromkeys(name for side in sides for run in side for name in run[kind]):
            values = [sorted({value_text(run[kind].get(name)) for run in side}) for side in sides]
            if values[0] != values[1]:
                found.append(Difference(kind, name, *map(", ".join, values)))
    return tuple(found)


def value_text(value: object) -> str:
    """A condition of a run as tables write it."""
    if isinstance(value, str):
        return value  # a version may end in .0
    return "not recorded" if value is None else plain(value)


def _conditions(record: Record) -> dict[str, dict]:
    """Everything in a record that may change its numbers, by kind."""
    config, data, environment = record.config, record.data, record.environment
    machine = ("backend", "device", "floatx", "platform", "cpu", "cores", "threads")
    return {
        "settings": {"experiment": record.experiment, "network": config["title"]}
        | {"parameters": record.metrics.get("parameters"), **config["protocol"]}
        | {"deterministic": config["deterministic"]},
        "data": {"data set": config["dataset"], "sample data": record.sample}
        | {f"SHA-256 of {file.get('name', 'unnamed')}": file["sha256"] for file in data["files"]}
        | data["facts"],
        "versions": {"python": environment["python"], **environment["packages"]},
        "code": {"commit": environment["commit"], "changed since": environment["dirty"]},
        "layers": {"layers": environment.get("layers")},
        "environment": {name: environment.get(name) for name in machine}
        | environment.get("flags", {}),
    }
