"""Is a published log reproduced?

Of each network that was trained by its published protocol, two questions are asked: whether the log
could be one more run of the original, the document's script on the Keras of its time; and whether
our network ends where the original does, by a test of equivalence.
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
    Equivalence,
    equivalence,
    p_text,
    verdict_text,
)
from harness.reporting.conditions import mixture, same_data
from harness.reporting.further_run import (
    Calibration,
    Runs,
    calibrate,
    distances,
    half_widths,
    p_value,
)
from harness.reporting.groups import ModelResults, Published
from harness.reporting.statistics import SEEDS_NEEDED

ONE_MORE_RUN = "Log is one more run of the original"
SAME_END = "Ours ends where the original does"
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
    """Whether a published log could be one more of some runs."""

    verdict: str  # one of the four words, and its reason
    seeds: int = 0
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
    calibration = calibrate(as_runs(row.records) for row in networks if not row.too_few_seeds)
    found = []
    for row in networks:
        if row.variant:
            continue
        of_ours = log_test(row.published, row, calibration.level)
        if original := _original(row, networks):
            of_original = log_test(row.published, original, calibration.level)
            names = ("best_validation", "test_at_best")
            ends = equivalence((row, original), names, by_design=("code", "layers"))
        else:
            same = of_ours.verdict.startswith(NOT_CHECKABLE)
            of_original, ends = LogTest(of_ours.verdict if same else NO_ORIGINAL), None
        found.append(Reproduction(row, of_original, of_ours, ends))
    return found, calibration


def _original(row: ModelResults, rows: Sequence[ModelResults]) -> ModelResults | None:
    """The runs of the document's script on its own Keras, on the same data if there are any."""
    variant = {"keras": row.published.keras}
    same = [r for r in rows if r.first.experiment == row.first.experiment and r.variant == variant]
    return min(same, key=lambda one: not same_data(one.first, row.first), default=None)


def log_test(log: Published, row: ModelResults, level: float) -> LogTest:
    """Whether a published log could be one more of some runs, at this level of the test."""
    seeds = len(row.records)
    theirs = _logarithms(row.metric, log.curve, log.best_validation, log.last_validation)
    if not theirs:
        return LogTest(f"{NOT_CHECKABLE}: nothing was published", seeds)
    if other := row.unlike(log.speaks_of):
        return LogTest(f"{NOT_CHECKABLE}: {other}", seeds)
    distance = curve_distance(row, log.loss)
    if row.too_few_seeds:
        reason = f"{seeds} of the {SEEDS_NEEDED} seeds that the rule needs"
        return LogTest(f"{NOT_DECIDED}: {reason}", seeds, distance)
    ours = common_names(row.records)
    names = [name for name in theirs if name in ours]
    runs, further = as_runs(row.records, names), [theirs[name] for name in names]
    p = p_value(runs, further)
    widths = zip(names, half_widths(runs, level), strict=True)
    loss = [half for name, half in widths if name.startswith(CURVES["loss"])]
    width = math.expm1(statistics.fmean(loss)) if loss else None
    if p < level:
        farthest = names[int(np.argmax(distances(runs, further)))]
        word, reason = FAILS, f"{farthest}, p {p_text(p)}"
    elif width and width > WIDEST:
        word, reason = NOT_DECIDED, f"too wide (± {100 * width:.0f} %)"
    else:
        word, reason = HOLDS, f"p {p_text(p)}"
    return LogTest(verdict_text(word, reason, mixture([row.records])), seeds, distance, width)


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


def common_names(records: Sequence[Record]) -> list[str]:
    """The names of the numbers that all runs have; some may have stopped at earlier epochs."""
    found = list(map(numbers_of, records))
    return [name for name in found[0] if all(name in one for one in found)]


def as_runs(records: Sequence[Record], names: Sequence[str] = ()) -> Runs:
    """The named numbers of each run, or all that all of them have, in this order."""
    names = names or common_names(records)
    return tuple(tuple(map(numbers_of(record).get, names)) for record in records)


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
