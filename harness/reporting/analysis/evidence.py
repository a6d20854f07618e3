"""What the runs say about a claim: its number, one value a seed, and the test samples behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import RunError
from harness.records.predictions import MEASURES, samples_of
from harness.records.record import Record
from harness.reporting.analysis.bootstrap import samples_interval
from harness.reporting.analysis.claims import Claim
from harness.reporting.analysis.models import POSSIBLE
from harness.reporting.analysis.results import Results
from harness.reporting.analysis.seeds import SEEDS_NEEDED, Group, SeedStatistics
from harness.reporting.analysis.statistics import (
    ANYWHERE,
    Estimate,
    Range,
    hedges_g,
    mean_estimate,
    probability_of_superiority,
    welch_difference,
)


class NotCheckable(Exception):
    """No runs decide about a claim; its text says why."""


@dataclass(frozen=True)
class Side:
    """One experiment's part in a claim.

    Attributes:
        group: its runs, which differ in their seed only.
        values: its number, one a seed.
    """

    group: Group
    values: SeedStatistics

    @property
    def by_chance(self) -> bool:
        """Whether another seed gives another value; a baseline without epochs draws nothing."""
        return any(r.metrics.get("best_epoch", 1) is not None for r in self.group.records)

    @property
    def seeds(self) -> str:
        """How many ran: `3 seeds`."""
        return f"{self.values.n} seed{'s' if self.values.n > 1 else ''}"


@dataclass(frozen=True)
class Measured:
    """The number that decides about a claim: of one experiment, or less that of another.

    Attributes:
        sides: the experiment and, of a difference, the one that is subtracted.
        samples_interval: its 95 % interval over test samples; None without stored predictions.
        better_is: 1 where more is better, -1 where less is.
    """

    sides: tuple[Side, ...]
    samples_interval: Range | None = None
    better_is: int = 1

    @property
    def samples(self) -> list[tuple[float, ...]]:
        """The values of each side."""
        return [side.values.values for side in self.sides]

    @property
    def values(self) -> tuple[float, ...]:
        """Each value that an exact number takes, once."""
        first, *others = self.samples
        return tuple(dict.fromkeys(a - b for a in first for b in (others[0] if others else [0])))

    @property
    def estimate(self) -> Estimate:
        """The mean over the seeds, or Welch's difference: seeds of two networks are no pairs."""
        return welch_difference(*self.samples) if self.sides[1:] else mean_estimate(*self.samples)

    @property
    def within(self) -> Range:
        """The lowest and the highest value that the number can have."""
        first, *others = (side.values.within for side in self.sides)
        return (first[0] - others[0][1], first[1] - others[0][0]) if others else first

    @property
    def shortage(self) -> str:
        """Where there are fewer seeds than the rule needs; empty where there are enough."""
        needed = f"of the {SEEDS_NEEDED} that the rule needs"
        return "; ".join(
            f"{side.seeds} {needed}" + (f" ({side.group.first.label})" if self.sides[1:] else "")
            for side in self.sides
            if side.by_chance and side.values.few
        )

    @property
    def interval(self) -> Range | None:
        """Its 95 % interval over seeds; None for few seeds, and for seeds that all agree."""
        return None if self.shortage else self.estimate.interval(within=self.within)

    @property
    def effect(self) -> float | None:
        """Hedges' g of a difference; None for few seeds."""
        return hedges_g(*self.samples) if self.sides[1:] and not self.shortage else None

    @property
    def superiority(self) -> float | None:
        """Chance that a run of the first is better than one of the second; None for few seeds."""
        if self.shortage or not self.sides[1:]:
            return None
        return probability_of_superiority(*self.samples[:: self.better_is])

    @property
    def records(self) -> list[Record]:
        return [record for side in self.sides for record in side.group.records]


def measure(claim: Claim, results: Results) -> Measured:
    """The number that decides about a claim.

    Raises:
        NotCheckable: nothing has measured it, or runs that it needs differ in more than their seed.
        RunError: the claim asks for a number that is none.
    """
    if claim.measure:
        return _of_networks(claim, results)
    group = _group(claim.experiment, results.studies)
    spread = group.cell(claim.table, claim.row, claim.column)
    if spread is None:
        place = f"table '{claim.table}', row '{claim.row}', column '{claim.column}'"
        raise NotCheckable(f"{claim.experiment} has no number in {place}")
    return Measured((Side(group, SeedStatistics(spread.values, claim.within or ANYWHERE)),))


def _of_networks(claim: Claim, results: Results) -> Measured:
    labels = [claim.experiment, *([claim.minus] if claim.minus else [])]
    groups = [_group(label, results.rows) for label in labels]
    _refuse_other_data(groups)
    metric = groups[0].metric  # of both: they are on the same data
    is_metric = claim.measure in MEASURES.values()
    within = POSSIBLE[metric] if is_metric else ANYWHERE
    sides = [Side(group, SeedStatistics(_values(group, claim.measure), within)) for group in groups]
    samples = _over_samples(groups, claim.measure) if is_metric else None
    return Measured(tuple(sides), samples, -1 if metric == "mae" else 1)


def _over_samples(groups: Sequence[Group], measure: str) -> Range | None:
    """The interval over test samples; None where a run's predictions were not stored."""
    if any(record.predictions is None for group in groups for record in group.records):
        return None
    sides = [
        [samples_of(r.predictions, measure, r.metrics["metric"]) for r in group.records]
        for group in groups
    ]
    try:
        return samples_interval(*sides)
    except ValueError as error:
        raise NotCheckable(
            f"{error}: {', '.join(group.first.label for group in groups)}"
        ) from error


def _values(group: Group, measure: str) -> tuple[float, ...]:
    """One number of `metrics.json`, one value a seed.

    Raises:
        RunError: there is no such number.
    """
    values = tuple(record.metrics.get(measure) for record in group.records)
    if not all(type(value) in (int, float) for value in values):
        raise RunError(f"a claim asks for '{measure}', which is no number of {group.first.place}.")
    return values


def _group(label: str, groups: Sequence[Group]) -> Group:
    """The runs of a label, which differ in their seed only.

    Raises:
        NotCheckable: there are none, or they are on several copies of the data, or their protocols
            differ: a mean over them would be of that, too.
    """
    found = [group for group in groups if group.first.label == label]
    if not found:
        raise NotCheckable(f"no run of {label}")
    _refuse_other_data(found)
    first, *others = found[0].records
    for record in others:
        ours, theirs = first.config["protocol"], record.config["protocol"]
        differing = ", ".join(
            f"{name} is {ours.get(name, 'absent')} and {theirs.get(name, 'absent')}"
            for name in sorted(ours | theirs)
            if (name in ours, ours.get(name)) != (name in theirs, theirs.get(name))
        )
        if differing:
            raise NotCheckable(
                f"{first.place} and {record.place} follow different protocols ({differing}); run "
                "one of them again"
            )
    return found[0]


def _refuse_other_data(groups: Sequence[Group]) -> None:
    """A difference of networks on several copies of the data would be of the data, too."""
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


def _hashes(group: Group) -> list[str]:
    """Start of the hash of each data file, which all records of a group share."""
    return [file["sha256"][:8] for file in group.first.data["files"]]
