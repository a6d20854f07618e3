"""Is a published log reproduced? Two questions, for each network that was trained by its protocol.

Whether the log could be one more run of the original: the document's script on the Keras of its
time. And whether our network ends where the original does.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.records.alike import mixture
from harness.records.record import Record
from harness.reporting.analysis.equivalence import Equivalence, equivalence
from harness.reporting.analysis.further_run import (
    Calibration,
    Runs,
    calibrate,
    distances,
    half_widths,
    p_value,
)
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

ONE_MORE_RUN = "Published log is one more run of the original"
SAME_END = "Ours ends where the original does"

NO_ORIGINAL = f"{NOT_CHECKABLE}: no runs of the original"

WIDEST = 0.2
"""A test that lets the training loss be further off than this has shown nothing by not rejecting"""

CURVES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
}
SMALLEST = 5e-5  # logs are printed to four digits, and zero has no logarithm


@dataclass(frozen=True)
class LogTest:
    """A published log beside runs that it may be one more of.

    Attributes:
        row: the runs; None if there are none.
        verdict: one of the four words, and its reason.
        distance: mean of |ln(ours / theirs)| over the epochs' training loss, ours being the mean;
            None without a comparison.
        width: how far off the training loss must be to be noticed, as a share, its mean over the
            epochs; None for too few seeds.
    """

    row: ModelResults | None
    verdict: str
    distance: float | None = None
    width: float | None = None


@dataclass(frozen=True)
class Reproduction:
    """One network beside what was published of it, and beside the original.

    Attributes:
        row: its runs.
        of_original, of_ours: whether the published log could be one more of those runs.
        same_end: ours less the original; None without runs of the original.
    """

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
    calibration = calibrate(
        _matrix([_of_record(record) for record in row.records])
        for row in networks
        if not row.too_few_seeds
    )
    found = []
    for row in networks:
        if not row.variant:
            original = _original(row, networks)
            ends = original and equivalence(
                row, original, ("best_validation", "test_at_best"), by_design=("code", "layers")
            )
            tests = (_test(row, one, calibration.level) for one in (original, row))
            found.append(Reproduction(row, *tests, ends))
    return found, calibration


def _original(row: ModelResults, rows: Sequence[ModelResults]) -> ModelResults | None:
    """The runs of the document's own script on its own Keras, on the same data if there are any."""
    found = [
        one
        for one in rows
        if one.first.experiment == row.first.experiment
        and one.variant == {"keras": row.published.keras}
    ]
    return min(found, key=lambda one: not same_data(one.first, row.first), default=None)


def _test(ours: ModelResults, row: ModelResults | None, level: float) -> LogTest:
    """Whether what was published of `ours` could be one more run of `row`."""
    published = ours.published
    theirs = _logarithms(
        ours.metric, published.curve, published.best_validation, published.last_validation
    )
    if not theirs:
        return LogTest(row, f"{NOT_CHECKABLE}: nothing was published")
    if other := ours.unlike(published.speaks_of):
        return LogTest(row, f"{NOT_CHECKABLE}: {other}")
    if row is None:
        return LogTest(None, NO_ORIGINAL)
    distance = curve_distance(row, published.loss)
    if row.too_few_seeds:
        reason = f"{len(row.records)} of the {SEEDS_NEEDED} seeds that the rule needs"
        return LogTest(row, f"{NOT_DECIDED}: {reason}", distance)
    records = [_of_record(record) for record in row.records]
    names = [name for name in theirs if all(name in one for one in records)]
    runs, further = _matrix(records, names), [theirs[name] for name in names]
    p = p_value(runs, further)
    widths = dict(zip(names, half_widths(runs, level), strict=True))
    loss = [half for name, half in widths.items() if name.startswith(CURVES["loss"])]
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

    Args:
        row: our runs, of which the geometric mean is compared.
        theirs: one value an epoch.

    Returns:
        None without a curve, or for another number of epochs.
    """
    curves = [record.history.get("loss", []) for record in row.records]
    if not theirs or {len(curve) for curve in curves} != {len(theirs)}:
        return None
    pairs = zip(zip(*curves, strict=True), theirs, strict=True)
    return statistics.fmean(
        abs(statistics.fmean(map(_log, losses)) - _log(loss)) for losses, loss in pairs
    )


def _of_record(record: Record) -> dict[str, float]:
    metrics = record.metrics
    return _logarithms(
        metrics["metric"],
        lambda column: record.history.get(column, ()),
        metrics["best_validation"],
        metrics["last_validation"],
    )


def _logarithms(
    metric: str, curve: Callable[[str], Sequence[float]], best: float | None, last: float | None
) -> dict[str, float]:
    """All numbers of a run by their names, as logarithms of the loss or of the share of errors.

    Losses fall to a tenth, and accuracies near 1 vary less: relative differences of errors are what
    is alike at all epochs.
    """
    kind = "accuracy" if metric == "accuracy" else "loss"
    values = {f"best validation {kind}": best, f"last validation {kind}": last}
    for column, words in CURVES.items():
        values |= {f"{words} at epoch {epoch}": v for epoch, v in enumerate(curve(column), 1)}
    known = {name: value for name, value in values.items() if value is not None}
    return {name: _log(1 - v if "accuracy" in name else v) for name, v in known.items()}


def _log(error: float) -> float:
    return math.log(max(error, SMALLEST))


def _matrix(records: Sequence[dict[str, float]], names: Sequence[str] = ()) -> Runs:
    """The numbers of each run in the same order, all that every run has by default."""
    names = names or [name for name in records[0] if all(name in one for one in records)]
    return tuple(tuple(one[name] for name in names) for one in records)
