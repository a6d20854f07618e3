"""Is a published log reproduced, and do somebody's records lie where the reference does?

Of each network that was trained by its published protocol, two questions are asked: whether the log
could be one more run of the original, the document's script on the Keras of its time; and whether
our network ends where the original does, by a test of equivalence.

Somebody's records are judged by the means over the runs of each experiment, two-sided: training too
well is suspicious too. The level is chosen so that 99 of 100 honest folders pass (Bonferroni over
experiments), if runs are normal around their mean. Validation has longer tails than that. When the
rule was made, the reference's own runs were judged, each by those of the other seeds: 2 of 175
failed alone (1 %), and none in a folder of 12 or of 35 experiments. Five seeds cannot bound another
run closely. Runs by today's RMSprop that claim to be by that of 2.0.8 are all noticed in the LSTM
and the GRU, and none in the SimpleRNN, whose own runs lie far apart.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.records.record import Record
from harness.reporting.comparison import (
    FAILS,
    HOLDS,
    NOT_CHECKABLE,
    NOT_DECIDED,
    Comparison,
    NotCheckable,
    compare_with_reference,
    decide,
    differences,
    measure,
    p_text,
    refuse_different_data,
    same_data,
    with_note,
)
from harness.reporting.further_run import (
    Calibration,
    Runs,
    calibrate,
    distances,
    half_widths,
    p_value,
)
from harness.reporting.groups import ModelResults, Published, mixture
from harness.reporting.statistics import SEEDS_NEEDED, Estimate, PValues

ONE_MORE_RUN = "Log is one more run of the original"
SAME_END = "Ours ends where the original does"
ENDS = ("best_validation", "test_at_best")
NO_ORIGINAL = f"{NOT_CHECKABLE}: no runs of the original"
# differences of the metric that do not matter: one review in a hundred, 0.04 °C
MARGINS = {"accuracy": 0.01, "mae": 0.005}

HONEST = 0.99  # share of folders of honest records that pass
WITHOUT_CHANCE = 1e-4  # how far such baselines may lie apart: processors add in other orders
WIDEST = 0.2  # a test that lets the training loss be further off shows nothing by not rejecting
ROUNDING = 5e-5  # of four printed digits; added to errors, for zero has no logarithm
CURVES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
}


@dataclass(frozen=True)
class Equivalence:
    """Two groups of runs, first less second for each number, and the verdict in words."""

    groups: tuple[ModelResults, ModelResults]
    verdict: str
    differences: tuple[Estimate, ...] = ()


@dataclass(frozen=True)
class LogTest:
    """A published log, and the runs of which it may be one more."""

    row: ModelResults | None  # the runs; None if there are none
    verdict: str  # one of the four words, and its reason
    distance: float | None = None  # of the training loss, as in `curve_distance`
    # how far off the training loss must be to be noticed, as a share, its mean over the epochs
    width: float | None = None


@dataclass(frozen=True)
class Reproduction:
    """One network beside what was published of it and, if it ran, beside the original."""

    row: ModelResults
    of_original: LogTest
    of_ours: LogTest
    same_end: Equivalence | None

    @property
    def answers(self) -> dict[str, str]:
        """The verdict on each of the two questions."""
        ends = self.same_end.verdict if self.same_end else NO_ORIGINAL
        return {ONE_MORE_RUN: self.of_original.verdict, SAME_END: ends}


def reproductions(rows: Sequence[ModelResults]) -> tuple[list[Reproduction], Calibration]:
    """Each network that was trained by its published protocol, and how the test was calibrated."""
    networks = [row for row in rows if row.first.history and not row.sample]
    groups = [[numbers_of(one) for one in row.records] for row in networks if not row.too_few_seeds]
    calibration = calibrate(as_runs(group, shared_names(group)) for group in groups)
    found = []
    for row in networks:
        if not row.variant:
            original = _original(row, networks)
            ends = original and equivalence((row, original), ENDS, by_design=("code", "layers"))
            of_ours = log_test(row.published, row, calibration.level)
            if original:
                of_original = log_test(row.published, original, calibration.level)
            else:
                checkable = not of_ours.verdict.startswith(NOT_CHECKABLE)
                of_original = LogTest(None, NO_ORIGINAL if checkable else of_ours.verdict)
            found.append(Reproduction(row, of_original, of_ours, ends))
    return found, calibration


def _original(row: ModelResults, rows: Sequence[ModelResults]) -> ModelResults | None:
    """The runs of the document's script on its own Keras, on the same data if there are any."""
    variant = {"keras": row.published.keras}
    same = [r for r in rows if r.first.experiment == row.first.experiment and r.variant == variant]
    return min(same, key=lambda one: not same_data(one.first, row.first), default=None)


