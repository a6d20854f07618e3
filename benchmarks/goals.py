"""The goals of the benchmark, and how a cell says whether a value meets its goal."""

import operator
from typing import NamedTuple

from benchmarks.benchmark_file import SUITE, Measurement
from benchmarks.cases import CASES
from benchmarks.interleaved import OURS, SHARED
from harness.reporting.table import ABSENT, format_significant


class Goal(NamedTuple):
    """A bound of a quantity, met by values on one side of it."""

    sign: str
    bound: float

    def met(self, value: float) -> bool:
        """Whether a value meets the goal."""
        return {"≥": operator.ge, "<": operator.lt}[self.sign](value, self.bound)


def _each(sign: str, *bounds: float) -> dict[str, Goal]:
    """A goal for each experiment, in the order of `CASES`; one bound is for all of them."""
    bounds = bounds if len(bounds) > 1 else bounds * len(CASES)
    return dict(zip(CASES, (Goal(sign, bound) for bound in bounds), strict=True))


# By quantity, then by experiment.
GOALS: dict[str, dict[str, Goal]] = {
    f"throughput, {OURS}": _each("≥", 4, 4.3, 2.8, 2.2, 3.6, 3.6),
    f"throughput, {SHARED}": _each("≥", 6.5, 7.5, 4.5, 2.8, 6, 6),
    "gain of the native layers": _each("≥", 1.4, 1.4, 1.4, 1.1, 1.1, 1.1),
    "throughput": {SUITE: Goal("≥", 4)},
    "throughput of all epochs, computed": {SUITE: Goal("≥", 7)},
    f"input pipeline, {OURS}": _each("<", 5),
    f"validation share, {OURS}": {name: Goal("<", 20) for name in ("jena-gru", "jena-gru-dropout")},
    f"callbacks, {OURS}": _each("<", 1),
    "difference, loss": _each("<", 1e-4),
    "difference, gradient": _each("<", 1e-4),
}


def cell(one: Measurement | None) -> str:
    """A value, its range if it was measured several times, and whether it meets its goal."""
    if one is None:
        return ABSENT
    text = format_significant(one.value, 3)
    if one.n > 1:
        text += f" ({format_significant(one.low, 3)} to {format_significant(one.high, 3)})"
    goal = GOALS.get(one.quantity, {}).get(one.experiment)
    if goal is None:
        return text
    words = {"≥": "at least", "<": "below"}[goal.sign]
    return f"{text}, {'met' if goal.met(one.value) else 'missed'} ({words} {goal.bound:g})"
