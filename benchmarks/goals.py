"""What the benchmark is to show, and how a number says whether it does."""

from dataclasses import dataclass

from benchmarks.record import SUITE, Measurement
from benchmarks.turns import OURS, SHARED
from harness.reporting.tables.formatting import ABSENT, format_significant


@dataclass(frozen=True)
class Goal:
    """A bound of a quantity.

    Attributes:
        bound: the value.
        at_least: whether it is the smallest or the largest that will do.
        experiments: start of the names that it is about.
    """

    bound: float
    at_least: bool
    experiments: str = ""

    @property
    def text(self) -> str:
        return f"{'≥' if self.at_least else '<'} {self.bound:g}"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value < self.bound


GOALS = {
    f"throughput, {OURS}": Goal(1.3, at_least=True),
    f"throughput, {SHARED}": Goal(2, at_least=True),
    "throughput": Goal(3, at_least=True, experiments=SUITE),
    f"input pipeline, {OURS}": Goal(5, at_least=False),
    f"validation share, {OURS}": Goal(20, at_least=False, experiments="jena"),
    f"callbacks, {OURS}": Goal(1, at_least=False),
    "difference, loss": Goal(1e-4, at_least=False),
    "difference, gradient": Goal(1e-4, at_least=False),
}


def goal_heading(heading: str, quantity: str) -> str:
    """A heading with its goal, if there is one."""
    goal = GOALS.get(quantity)
    if goal is None:
        return heading
    whose = f"{goal.experiments} " if goal.experiments not in ("", SUITE) else ""
    return f"{heading} ({whose}goal {goal.text})"


def cell(one: Measurement | None) -> str:
    """A value, its range if it was measured several times, and whether it misses its goal."""
    if one is None:
        return ABSENT
    text = format_significant(one.value, 3)
    if one.n > 1:
        text += f" ({format_significant(one.low, 3)} to {format_significant(one.high, 3)})"
    goal = GOALS.get(one.quantity)
    if goal is None or not one.experiment.startswith(goal.experiments):
        return text
    return f"{text}, {'met' if goal.met(one.value) else 'missed'}"
