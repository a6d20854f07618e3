"""Whether another's run could be one more of ours: its best, its last, its whole training curve.

The best epoch alone hides much: a network that trains twice as slowly may reach the same best. So
the published training loss of every epoch is compared, too.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

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
    """Another's number, and where that of one further run of ours would lie.

    Attributes:
        theirs: the number.
        interval: prediction interval of ours; None if all seeds agree.
    """

    theirs: float
    interval: Range | None

    @property
    def reproduced(self) -> bool:
        return self.interval is not None and self.interval[0] <= self.theirs <= self.interval[1]


@dataclass(frozen=True)
class CurveComparison:
    """Another's training curve, and where that of one further run of ours would lie.

    Attributes:
        band: lower and upper end at each epoch, for the whole curve at once.
        epochs_outside: epochs, from 1, at which their curve leaves the band.
        distance: mean of |ln(ours / theirs)| over the epochs: 0.1 is about 10 % apart.
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
                "best": _compare_published(row, "best_validation"),
                "last": _compare_published(row, "last_validation"),
                "training curve": compare_curves(row, row.published.loss),
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


def _compare_published(row: ModelResults, field: str) -> ValueComparison | None:
    published = getattr(row.published, field)
    return None if published is None else compare_value(row, field, published)


def compare_value(
    row: ModelResults, field: str, theirs: float, level: float = 0.95, runs: int = 1
) -> ValueComparison:
    """Another's number beside ours.

    Args:
        row: our runs.
        field: name of the number in `metrics.json`.
        theirs: the number, or its mean over several runs.
        level: share of such means that lie in the interval, if they are of runs like ours.
        runs: number of their runs.
    """
    values, within = row.spread(field).values, METRIC_RANGES[row.metric]
    return ValueComparison(theirs, prediction_interval(values, level, within, runs))


def compare_curves(
    row: ModelResults, theirs: Sequence[float], level: float = 0.95, runs: int = 1
) -> CurveComparison | None:
    """Another's training loss beside ours; None without one, or for other numbers of epochs.

    A loss of zero has no logarithm, and is not compared either.

    The loss falls to a tenth, so relative differences count: logarithms are compared.

    Args:
        row: our runs, for a variant beside the published protocol.
        theirs: one positive value an epoch; of several runs the geometric mean.
        level: share of such curves that lie in the band throughout, if they are runs like ours.
        runs: number of their runs.
    """
    curves = [record.history.get("loss", []) for record in row.records]
    if not theirs or {len(curve) for curve in curves} != {len(theirs)}:
        return None
    if min(map(min, curves)) <= 0:
        return None
    logs = [[math.log(loss) for loss in curve] for curve in curves]  # (runs, epochs)
    means = [statistics.fmean(epoch) for epoch in zip(*logs, strict=True)]
    ends = simultaneous_prediction_band(logs, level, runs=runs)
    if None in ends:  # a single run, or runs that agree
        ends = [(mean, mean) for mean in means]
    band = tuple((math.exp(low), math.exp(high)) for low, high in ends)
    pairs = list(zip(theirs, band, strict=True))
    distances = [abs(m - math.log(loss)) for m, loss in zip(means, theirs, strict=True)]
    return CurveComparison(
        band,
        tuple(i for i, (loss, (low, high)) in enumerate(pairs, 1) if not low <= loss <= high),
        statistics.fmean(distances),
        math.exp(statistics.fmean((high - low) / 2 for low, high in ends)) - 1,
    )
