"""One number of some runs, or its difference between two networks, and what it decides.

The seeds of two networks are not paired, since networks of different shapes draw different weights.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.records.schema import Samples
from harness.reporting.conditions import data_hashes, mixture, same_data
from harness.reporting.groups import NUMBERS, ModelResults, SeedGroup
from harness.reporting.statistics import (
    LEVEL,
    SEEDS_NEEDED,
    Estimate,
    PValues,
    Range,
    SeedStatistics,
    estimate,
    hedges_g,
    probability_of_superiority,
    same_samples,
    samples_interval,
)

HOLDS, FAILS = "holds", "does not hold"
NOT_DECIDED, NOT_CHECKABLE = "not decided", "not checkable"
# differences of the metric that do not matter: one review in a hundred, 0.04 °C
MARGINS = {"accuracy": 0.01, "mae": 0.005}


class NotCheckable(Exception):
    """Runs cannot be compared, or none can decide; the text says why."""


@dataclass(frozen=True)
class Measurement:
    """One number of some runs, or its difference between two groups: first less second."""

    groups: tuple[SeedGroup, ...]
    statistics: tuple[SeedStatistics, ...]  # of each group, the number over its seeds
    samples: tuple[list[Samples], ...] = ()  # of each group, one a run; none without predictions

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
        return estimate(*(one.values for one in self.statistics))

    @property
    def random_sides(self) -> list[tuple[SeedGroup, SeedStatistics]]:
        """Those that draw at random: a baseline without epochs is the same for every seed."""
        return [
            (group, seeds)
            for group, seeds in zip(self.groups, self.statistics, strict=True)
            if any(r.metrics.get("best_epoch", 1) is not None for r in group.records)
        ]

    @property
    def missing_seeds(self) -> str:
        """`3 of the 5 seeds that the rule needs`; empty if there are enough."""
        return self.fewer_than(SEEDS_NEEDED, "that the rule needs")

    def fewer_than(self, needed: int, what: str = "that were fixed") -> str:
        """`3 of the 40 seeds that were fixed`, for each side; empty if there are enough."""
        return "; ".join(
            f"{seeds.n} of the {needed} seeds {what}"
            + (f" ({group.first.label})" if self.is_difference else "")
            for group, seeds in self.random_sides
            if seeds.n < needed
        )

    @property
    def interval(self) -> Range | None:
        """95 % interval over seeds; None for too few seeds and for equal values."""
        low, high = self.statistics[0].within
        if self.is_difference:
            lowest, highest = self.statistics[1].within
            low, high = low - highest, high - lowest
        return None if self.missing_seeds else self.estimate.interval(within=(low, high))

    @cached_property
    def samples_interval(self) -> Range | None:
        """95 % interval over test samples; None without predictions."""
        return samples_interval(*self.samples) if self.samples else None

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
        better, worse = (second, first) if self.groups[0].lower_is_better else (first, second)
        return probability_of_superiority(better, worse)


def measure(groups: Sequence[ModelResults], name: str) -> Measurement:
    """One number of `metrics.json` of a network, or less that of another on the same data.

    Raises:
        NotCheckable: they are of other data or metrics, or were not tested on the same samples.
    """
    refuse_unlike(groups)
    seeds = tuple(group.spread(name) for group in groups)
    predictions = [[record.predictions for record in group.records] for group in groups]
    if name not in NUMBERS.values() or any(None in runs for runs in predictions):
        return Measurement(tuple(groups), seeds)
    samples = tuple([one[name] for one in runs] for runs in predictions)
    if not same_samples(*samples):
        labels = ", ".join(group.first.label for group in groups)
        raise NotCheckable(f"the runs were not tested on the same samples: {labels}")
    return Measurement(tuple(groups), seeds, samples)


def refuse_unlike(groups: Sequence[SeedGroup]) -> None:
    """Raises `NotCheckable` where a difference would also be one between data or metrics."""
    for both in ((groups[0], other) for other in groups[1:]):
        first, second = (group.first for group in both)
        if first.sample != second.sample:
            raise NotCheckable("one ran on sample data and the other on real data")
        measured = [f"{group.metric} on {group.dataset}" for group in both]
        if measured[0] != measured[1]:
            sides = zip((first, second), measured, strict=True)
            raise NotCheckable(", and ".join(f"{one.label} measures {what}" for one, what in sides))
        if not same_data(first, second):
            copies = [", ".join(one[:8] for one in data_hashes(run)) for run in (first, second)]
            sides = zip((first, second), copies, strict=True)
            where = " and ".join(f"{one.place} on {copy or 'no data file'}" for one, copy in sides)
            raise NotCheckable(f"different copies of the data: {where} (SHA-256)")


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


def verdict_text(word: str, reason: str = "", note: str = "") -> str:
    """`holds: p 0.04; the runs differ in layers`: a word, its reason, what to know of the runs."""
    text = f"{word}: {reason}" if reason else word
    return f"{text}; {note}" if note else text


@dataclass(frozen=True)
class Equivalence:
    """Two groups of runs, first less second for each number, and the verdict in words."""

    groups: tuple[ModelResults, ModelResults]
    verdict: str
    differences: tuple[Estimate, ...] = ()
    needed: str = ""  # how many runs could decide, where these cannot


def equivalence(
    groups: tuple[ModelResults, ModelResults], names: Sequence[str], by_design: Collection[str]
) -> Equivalence:
    """Tests whether each of some numbers is the same in both groups, up to a margin.

    *Holds* needs every number's two one-sided tests at 5 %. As all must succeed, chance gives 5 %
    of wrong verdicts at most, however many there are (an intersection-union test: Berger,
    Technometrics 24, 1982). *Does not hold* needs one number outside, so its level is divided.

    Args:
        groups: the runs.
        names: of the numbers in `metrics.json`.
        by_design: what may differ between the two, as in `mixture`.
    """
    try:
        measured = [measure(groups, name) for name in names]
    except NotCheckable as reason:
        return Equivalence(groups, verdict_text(NOT_CHECKABLE, str(reason)))
    if missing := measured[0].missing_seeds:
        return Equivalence(groups, verdict_text(NOT_DECIDED, missing))
    margin = MARGINS[groups[0].metric]
    estimates = tuple(one.estimate for one in measured)
    tests = [one.p_within(-margin, margin) for one in estimates]
    fails = min(1, len(tests) * min(test.fails for test in tests))
    word, reason = decide(PValues(max(test.holds for test in tests), fails))
    runs = max(_runs_needed(one.statistics, margin) for one in measured)
    needed = ""
    if word == NOT_DECIDED and runs > min(len(group.records) for group in groups):
        needed = f"it would take some {runs} runs a side if there is no difference"
    note = mixture([group.records for group in groups], by_design)
    return Equivalence(groups, verdict_text(word, reason, note), estimates, needed)


def _runs_needed(sides: Sequence[SeedStatistics], margin: float) -> int:
    """Runs a side with which groups that are equal in truth are found so in four of five cases.

    `(sd1² + sd2²) ((z(0.95) + z(0.90)) / margin)²`; z(0.90) is that of a power of 80 % for two
    tests that must both succeed.
    Source: Chow, Shao and Wang, "Sample Size Calculations in Clinical Research" (2008), 3.2.
    """
    variance = sum(side.sd**2 for side in sides)
    return math.ceil(variance * ((1.6449 + 1.2816) / margin) ** 2)


def beside_plain_keras(rows: Sequence[ModelResults]) -> list[Equivalence]:
    """Networks that also ran by plain Keras: whether this project's layers test the same."""
    return [
        equivalence((row, plain), ["test_at_best"], by_design=["layers"])
        for row in rows
        for plain in rows
        if row.first.experiment == plain.first.experiment and not (row.variant or row.sample)
        if plain.variant == {"plain_keras": True}
    ]
