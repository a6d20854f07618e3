"""Whether a published run could be one more of ours: its best, its last, its whole training curve.

The best epoch alone hides much: a network that trains twice as slowly may reach the same best. So
the published training loss of every epoch is compared, too.
"""

import math
import statistics
from dataclasses import dataclass

from harness.reporting.analysis.published import Published
from harness.reporting.analysis.results import METRIC_RANGES, ModelResults
from harness.reporting.analysis.statistics import (
    SEEDS_NEEDED,
    Range,
    prediction_interval,
    simultaneous_prediction_band,
)
from harness.reporting.analysis.verdicts import FAILS, HOLDS, NOT_CHECKABLE, NOT_DECIDED


@dataclass(frozen=True)
class ValueComparison:
    """A published number, and where one further run of ours would lie.

    Attributes:
        published: the number.
        interval: 95 % prediction interval of one run; None if all seeds agree.
    """

    published: float
    interval: Range | None

    @property
    def reproduced(self) -> bool:
        return self.interval is not None and self.interval[0] <= self.published <= self.interval[1]


@dataclass(frozen=True)
class CurveComparison:
    """A published training curve, and where that of one further run of ours would lie.

    Attributes:
        band: lower and upper end at each epoch, for the whole curve at once (95 %).
        epochs_outside: epochs, from 1, at which the published curve leaves the band.
        distance: mean of |ln(ours / published)| over the epochs: 0.1 is about 10 % apart.
        width: half the band's width as a share of the loss, its mean over the epochs.
    """

    band: tuple[Range, ...]
    epochs_outside: tuple[int, ...]
    distance: float
    width: float

    @property
    def reproduced(self) -> bool:
        return not self.epochs_outside


@dataclass(frozen=True)
class Reproduction:
    """One network beside what was published of it; None for what was not published.

    Attributes:
        row: its runs.
        best, last: best and last validation.
        curve: the training loss.
        verdict: one of the four words of the verdicts, and its reason.
    """

    row: ModelResults
    best: ValueComparison | None
    last: ValueComparison | None
    curve: CurveComparison | None
    verdict: str

    @property
    def checkable(self) -> bool:
        """Whether anything was published."""
        return any((self.best, self.last, self.curve))


def reproductions(rows: list[ModelResults]) -> list[Reproduction]:
    """Each network that was trained by its published protocol, beside the published run."""
    found = []
    for row in rows:
        if row.first.history and not row.variant and not row.sample:
            parts = {
                "best": _compare_value(row, "best_validation"),
                "last": _compare_value(row, "last_validation"),
                "training curve": compare_curves(row, row.published),
            }
            found.append(Reproduction(row, *parts.values(), _verdict(row, parts)))
    return found


def _verdict(row: ModelResults, parts: dict) -> str:
    if not any(parts.values()):
        return f"{NOT_CHECKABLE}: nothing was published"
    if row.too_few_seeds:
        n = len(row.records)
        return f"{NOT_DECIDED}: {n} of the {SEEDS_NEEDED} seeds that the rule needs"
    failed = [name for name, part in parts.items() if part and not part.reproduced]
    return f"{FAILS}: {', '.join(failed)}" if failed else HOLDS


def _compare_value(row: ModelResults, field: str) -> ValueComparison | None:
    published = getattr(row.published, field)
    if published is None:
        return None
    interval = prediction_interval(row.spread(field).values, within=METRIC_RANGES[row.metric])
    return ValueComparison(published, interval)


def compare_curves(row: ModelResults, published: Published) -> CurveComparison | None:
    """The published training loss beside ours; None without one, or for other numbers of epochs.

    The loss falls to a tenth, so relative differences count: logarithms are compared.

    Args:
        row: the runs.
        published: what they are compared with, for a variant the published protocol.
    """
    curves = [record.history.get("loss", []) for record in row.records]
    if not published.loss or {len(curve) for curve in curves} != {len(published.loss)}:
        return None
    logs = [[math.log(loss) for loss in curve] for curve in curves]  # (runs, epochs)
    means = [statistics.fmean(epoch) for epoch in zip(*logs, strict=True)]
    ends = simultaneous_prediction_band(logs)
    if None in ends:  # a single run, or runs that agree
        ends = [(mean, mean) for mean in means]
    band = tuple((math.exp(low), math.exp(high)) for low, high in ends)
    pairs = list(zip(published.loss, band, strict=True))
    distances = [abs(m - math.log(loss)) for m, loss in zip(means, published.loss, strict=True)]
    return CurveComparison(
        band,
        tuple(i for i, (loss, (low, high)) in enumerate(pairs, 1) if not low <= loss <= high),
        statistics.fmean(distances),
        math.exp(statistics.fmean((high - low) / 2 for low, high in ends)) - 1,
    )
