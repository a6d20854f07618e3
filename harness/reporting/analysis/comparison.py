"""Two results beside each other: what differs between their runs, and by how much their numbers do.

The seeds of two networks are not paired, since networks of different shapes draw different weights.
"""

import itertools
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from harness.records.record import Record, plain
from harness.reporting.analysis.reference import same_data
from harness.reporting.analysis.results import ModelResults, SeedGroup, Study
from harness.reporting.analysis.statistics import (
    Range,
    SeedStatistics,
    probability_of_superiority,
)
from harness.reporting.analysis.verdicts import NotCheckable, measure, refuse_different_protocols

NUMBERS = {
    "best validation": "best_validation",
    "last validation": "last_validation",
    "test at best": "test_at_best",
    "test at end": "test_at_end",
}
"""Each number that is compared, and its field in `metrics.json`."""

KINDS = ("settings", "data", "versions", "code", "layers", "environment")
NOT_RECORDED = "not recorded"


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
        note: why there is no difference, or no interval; empty if there are both.
    """

    name: str
    first: SeedStatistics
    second: SeedStatistics
    difference: float | None
    interval: Range | None
    samples_interval: Range | None
    superiority: float | None
    note: str


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
    obstacle = _obstacle(first, second)
    differences = _differences(first.records, second.records)
    if obstacle:
        return PairComparison(first, second, obstacle, differences)
    numbers = tuple(_compare_number(first, second, name, over_samples) for name in NUMBERS)
    lower_is_better = first.metric == "mae"
    curves = _curves(first, second)
    return PairComparison(first, second, "", differences, numbers, curves, lower_is_better)


def _obstacle(first: SeedGroup, second: SeedGroup) -> str:
    """Why no number of the two can be compared."""
    groups = (first, second)
    a, b = (group.first.label for group in groups)
    for group in groups:
        if isinstance(group, Study):
            return f"{group.first.label} is a study, which has no validation and no test value."
    if first.sample != second.sample:
        sample, real = (a, b) if first.sample else (b, a)
        return f"{sample} ran on sample data and {real} on real data."
    measured = [f"{group.metric} on {group.dataset}" for group in groups]
    if measured[0] != measured[1]:
        return f"{a} measures {measured[0]}, and {b} measures {measured[1]}."
    for group in groups:
        try:
            refuse_different_protocols(group)
        except NotCheckable as reason:
            return f"{reason}."
    if not same_data(first.first, second.first):
        copies = (", ".join(file["sha256"][:8] for file in g.first.data["files"]) for g in groups)
        return f"{a} and {b} ran on different copies of the data (SHA-256 {' and '.join(copies)})."
    return ""


def _compare_number(
    first: ModelResults, second: ModelResults, name: str, over_samples: bool
) -> NumberComparison:
    field = NUMBERS[name]
    sides = first.spread(field), second.spread(field)
    split = "validation" if "validation" in field else "test"
    trivial = [group.reference[split] for group in (first, second)]
    if trivial[0] != trivial[1]:  # the same predictor on the same samples gives the same number
        scores = " and ".join(f"{score:.4f}" for score in trivial)
        note = f"different {split} samples: {first.reference['label']} has {scores} there"
        return NumberComparison(name, *sides, None, None, None, None, note)
    try:
        measured = measure([first, second], field, over_samples)
    except NotCheckable as reason:
        return NumberComparison(name, *sides, None, None, None, None, str(reason))
    note = measured.missing_seeds
    if note:
        note = f"no interval: {note}"
    elif measured.interval is None:
        note = "no interval: no two runs of either differ"
    better, worse = reversed(sides) if measured.lower_is_better else sides
    return NumberComparison(
        name,
        *sides,
        difference=measured.estimate.value,
        interval=measured.interval,
        samples_interval=measured.samples_interval,
        superiority=probability_of_superiority(better.values, worse.values),
        note=note,
    )


def _curves(first: ModelResults, second: ModelResults) -> tuple[CurvePair, ...]:
    columns = dict.fromkeys((f"val_{first.metric}", first.metric, "val_loss", "loss"))
    pairs = (
        CurvePair(c, _mean_curve(first.records, c), _mean_curve(second.records, c)) for c in columns
    )
    return tuple(pair for pair in pairs if pair.first and pair.second)


def _mean_curve(records: Iterable[Record], column: str) -> tuple[float, ...]:
    """The mean over the runs, one value an epoch; a shorter run counts as far as it goes."""
    epochs = itertools.zip_longest(*(record.history.get(column, ()) for record in records))
    return tuple(statistics.fmean(v for v in values if v is not None) for values in epochs)


def _differences(first: Iterable[Record], second: Iterable[Record]) -> tuple[Difference, ...]:
    sides = [_conditions(records) for records in (first, second)]
    found = []
    for place in dict.fromkeys([*sides[0], *sides[1]]):
        ours, theirs = (", ".join(side.get(place, [NOT_RECORDED])) for side in sides)
        if ours != theirs:
            found.append(Difference(*place, ours, theirs))
    return tuple(sorted(found, key=lambda one: KINDS.index(one.kind)))


def _conditions(records: Iterable[Record]) -> dict[tuple[str, str], list[str]]:
    """By kind and name, each value that a condition had in some run, once and in a stable order."""
    values: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for place, value in _conditions_of(record).items():
            text = NOT_RECORDED if value is None else plain(value)
            values.setdefault(place, []).append(text)
    return {place: sorted(set(texts)) for place, texts in values.items()}


def _conditions_of(record: Record) -> dict[tuple[str, str], object]:
    """Everything in a record that may change its numbers, by kind and name."""
    config, data, environment = record.config, record.data, record.environment
    machine = ("backend", "device", "floatx", "platform", "cpu", "cores", "threads")
    conditions = {
        "settings": {
            "experiment": record.experiment,
            "network": config["title"],
            "parameters": record.metrics.get("parameters"),
            **config["protocol"],
            "deterministic": config["deterministic"],
        },
        "data": {
            "data set": record.config["dataset"],
            "sample data": record.sample,
            **{f"SHA-256 of {file.get('name')}": file["sha256"] for file in data["files"]},
            **data["facts"],
        },
        "versions": {"python": environment["python"], **environment["packages"]},
        "code": {"commit": environment["commit"], "changed since": environment["dirty"]},
        "layers": {"layers": environment.get("layers")},
        "environment": {
            **{name: environment.get(name) for name in machine},
            **environment.get("flags", {}),
        },
    }
    return {
        (kind, name): value for kind, group in conditions.items() for name, value in group.items()
    }
