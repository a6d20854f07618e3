"""Groups of runs beside each other: one number of each, their difference, and what differs.

The seeds of two networks are not paired, since networks of different shapes draw different weights.
"""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.errors import RunError
from harness.records.record import Record, plain
from harness.records.schema import MEASURES
from harness.reporting.groups import METRIC_RANGES, ModelResults, SeedGroup, Study
from harness.reporting.statistics import (
    LEVEL,
    SEEDS_NEEDED,
    UNBOUNDED,
    Estimate,
    PValues,
    Range,
    SeedStatistics,
    hedges_g,
    mean_estimate,
    probability_of_superiority,
    refuse_other_samples,
    samples_interval,
    welch_difference,
)

HOLDS, FAILS = "holds", "does not hold"
NOT_DECIDED, NOT_CHECKABLE = "not decided", "not checkable"

NUMBERS = {name.replace("_", " "): name for name in MEASURES.values()}
"""Each number that groups are compared by, and its field in `metrics.json`."""

NOT_RECORDED = "not recorded"
KINDS = ("settings", "data", "versions", "code", "layers", "environment")
# what a user may have set or installed that can change the numbers, beside the protocol
SOFTWARE = ("deterministic", "keras", "tensorflow", "layers", "backend", "device", "floatx")


class NotCheckable(Exception):
    """No runs can decide a claim; the text says why."""


@dataclass(frozen=True)
class Measurement:
    """One number of some runs, or its difference between two groups: first less second."""

    groups: tuple[SeedGroup, ...]
    statistics: tuple[SeedStatistics, ...]  # of each group, the number over its seeds
    lower_is_better: bool = False
    samples_interval: Range | None = None  # 95 %, over test samples; None without predictions

    @property
    def is_difference(self) -> bool:
        return len(self.statistics) > 1

    @property
    def values(self) -> tuple[float, ...]:
        """Each value of the number, once; a single one if all runs agree."""
        first, *second = (one.values for one in self.statistics)
        values = (a - b for a in first for b in second[0]) if second else first
        return tuple(dict.fromkeys(values))

    @cached_property
    def estimate(self) -> Estimate:
        """The mean, or Welch's difference."""
        values = [one.values for one in self.statistics]
        return welch_difference(*values) if self.is_difference else mean_estimate(*values)

    @property
    def missing_seeds(self) -> str:
        """`3 seeds of the 5 that the rule needs`; empty if there are enough."""
        missing = []
        for group, seeds in zip(self.groups, self.statistics, strict=True):
            # a baseline without epochs gives the same number for every seed
            random = any(r.metrics.get("best_epoch", 1) is not None for r in group.records)
            if random and seeds.too_few:
                count = f"{seeds.n} seed{'s' if seeds.n > 1 else ''}"
                of = f" ({group.first.label})" if self.is_difference else ""
                missing.append(f"{count} of the {SEEDS_NEEDED} that the rule needs{of}")
        return "; ".join(missing)

    @property
    def interval(self) -> Range | None:
        """95 % interval over seeds; None for too few seeds and for equal values."""
        low, high = self.statistics[0].within
        if self.is_difference:
            lowest, highest = self.statistics[1].within
            low, high = low - highest, high - lowest
        return None if self.missing_seeds else self.estimate.interval(within=(low, high))

    @property
    def effect(self) -> float | None:
        """Hedges' g of a difference; None for too few seeds."""
        if self.missing_seeds or not self.is_difference:
            return None
        return hedges_g(*(one.values for one in self.statistics))

    @property
    def superiority(self) -> float | None:
        """Chance that a run of the first is better than one of the second, a tie counting half."""
        if not self.is_difference:
            return None
        first, second = (one.values for one in self.statistics)
        better, worse = (second, first) if self.lower_is_better else (first, second)
        return probability_of_superiority(better, worse)


def measure(groups: Sequence[ModelResults], name: str, over_samples: bool = True) -> Measurement:
    """One number of a network, or its difference from that of another on the same data.

    Args:
        groups: the runs of the network and, for a difference, of the one that is subtracted.
        name: of the number in `metrics.json`.
        over_samples: whether to draw the test samples anew, which takes most of the time.

    Raises:
        NotCheckable: they were not tested on the same samples.
    """
    metric = groups[0].metric  # the same for both, since they use the same data
    is_metric = name in NUMBERS.values()
    within = METRIC_RANGES[metric] if is_metric else UNBOUNDED
    seeds = tuple(SeedStatistics(_values(one, name), within) for one in groups)
    interval = _over_samples(groups, name, over_samples) if is_metric else None
    return Measurement(tuple(groups), seeds, metric == "mae", interval)


def _values(group: SeedGroup, name: str) -> tuple[float, ...]:
    """One number of `metrics.json`, one value a seed."""
    values = tuple(record.metrics.get(name) for record in group.records)
    if not all(type(value) in (int, float) for value in values):
        raise RunError(f"a claim asks for '{name}', which is no number of {group.first.place}.")
    return values


