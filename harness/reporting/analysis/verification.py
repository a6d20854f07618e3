"""Whether somebody's records lie where the reference does: by best value, last value and curve.

Each experiment is judged by the means over its runs, two-sided: training too well is suspicious
too. The level of the intervals is chosen so that 99 of 100 honest folders pass (Bonferroni over
experiments and their three numbers), if runs are normal around their mean. Validation accuracy has
longer tails than that. If the reference's own runs are judged, each by those of the other four
seeds, 7 of 175 runs fail alone (4 %), and none fails in a folder of 12 or of 35 experiments. At
95 %, 17 of 175 would fail alone.

Five seeds cannot bound another run closely. Runs by Keras 3's RMSprop that claim to be by Keras 2's
are all noticed in the LSTM and the GRU, and none in the SimpleRNN, whose own runs lie far apart.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.records.record import Record, plain
from harness.reporting.analysis.reference import Comparison, compare_with_reference
from harness.reporting.analysis.reproduction import curve_distance
from harness.reporting.analysis.results import ModelResults
from harness.reporting.analysis.statistics import (
    SEEDS_NEEDED,
    Range,
    prediction_interval,
    simultaneous_prediction_band,
)

HONEST = 0.99
"""Share of folders of honest records of which every experiment lies where the reference does."""

ROUNDING = 1e-4
"""How far baselines without chance may lie apart, since processors add in different orders."""

VALUES = {"best validation": "best_validation", "last validation": "last_validation"}


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
class Verification:
    """Somebody's runs of one experiment beside the reference.

    Attributes:
        runs: the runs.
        obstacle: why they cannot be judged; empty if they can.
        differences: settings and software in which they differ from the reference.
        values: best and last validation, means over the runs; empty with an obstacle.
        loss: training loss, geometric mean over the runs, one value an epoch.
        curve: the training loss beside the reference's; None with an obstacle or without epochs.
    """

    runs: ModelResults
    obstacle: str
    differences: Sequence[str]
    values: dict[str, ValueComparison] = field(default_factory=dict)
    loss: tuple[float, ...] = ()
    curve: CurveComparison | None = None

    @property
    def passed(self) -> bool:
        """Whether the runs lie where the reference does."""
        parts = [*self.values.values(), *([self.curve] if self.curve else [])]
        return not self.obstacle and all(part.reproduced for part in parts)


def verify(rows: Sequence[ModelResults], reference: Sequence[ModelResults]) -> list[Verification]:
    """Judges somebody's networks and baselines by the reference's.

    Args:
        rows: theirs.
        reference: all of the reference's.
    """
    pairs = [compare_with_reference(row, reference) for row in rows]
    obstacles = [_obstacle(pair) for pair in pairs]
    random = [
        not obstacle and bool(row.first.history)
        for row, obstacle in zip(rows, obstacles, strict=True)
    ]
    level = 1 - (1 - HONEST) / (3 * max(sum(random), 1))
    return [
        Verification(pair.own, obstacle, pair.differences) if obstacle else _judge(pair, level)
        for pair, obstacle in zip(pairs, obstacles, strict=True)
    ]


def _obstacle(pair: Comparison) -> str:
    """Why the runs cannot be judged."""
    if pair.reference is None:
        return pair.obstacle
    ours = _fixed(pair.reference.first)
    for record in pair.own.records:
        for name, value in _fixed(record).items():
            if value != ours.get(name, value):  # older records lack some settings
                return f"other protocol: {name} = {plain(value)} (reference: {plain(ours[name])})"
        if min(record.history.get("loss", [1])) <= 0:
            return f"{record.place}: a training loss is not positive"
    n = len(pair.reference.records)
    if pair.own.first.history and n < SEEDS_NEEDED:
        return f"an interval needs {SEEDS_NEEDED} seeds, and the reference has {n}"
    return ""


def _fixed(record: Record) -> dict:
    """What the protocol fixes of a run."""
    epochs = len(record.history.get("loss", ()))
    return {
        "metric": record.metrics["metric"],
        "epochs trained": epochs,
        **record.config["protocol"],
    }


def _judge(pair: Comparison, level: float) -> Verification:
    own, reference, runs = pair.own, pair.reference, len(pair.own.records)

    def beside(name: str) -> ValueComparison:
        mean, ours = own.spread(name).mean, reference.spread(name)
        if own.first.history:
            interval = prediction_interval(ours.values, level, ours.within, runs)
            return ValueComparison(mean, interval)
        return ValueComparison(mean, (ours.mean - ROUNDING, ours.mean + ROUNDING))

    values = {name: beside(column) for name, column in VALUES.items()}
    curves = (record.history.get("loss", ()) for record in own.records)
    loss = tuple(map(statistics.geometric_mean, zip(*curves, strict=True)))
    curve = _compare_curves(reference, loss, level, runs)
    return Verification(own, "", pair.differences, values, loss, curve)


def _compare_curves(
    row: ModelResults, theirs: Sequence[float], level: float, runs: int
) -> CurveComparison | None:
    """Another's training loss beside ours; None without one, or for other numbers of epochs.

    A loss of zero has no logarithm, and is not compared either.

    The loss falls to a tenth, so relative differences count: logarithms are compared.

    Args:
        row: our runs.
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
    return CurveComparison(
        band,
        tuple(i for i, (loss, (low, high)) in enumerate(pairs, 1) if not low <= loss <= high),
        curve_distance(row, theirs),
        math.exp(statistics.fmean((high - low) / 2 for low, high in ends)) - 1,
    )