def log_test(log: Published, row: ModelResults, level: float) -> LogTest:
    """Whether a published log could be one more of some runs, at this level of the test."""
    theirs = _logarithms(row.metric, log.curve, log.best_validation, log.last_validation)
    if not theirs:
        return LogTest(row, f"{NOT_CHECKABLE}: nothing was published")
    if other := row.unlike(log.speaks_of):
        return LogTest(row, f"{NOT_CHECKABLE}: {other}")
    distance = curve_distance(row, log.loss)
    if row.too_few_seeds:
        reason = f"{len(row.records)} of the {SEEDS_NEEDED} seeds that the rule needs"
        return LogTest(row, f"{NOT_DECIDED}: {reason}", distance)
    records = [numbers_of(record) for record in row.records]
    names = [name for name in shared_names(records) if name in theirs]
    runs, further = as_runs(records, names), [theirs[name] for name in names]
    p = p_value(runs, further)
    widths = zip(names, half_widths(runs, level), strict=True)
    loss = [half for name, half in widths if name.startswith(CURVES["loss"])]
    width = math.expm1(statistics.fmean(loss)) if loss else None
    if p < level:
        text = f"{FAILS}: {names[int(np.argmax(distances(runs, further)))]}, p {p_text(p)}"
    elif width and width > WIDEST:
        text = f"{NOT_DECIDED}: too wide (± {100 * width:.0f} %)"
    else:
        text = f"{HOLDS}: p {p_text(p)}"
    return LogTest(row, with_note(text, mixture([row])), distance, width)


def curve_distance(row: ModelResults, theirs: Sequence[float]) -> float | None:
    """Mean of |ln(ours / theirs)| over the epochs of a training loss: 0.1 is about 10 % apart.

    Ours is the geometric mean of the runs. None without a curve, or for other numbers of epochs.
    """
    curves = [record.history.get("loss", []) for record in row.records]
    if not theirs or {len(curve) for curve in curves} != {len(theirs)}:
        return None
    ours = (statistics.fmean(map(_log, losses)) for losses in zip(*curves, strict=True))
    return statistics.fmean(abs(a - _log(b)) for a, b in zip(ours, theirs, strict=True))


def numbers_of(record: Record) -> dict[str, float]:
    """Its curves, best and last validation by their names in words, as logarithms of errors."""
    ends = (record.metrics[name] for name in ("best_validation", "last_validation"))
    return _logarithms(record.metrics["metric"], lambda name: record.history.get(name, ()), *ends)


def _logarithms(
    metric: str, curve: Callable[[str], Sequence[float]], best: float | None, last: float | None
) -> dict[str, float]:
    """Losses fall to a tenth, and accuracies near 1 vary less: relative errors are compared."""
    kind = "accuracy" if metric == "accuracy" else "loss"
    values = {f"best validation {kind}": best, f"last validation {kind}": last}
    for column, words in CURVES.items():
        values |= {f"{words} at epoch {epoch}": v for epoch, v in enumerate(curve(column), 1)}
    known = {name: value for name, value in values.items() if value is not None}
    return {name: _log(1 - v if "accuracy" in name else v) for name, v in known.items()}