def _over_samples(groups: Sequence[SeedGroup], name: str, draw: bool) -> Range | None:
    """The interval over test samples; None if a run stored no predictions, or without `draw`."""
    if any(record.predictions is None for group in groups for record in group.records):
        return None
    samples = [[record.predictions[name] for record in group.records] for group in groups]
    try:
        refuse_other_samples(*samples)
        return samples_interval(*samples) if draw else None
    except ValueError as error:
        labels = ", ".join(group.first.label for group in groups)
        raise NotCheckable(f"{error}: {labels}") from error


def decide(p: PValues, name: str = "p") -> tuple[str, str]:
    """The word for a test at 5 %, and its p-values as the reason."""
    if p.holds < LEVEL:
        return HOLDS, f"{name} {p_text(p.holds)}"
    if p.fails < LEVEL:
        return FAILS, f"{name} {p_text(p.fails)}"
    return NOT_DECIDED, f"{name} (holds) {p_text(p.holds)}, {name} (fails) {p_text(p.fails)}"


def p_text(p: float) -> str:
    """`0.012`, or `below 0.001`."""
    return "below 0.001" if p < 0.001 else f"{p:.3g}"


def with_note(text: str, note: str) -> str:
    """A verdict, and what to know of its runs: `holds; the runs differ in layers`."""
    return f"{text}; {note}" if note else text


def refuse_different_data(groups: Sequence[SeedGroup]) -> None:
    """A difference between networks on different data would also be one between the data."""
    for group in groups[1:]:
        if _hashes(group) != _hashes(groups[0]):
            copies = " and ".join(
                f"{one.first.place} on {', '.join(_hashes(one)) or 'no data file'}"
                for one in (groups[0], group)
            )
            raise NotCheckable(
                f"different copies of the data: {copies} (SHA-256); move the runs on one of the "
                "two to another --results-dir"
            )


def _hashes(group: SeedGroup) -> list[str]:
    """Start of each data file's hash, the same in all records of a group."""
    return [file["sha256"][:8] for file in group.first.data["files"]]


def same_data(first: Record, second: Record) -> bool:
    """Whether two runs read the same data; the same reviews may be packed into other archives."""
    contents = [record.data["facts"].get("content_sha256") for record in (first, second)]
    if None not in contents:
        return contents[0] == contents[1]
    hashes = [[file["sha256"] for file in record.data["files"]] for record in (first, second)]
    return hashes[0] == hashes[1]


