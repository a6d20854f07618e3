"""Whether two groups of runs end at the same place, and how many runs it takes to tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.records.alike import mixture
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

POWER = 0.8


@dataclass(frozen=True)
class Equivalence:
    """Two groups of runs beside each other.

    Attributes:
        first, second: the runs.
        differences: mean of the first less that of the second, by the name of the number; empty if
            they cannot be compared.
        verdict: one of the four words, and its reason.
    """

    first: ModelResults
    second: ModelResults
    verdict: str
    differences: dict[str, Estimate] = field(default_factory=dict)


def equivalence(
    first: ModelResults, second: ModelResults, names: Sequence[str], by_design: Sequence[str]
) -> Equivalence:
    """Tests whether each of some numbers is the same in both groups, up to a margin.

    *Holds* needs every number's two one-sided tests at 5 % (Schuirmann 1987, by Welch). Since all
    of them must succeed, chance gives no more than 5 % of wrong verdicts however many there are (an
    intersection-union test: Berger, Technometrics 24, 1982). *Does not hold* needs one number
    outside the margin, so its level is divided by their count.

    Args:
        first, second: the runs.
        names: of the numbers in `metrics.json`.
        by_design: what may differ between the two, as in `mixture`.
    """
    groups = first, second
    try:
        refuse_different_data(groups)
        measured = {name: measure(groups, name, over_samples=False) for name in names}
    except NotCheckable as reason:
        return Equivalence(*groups, f"{NOT_CHECKABLE}: {reason}")
    margin = MARGINS[first.metric]
    differences = {name: one.estimate for name, one in measured.items()}
    if missing := next(iter(measured.values())).missing_seeds:
        return Equivalence(*groups, f"{NOT_DECIDED}: {missing}")
    tests = [p_within(estimate, -margin, margin) for estimate in differences.values()]
    holds = max(test.holds for test in tests)
    fails = min(1, len(tests) * min(test.fails for test in tests))
    if holds < LEVEL:
        text = f"{HOLDS}: p {p_text(holds)}"
    elif fails < LEVEL:
        text = f"{FAILS}: p {p_text(fails)}"
    else:
        text = f"{NOT_DECIDED}: p (holds) {p_text(holds)}, p (fails) {p_text(fails)}"
        needed = max(runs_needed(*groups, name) for name in names)
        counts = [len(group.records) for group in groups]
        if needed > min(counts):
            text += f"; some {needed} runs a side would be needed, there are {_listed(counts)}"
    note = mixture([group.records for group in groups], by_design)
    return Equivalence(*groups, with_note(text, note), differences)


def beside_plain_keras(rows: Sequence[ModelResults]) -> list[Equivalence]:
    """Networks that also ran by plain Keras: whether this project's layers test the same."""
    return [
        equivalence(row, plain, ["test_at_best"], by_design=["layers"])
        for row in rows
        for plain in rows
        if row.first.experiment == plain.first.experiment and not (row.variant or row.sample)
        if plain.variant == {"plain_keras": True}
    ]


def _listed(counts: Sequence[int]) -> str:
    return " and ".join(map(str, counts))


def runs_needed(first: ModelResults, second: ModelResults, name: str) -> int:
    """Runs a side with which two groups that are equal in truth are found so in four of five cases.

    `(sd1² + sd2²) ((z(0.95) + z(0.90)) / margin)²`, where z(0.90) is that of the power, 80 %, for
    two tests that must both succeed.
    Source: Chow, Shao and Wang, "Sample Size Calculations in Clinical Research" (2008), 3.2.
    """
    from scipy.special import ndtri  # slow to load

    variance = sum(group.spread(name).sd ** 2 for group in (first, second))
    z = ndtri(1 - LEVEL) + ndtri((1 + POWER) / 2)
    return math.ceil(variance * (z / MARGINS[first.metric]) ** 2)
