"""Whether two groups of runs end at the same place, and how many runs it takes to tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.alike import mixture
from harness.reporting.analysis.results import ModelResults
from harness.reporting.analysis.statistics import Estimate
from harness.reporting.analysis.verdicts import (
    FAILS,
    HOLDS,
    LEVEL,
    NOT_CHECKABLE,
    NOT_DECIDED,
    NotCheckable,
    measure,
    p_text,
    p_within,
    refuse_different_data,
    with_note,
)

MARGINS = {"accuracy": 0.01, "mae": 0.005}
"""Differences of the metric that do not matter: one review in a hundred, 0.04 °C."""


@dataclass(frozen=True)
class Equivalence:
    """Two groups of runs, first less second for each number, and the verdict in words."""

    groups: tuple[ModelResults, ModelResults]
    verdict: str
    differences: tuple[Estimate, ...] = ()


def equivalence(
    groups: tuple[ModelResults, ModelResults], names: Sequence[str], by_design: Sequence[str]
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
        refuse_different_data(groups)
        measured = [measure(groups, name, over_samples=False) for name in names]
    except NotCheckable as reason:
        return Equivalence(groups, f"{NOT_CHECKABLE}: {reason}")
    if measured[0].missing_seeds:
        return Equivalence(groups, f"{NOT_DECIDED}: {measured[0].missing_seeds}")
    margin = MARGINS[groups[0].metric]
    differences = tuple(one.estimate for one in measured)
    tests = [p_within(difference, -margin, margin) for difference in differences]
    holds = max(test.holds for test in tests)
    fails = min(1, len(tests) * min(test.fails for test in tests))
    if holds < LEVEL:
        text = f"{HOLDS}: p {p_text(holds)}"
    elif fails < LEVEL:
        text = f"{FAILS}: p {p_text(fails)}"
    else:
        text = f"{NOT_DECIDED}: p (holds) {p_text(holds)}, p (fails) {p_text(fails)}"
        first, second = (len(group.records) for group in groups)
        needed = max(_runs_needed(groups, name, margin) for name in names)
        if needed > min(first, second):
            text += f"; some {needed} runs a side would be needed, there are {first} and {second}"
    note = mixture([group.records for group in groups], by_design)
    return Equivalence(groups, with_note(text, note), differences)


def _runs_needed(groups: Sequence[ModelResults], name: str, margin: float) -> int:
    """Runs a side with which groups that are equal in truth are found so in four of five cases.

    `(sd1² + sd2²) ((z(0.95) + z(0.90)) / margin)²`; z(0.90) is that of a power of 80 % for two
    tests that must both succeed.
    Source: Chow, Shao and Wang, "Sample Size Calculations in Clinical Research" (2008), 3.2.
    """
    variance = sum(group.spread(name).sd ** 2 for group in groups)
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