@dataclass(frozen=True)
class Difference:
    """One condition in which the runs of two groups differ, with the values of each."""

    kind: str  # one of `KINDS`
    name: str  # such as `optimizer`
    first: tuple[str, ...]
    second: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether the first has a value that the second never had, though it was recorded."""
        known = {*self.second} - {NOT_RECORDED}
        return bool(known) and not {*self.first} - {NOT_RECORDED} <= known

    @property
    def text(self) -> str:
        """`epochs = 2 (reference: 10)`."""
        return f"{self.name} = {', '.join(self.first)} (reference: {', '.join(self.second)})"


@dataclass(frozen=True)
class NumberPair:
    """One of `NUMBERS` of two groups, and its difference."""

    name: str
    first: SeedStatistics
    second: SeedStatistics
    measured: Measurement | None = None  # None if they cannot be compared
    note: str = ""  # why there is no difference, or no interval over seeds


@dataclass(frozen=True)
class Comparison:
    """Two groups of runs beside each other."""

    first: SeedGroup
    second: SeedGroup | None  # None if the reference has no runs to compare with
    obstacle: str  # why no number can be compared; empty if some can
    differences: tuple[Difference, ...]  # in the order of the kinds

    @cached_property
    def numbers(self) -> list[NumberPair]:
        """Each of `NUMBERS`; with an obstacle none."""
        return [] if self.obstacle else [_number(self.first, self.second, one) for one in NUMBERS]

    @property
    def curves(self) -> dict[str, tuple[list[float], list[float]]]:
        """The metric and the loss, training and validation, where both groups have them.

        By Keras's name: of each group the mean over the runs that got so far, one value an epoch.
        """
        names = dict.fromkeys((f"val_{self.first.metric}", self.first.metric, "val_loss", "loss"))
        pairs = {
            name: tuple(_mean_curve(group.records, name) for group in (self.first, self.second))
            for name in names
        }
        return {name: pair for name, pair in pairs.items() if all(pair)}


def compare(first: SeedGroup, second: SeedGroup) -> Comparison:
    """Two results beside each other, each the runs of one experiment over several seeds."""
    return Comparison(first, second, _obstacle(first, second), differences(first, second))


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
        copies = " and ".join(", ".join(_hashes(group)) for group in groups)
        return f"they ran on different copies of the data (SHA-256 {copies})."
    return ""


def compare_with_reference(own: ModelResults, reference: Sequence[ModelResults]) -> Comparison:
    """A user's runs beside those of the reference that differ in their seed only.

    What differs are the settings and the software: from the reference's runs, or from its published
    protocol where it has no run with these settings.
    """
    if own.sample:
        return Comparison(own, None, "runs on sample data have no reference", ())
    same_experiment = [row for row in reference if row.first.experiment == own.first.experiment]
    same_settings = [row for row in same_experiment if row.variant == own.variant]
    comparable = [row for row in same_settings if same_data(row.first, own.first)]
    if comparable:
        obstacle = ""
    elif same_settings:
        names = ", ".join(file.get("name", "unnamed") for file in own.first.data["files"])
        obstacle = f"the reference was made from other data ({names} has another SHA-256)"
    elif same_experiment:
        obstacle = "the reference has no run with these settings"
    else:
        obstacle = "the reference has no run of this experiment"
    published = [row for row in same_experiment if not row.variant]
    found = ()
    if nearest := next(iter(comparable or same_settings or published), None):
        names = {*own.first.config["protocol"], *SOFTWARE}
        found = (
            one
            for one in differences(own, nearest)
            if one.name in own.variant or (one.is_new and one.name in names)
        )
    return Comparison(own, next(iter(comparable), None), obstacle, tuple(found))


def reference_study(own: Study, reference: Sequence[Study]) -> Study | None:
    """The reference's runs of a user's study, with the same settings and data, if it has any."""
    same = (one for one in reference if one.name == own.name and same_data(one.first, own.first))
    return None if own.sample else next(same, None)


def place(own: SeedStatistics, reference: SeedStatistics) -> str:
    """Whether a user's runs lie where a further run of the reference would.

    The reference has no interval where its numbers are all equal or few, as those of baselines
    without randomness. Then the numbers are the same or different to four digits.
    """
    if reference.further is None:
        there = {round(value, 4) for value in reference.values}
        return "same" if {round(value, 4) for value in own.values} <= there else "different"
    low, high = reference.further
    inside = sum(low <= value <= high for value in own.values)
    if 0 < inside < own.n:
        return f"{inside} of {own.n} inside"
    return "inside" if inside else "outside"


def _number(first: ModelResults, second: ModelResults, name: str) -> NumberPair:
    field = NUMBERS[name]
    sides = first.spread(field), second.spread(field)
    split = "validation" if "validation" in field else "test"
    trivial = [group.reference[split] for group in (first, second)]
    # the same predictor on the same samples gives the same number, but for rounding
    if not math.isclose(*trivial, rel_tol=1e-6):
        scores = " and ".join(f"{score:.4f}" for score in trivial)
        note = f"other {split} samples, on which {first.reference['label']} has {scores}"
        return NumberPair(name, *sides, note=note)
    try:
        measured = measure([first, second], field)
    except NotCheckable as reason:
        return NumberPair(name, *sides, note=str(reason))
    why = measured.missing_seeds or ("" if measured.interval else "no two runs of either differ")
    return NumberPair(name, *sides, measured, why and f"no interval over seeds: {why}")


def _mean_curve(records: Sequence[Record], column: str) -> list[float]:
    """The mean over the runs, one value an epoch; a shorter run counts as far as it goes."""
    epochs = itertools.zip_longest(*(record.history.get(column, ()) for record in records))
    return [statistics.fmean(v for v in values if v is not None) for values in epochs]


def differences(first: SeedGroup, second: SeedGroup) -> tuple[Difference, ...]:
    """Everything that differs and may change a number, in the order of the kinds."""
    sides = [[conditions(record) for record in group.records] for group in (first, second)]
    found = []
    for kind in KINDS:
        for name in dict.fromkeys(name for side in sides for run in side for name in run[kind]):
            values = [sorted({value_text(run[kind].get(name)) for run in side}) for side in sides]
            if values[0] != values[1]:
                found.append(Difference(kind, name, *map(tuple, values)))
    return tuple(found)


def value_text(value: object) -> str:
    """A condition of a run as tables write it."""
    if isinstance(value, str):
        return value  # a version may end in .0
    return NOT_RECORDED if value is None else plain(value)


def conditions(record: Record) -> dict[str, dict]:
    """Everything in a record that may change its numbers, by kind."""
    config, data, environment = record.config, record.data, record.environment
    device, _, processor = environment["device"].partition(": ")
    trained = len(record.history.get("loss", ()))
    machine = ("backend", "floatx", "platform", "cpu", "cores", "threads")
    return {
        "settings": {"experiment": record.experiment, "network": config["title"]}
        | {"parameters": record.metrics.get("parameters"), **config["protocol"]}
        | {"metric": record.metrics.get("metric"), "epochs trained": trained}
        | {"deterministic": config["deterministic"]},
        "data": {"data set": config["dataset"], "sample data": record.sample}
        | {f"SHA-256 of {file.get('name', 'unnamed')}": file["sha256"] for file in data["files"]}
        | data["facts"],
        "versions": {"python": environment["python"], **environment["packages"]},
        "code": {"commit": environment["commit"], "changed since": environment["dirty"]},
        "layers": {"layers": environment.get("layers")},
        "environment": {"device": device}
        | {name: environment.get(name) for name in machine}
        | {device.lower(): processor, **environment.get("flags", {})},
    }
