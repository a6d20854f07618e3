"""The goals of the benchmark, and how a cell says whether a value meets its goal."""

from typing import NamedTuple

from benchmarks.benchmark_file import Measurement
from benchmarks.interleaved import OURS, SHARED
from harness.reporting.tables.formatting import ABSENT, format_significant


class Goal(NamedTuple):
    """A bound of a quantity: `sign` is `≥` or `<`; `experiments` is the start of their names."""

    sign: str
    bound: float
    experiments: str = ""


GOALS = {
    f"throughput, {OURS}": Goal("≥", 1.3),
    f"throughput, {SHARED}": Goal("≥", 2),
    "throughput": Goal("≥", 3),
    f"input pipeline, {OURS}": Goal("<", 5),
    f"validation share, {OURS}": Goal("<", 20, experiments="jena"),
    f"callbacks, {OURS}": Goal("<", 1),
    "difference, loss": Goal("<", 1e-4),
    "difference, gradient": Goal("<", 1e-4),
}


def goal_heading(heading: str, quantity: str) -> str:
    """A heading with its goal, if there is one."""
    if quantity not in GOALS:
        return heading
    sign, bound, experiments = GOALS[quantity]
    return f"{heading} ({f'{experiments} goal'.strip()} {sign} {bound:g})"


def cell(one: Measurement | None) -> str:
    """A value, its range if it was measured several times, and whether it meets its goal."""
    if one is None:
        return ABSENT
    text = format_significant(one.value, 3)
    if one.n > 1:
        text += f" ({format_significant(one.low, 3)} to {format_significant(one.high, 3)})"
    goal = GOALS.get(one.quantity)
    if goal is None or not one.experiment.startswith(goal.experiments):
        return text
    met = one.value >= goal.bound if goal.sign == "≥" else one.value < goal.bound
    return f"{text}, {'met' if met else 'missed'}"
