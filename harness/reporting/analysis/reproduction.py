"""Whether a published run could be one more of ours: its best, its last, its whole training curve.

A best epoch alone hides much: a network that trains twice as slowly may reach the same best. So the
published training loss of every epoch is compared, too.
"""

import math
import statistics
from dataclasses import dataclass

from harness.reporting.analysis.models import POSSIBLE, ModelResults, Published
from harness.reporting.analysis.seeds import SEEDS_NEEDED
from harness.reporting.analysis.statistics import (
    Range,
    prediction_interval,
    simultaneous_prediction_band,
)
from harness.reporting.analysis.verdicts import FAILS, HOLDS, NOT_CHECKABLE, NOT_DECIDED


@dataclass(frozen=True)
class Number:
    """A published number, and where one further run of ours would lie.

    Attributes:
        published: the number.
        interval: 95 % prediction interval of one run; None for seeds that all agree.
    """

    published: float
    interval: Range | None

    @property
    def inside(self) -> bool:
        """Whether the published number lies where a run of ours would."""
        return self.interval is not None and self.interval[0] <= self.published <= self.interval[1]


@dataclass(frozen=True)
class Curve:
    """A published training curve, and where that of one further run of ours would lie.

    Attributes:
        published: one value an epoch.
        mean: geometric mean of ours.
        band: lower and upper end at each epoch, for the whole curve at once (95 %).
    """

    published: tuple[float, ...]
    mean: tuple[float, ...]
    band: tuple[Range, ...]

    @property
    def outside(self) -> list[int]:
        """Epochs, from 1, at which the published curve leaves the band."""
        return [
            epoch
            for epoch, (value, (low, high)) in enumerate(
                zip(self.published, self.band, strict=True), start=1
            )
            if not low <= value <= high
        ]

    @property
    def distance(self) -> float:
        """Mean of |ln(ours / published)| over the epochs: 0.1 is about a tenth apart."""
        pairs = zip(self.mean, self.published, strict=True)
        return statistics.fmean(abs(math.log(ours / theirs)) for ours, theirs in pairs)

    @property
    def width(self) -> float:
        """Half the band's width as a share of the loss, its mean over the epochs."""
        return math.exp(statistics.fmean(math.log(high / low) / 2 for low, high in self.band)) - 1


@dataclass(frozen=True)
class Reproduction:
    """One experiment beside what was published of it; None for what was not published."""

    row: ModelResults
    best: Number | None
    last: Number | None
    curve: Curve | None

    @property
    def few(self) -> bool:
        """Whether there are too few seeds to tell where a further run would lie."""
        return len(self.row.records) < SEEDS_NEEDED

    @property
    def verdict(self) -> str:
        """One of the four words of the verdicts, and its reason."""
        parts = {"best": self.best, "last": self.last, "training curve": self.curve}
        if not any(parts.values()):
            return f"{NOT_CHECKABLE}: nothing was published"
        if self.few:
            n = len(self.row.records)
            return f"{NOT_DECIDED}: {n} of the {SEEDS_NEEDED} seeds that the rule needs"
        failed = [
            name
            for name, part in parts.items()
            if part is not None and (part.outside if isinstance(part, Curve) else not part.inside)
        ]
        return f"{FAILS}: {', '.join(failed)}" if failed else HOLDS


def reproduce(row: ModelResults, published: Published) -> Reproduction:
    """Compares the runs of one experiment with what was published of it.

    Args:
        row: its runs.
        published: what is to be compared; a variant may be compared with the published protocol.
    """

    def number(field: str) -> Number | None:
        value = getattr(published, field)
        if value is None:
            return None
        values = row.spread(field).values
        return Number(value, prediction_interval(values, within=POSSIBLE[row.metric]))

    return Reproduction(
        row, number("best_validation"), number("last_validation"), compare_curves(row, published)
    )


def compare_curves(row: ModelResults, published: Published) -> Curve | None:
    """The published training loss beside ours; None without one, or of another number of epochs.

    Relative differences count, since a training loss falls to a tenth: logarithms are taken.
    """
    curves = [record.history.get("loss", []) for record in row.records]
    if not published.loss or {len(curve) for curve in curves} != {len(published.loss)}:
        return None
    logs = [[math.log(loss) for loss in curve] for curve in curves]
    mean = tuple(math.exp(statistics.fmean(epoch)) for epoch in zip(*logs, strict=True))
    band = simultaneous_prediction_band(logs)
    if None in band:  # a single run, or runs without chance
        return Curve(published.loss, mean, tuple((m, m) for m in mean))
    return Curve(published.loss, mean, tuple((math.exp(low), math.exp(high)) for low, high in band))
