"""Is a published log reproduced? Two questions, for each network that was trained by its protocol.

Whether the log could be one more run of the original, the document's script on the Keras of its
time; and whether our network ends where the original does.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.records.record import Record
from harness.reporting.alike import mixture
from harness.reporting.analysis.equivalence import Equivalence, equivalence
from harness.reporting.analysis.further_run import (
    Calibration,
    Runs,
    calibrate,
    distances,
    half_widths,
    p_value,
)
from harness.reporting.analysis.published import Published
from harness.reporting.analysis.reference import same_data
from harness.reporting.analysis.results import ModelResults
from harness.reporting.analysis.statistics import SEEDS_NEEDED
from harness.reporting.analysis.verdicts import (
    FAILS,
    HOLDS,
    NOT_CHECKABLE,
    NOT_DECIDED,
    p_text,
    with_note,
)

ONE_MORE_RUN = "Log is one more run of the original"
SAME_END = "Ours ends where the original does"
ENDS = ("best_validation", "test_at_best")
NO_ORIGINAL = f"{NOT_CHECKABLE}: no runs of the original"

WIDEST = 0.2  # a test that lets the training loss be further off shows nothing by not rejecting
ROUNDING = 5e-5  # of four printed digits; added to errors, for zero has no logarithm
CURVES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
}


@dataclass(frozen=True)
class LogTest:
    """A published log beside runs that it may be one more of.

    Attributes:
        row: the runs; None if there are none.
        verdict: one of the four words, and its reason.
        distance: of the training loss from that of the runs, as in `curve_distance`.
        width: how far off the training loss must be to be noticed, as a share, its mean over the
            epochs; None for too few seeds.
    """

    row: ModelResults | None
    verdict: str
    distance: float | None = None
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
    calibration = calibrate(as_runs(group, group[0]) for group in groups)
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
    names = [name for name in theirs if name in records[0]]
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
    return LogTest(row, with_note(text, mixture([row.records])), distance, width)


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


def as_runs(records: Sequence[dict[str, float]], names: Sequence[str]) -> Runs:
    """The named numbers of each run, in this order."""
    return tuple(tuple(one[name] for name in names) for one in records)
