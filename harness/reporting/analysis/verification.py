"""Whether somebody's records lie where the reference does: by best value, last value and curve.

Each experiment is judged by the means over its runs, two-sided: training too well is suspicious
too. The level of the test (`further_run`) is chosen so that 99 of 100 honest folders pass
(Bonferroni over experiments), if runs are normal around their mean. Validation has longer tails
than that. When the rule was made, the reference's own runs were judged, each by those of the other
seeds: 2 of 175 failed alone (1 %), and none in a folder of 12 or of 35 experiments.

Five seeds cannot bound another run closely. Runs by today's RMSprop that claim to be by that of
2.0.8 are all noticed in the LSTM and the GRU, and none in the SimpleRNN, whose own runs lie far
apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.records.record import Record, plain
from harness.reporting.analysis.further_run import half_widths
from harness.reporting.analysis.reference import Comparison, compare_with_reference
from harness.reporting.analysis.reproduction import CURVES, as_runs, numbers_of, value_of
from harness.reporting.analysis.results import ModelResults
from harness.reporting.analysis.statistics import SEEDS_NEEDED

HONEST = 0.99
"""Share of folders of honest records of which every experiment lies where the reference does."""

ROUNDING = 1e-4
"""How far baselines without chance may lie apart, since processors add in different orders."""


@dataclass(frozen=True)
class Expected:
    """A number of somebody's runs, the geometric mean of their errors, and where it should lie."""

    name: str
    theirs: float
    low: float
    high: float

    @property
    def place(self) -> str:
        """`below`, `above` or `inside`."""
        below, above = self.theirs < self.low, self.theirs > self.high
        return "below" if below else "above" if above else "inside"


@dataclass(frozen=True)
class Verification:
    """Somebody's runs of one experiment beside the reference.

    Attributes:
        runs: the runs.
        obstacle: why they cannot be judged; empty if they can.
        differences: settings and software in which they differ from the reference.
        numbers: best and last validation, and the training loss of each epoch; none with an
            obstacle.
    """

    runs: ModelResults
    obstacle: str
    differences: Sequence[str]
    numbers: Sequence[Expected] = ()

    @property
    def passed(self) -> bool:
        """Whether the runs lie where the reference does."""
        return not self.obstacle and all(one.place == "inside" for one in self.numbers)


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
    level = (1 - HONEST) / max(sum(random), 1)
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
    own, ours = ([numbers_of(r) for r in group.records] for group in (pair.own, pair.reference))
    # validation curves jump: with them, fewer than 99 of 100 honest folders would pass
    names = [name for name in ours[0] if CURVES["loss"] in name or "at epoch" not in name]
    theirs, mean = (np.mean(as_runs(one, names), 0) for one in (own, ours))
    if pair.own.first.history:
        away = half_widths(as_runs(ours, names), level, len(own))
    else:
        away = ROUNDING * np.exp(-mean)  # of a logarithm
    numbers = []
    for name, *logs in zip(names, theirs, mean - away, mean + away, strict=True):
        value, *ends = (value_of(name, log) for log in logs)
        numbers.append(Expected(name, value, *sorted(ends)))
    return Verification(pair.own, "", pair.differences, numbers)