def value_of(name: str, logarithm: float) -> float:
    """The number of this name from its logarithm."""
    error = math.exp(logarithm) - ROUNDING
    return 1 - error if "accuracy" in name else error


def _log(error: float) -> float:
    return math.log(max(error, 0) + ROUNDING)


def shared_names(records: Sequence[dict[str, float]]) -> list[str]:
    """The numbers that every run has; some may have stopped at an earlier epoch."""
    return [name for name in records[0] if all(name in one for one in records)]


def as_runs(records: Sequence[dict[str, float]], names: Sequence[str]) -> Runs:
    """The named numbers of each run, in this order."""
    return tuple(tuple(one[name] for name in names) for one in records)


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
    estimates = tuple(one.estimate for one in measured)
    tests = [estimate.p_within(-margin, margin) for estimate in estimates]
    holds = max(test.holds for test in tests)
    fails = min(1, len(tests) * min(test.fails for test in tests))
    word, reason = decide(PValues(holds, fails))
    if word == NOT_DECIDED:
        first, second = (len(group.records) for group in groups)
        needed = max(_runs_needed(groups, name, margin) for name in names)
        if needed > min(first, second):
            reason += f"; some {needed} runs a side would be needed, there are {first} and {second}"
    note = mixture(groups, by_design)
    return Equivalence(groups, with_note(f"{word}: {reason}", note), estimates)


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
    """Somebody's runs of one experiment beside the reference."""

    pair: Comparison
    obstacle: str  # why they cannot be judged; empty if they can
    numbers: Sequence[Expected] = ()  # best and last validation, and the loss of each epoch

    @property
    def passed(self) -> bool:
        """Whether the runs lie where the reference does."""
        return not self.obstacle and all(one.place == "inside" for one in self.numbers)


def verify(rows: Sequence[ModelResults], reference: Sequence[ModelResults]) -> list[Verification]:
    """Judges somebody's networks and baselines by the reference's."""
    pairs = [compare_with_reference(row, reference) for row in rows]
    judged = [Verification(pair, _obstacle(pair)) for pair in pairs]
    random = sum(not one.obstacle and bool(one.pair.first.first.history) for one in judged)
    level = (1 - HONEST) / max(random, 1)
    return [
        one if one.obstacle else Verification(one.pair, "", _expected(one.pair, level))
        for one in judged
    ]


def _obstacle(pair: Comparison) -> str:
    """Why the runs cannot be judged."""
    if pair.second is None:
        return pair.obstacle
    protocol = pair.first.first.config["protocol"]
    # with some patience, they follow from the numbers
    trained = [] if protocol.get("patience") else ["epochs trained"]
    fixed = {*protocol, "metric", *trained}
    for one in differences(pair.first, pair.second):
        if one.is_new and one.kind == "settings" and one.name in fixed:
            return f"other protocol: {one.text}"
    n = len(pair.second.records)
    if pair.first.first.history and n < SEEDS_NEEDED:
        return f"an interval needs {SEEDS_NEEDED} seeds, and the reference has {n}"
    return ""


def _expected(pair: Comparison, level: float) -> list[Expected]:
    """Each number beside the interval in which it must lie."""
    own, ours = ([numbers_of(r) for r in group.records] for group in (pair.first, pair.second))
    # validation curves jump: with them, fewer than 99 of 100 honest folders would pass
    names = shared_names([*ours, *own])
    names = [name for name in names if CURVES["loss"] in name or "at epoch" not in name]
    theirs, mean = (np.mean(as_runs(one, names), 0) for one in (own, ours))
    if pair.first.first.history:
        away = half_widths(as_runs(ours, names), level, len(own))
    else:
        away = WITHOUT_CHANCE * np.exp(-mean)  # of a logarithm
    numbers = []
    for name, *logs in zip(names, theirs, mean - away, mean + away, strict=True):
        value, *ends = (value_of(name, log) for log in logs)
        numbers.append(Expected(name, value, *sorted(ends)))
    return numbers
