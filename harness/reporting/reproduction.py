"""Is a published log reproduced?

Of each network that was trained by its published protocol, two questions are asked: whether the log
could be one more run of the original, the document's network trained by the Keras of its time; and
whether our network ends where the original does, by a test of equivalence.

Whether a run could be one more of several others is one test over all of its numbers, some forty
for ten epochs. Each is compared with the mean of the others in units of what one more run would
deviate, `|x - mean| / (sd * sqrt(1 + 1 / n))`, and the largest of these distances decides: one
test, with one error rate, however many numbers there are.

How large it gets by chance is simulated, from normal runs with the correlations of ours. These are
estimated, and those of `n` runs have rank `n - 1`, so they are shrunk by the share that their own
error suggests (Schäfer and Strimmer, Statistical Applications in Genetics and Molecular Biology 4,
2005, article 32). Real runs are not normal, so the level of the test is set by our own runs, each
judged by the others of its group. `docs/verdicts.md` gives the reasons.
"""

import functools
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
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
from harness.reporting.groups import ModelResults, Published
from harness.reporting.statistics import LEVEL, SEEDS_NEEDED

ONE_MORE_RUN = "Log could be a run of the original"
SAME_END = "Same result as the original"
NO_ORIGINAL = f"{NOT_CHECKABLE}: no runs of the original"
WIDEST = 0.2  # a test that lets the training loss be further off shows nothing by not rejecting
ROUNDING = 5e-5  # of four printed digits; added to errors, for zero has no logarithm
CURVES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
}
DRAWS = 10_000  # distances that are simulated
MOST = 10_000_000  # random numbers for them: 10,000 groups of 16 runs, or fewer of more runs
EQUAL = 1e-9  # a deviation below it comes from rounding the mean of equal values

Runs = tuple[tuple[float, ...], ...]  # the numbers of each run


@dataclass(frozen=True)
class Calibration:
    """How often the test rejects our own runs, each judged by the others of its group."""

    runs: int  # that were judged
    at_5_percent: int  # rejected at the simulated 5 %
    level: float  # that is used: 5 %, or less if that rejects more than 5 % of them
    alarms: int  # rejected at this level


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
            if row.validated_on_test:
                names = ("last_validation", "test_at_end")
            ends = equivalence((row, original), names, by_design=("code", "layers"))
        else:
            same = of_ours.verdict.startswith(NOT_CHECKABLE)
            of_original, ends = LogTest(of_ours.verdict if same else NO_ORIGINAL), None
        found.append(Reproduction(row, of_original, of_ours, ends))
    return found, calibration


def _original(row: ModelResults, rows: Sequence[ModelResults]) -> ModelResults | None:
    """The runs of the document's network on its own Keras, on the same data if there are any."""
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


# --- whether a run could be one more of several others -----------------------------------------


def calibrate(groups: Iterable[Runs]) -> Calibration:
    """Sets the level so that at most 5 % of our own runs are rejected by their siblings.

    Each group has runs that differ in their seed only. A further run that is as odd as ours are is
    then rejected in 5 % of the cases at most, whatever the distribution (conformal prediction:
    Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005). Fewer than 20 runs
    cannot tell, and 5 % is taken.
    """
    p_values = sorted(
        # the correlations of all are good enough, and need one simulation a group
        _share_beyond(distances(group[:k] + group[k + 1 :], further), group, len(group) - 1)
        for group in groups
        for k, further in enumerate(group)
    )
    allowed = math.floor(LEVEL * (len(p_values) + 1))
    level = min(LEVEL, p_values[allowed - 1]) if allowed else LEVEL
    alarms, at_5_percent = (sum(p < limit for p in p_values) for limit in (level, LEVEL))
    return Calibration(len(p_values), at_5_percent, level, alarms)


def p_value(runs: Runs, further: Sequence[float]) -> float:
    """Chance that one more run lies as far from the others as this one, if they are normal."""
    return _share_beyond(distances(runs, further), runs, len(runs))


def distances(runs: Runs, further: Sequence[float]) -> np.ndarray:
    """Of each number from the mean of the others, in deviations of one more run."""
    return np.abs(further - np.mean(runs, 0)) / _deviations(runs)


def half_widths(runs: Runs, level: float, further: int = 1) -> np.ndarray:
    """How far each number of a mean over `further` runs must be from the others' to be rejected."""
    farthest = np.quantile(_farthest_by_chance(runs, len(runs)), 1 - level)
    return farthest * _deviations(runs, further)


def _deviations(runs: Runs, further: int = 1) -> np.ndarray:
    """Standard deviation of the mean of further runs from that of these, for each number.

    It is infinite where these agree: equal values do not tell how far others may lie.
    """
    sd = np.std(runs, 0, ddof=1) * math.sqrt(1 / further + 1 / len(runs))
    return np.where(sd > EQUAL, sd, np.inf)


def _share_beyond(away: np.ndarray, runs: Runs, n: int) -> float:
    """Share of the simulated cases in which some number is as far away as the farthest of these."""
    chance = _farthest_by_chance(runs, n)
    return float(1 + len(chance) - np.searchsorted(chance, away.max())) / (1 + len(chance))


@functools.cache  # one page asks for the same runs several times
def _farthest_by_chance(runs: Runs, n: int) -> np.ndarray:
    """The largest distance of one more run from `n` others, by simulation; sorted.

    Of many runs, fewer groups are simulated, and several runs of each are the one more in turn.
    """
    values = np.array(runs)  # (runs, numbers)
    count, numbers = values.shape
    scores = (values - values.mean(0)) / np.maximum(values.std(0, ddof=1), EQUAL)
    share = _shrinkage(scores)
    common = (scores * math.sqrt((1 - share) / (count - 1))).astype(np.float32)
    groups = min(DRAWS, MOST // ((n + 1) * (numbers + count)) + 1)
    own, shared = _normal((n + 1) * groups, numbers, count)
    made = (np.float32(math.sqrt(share)) * own + shared @ common).reshape(n + 1, groups, numbers)
    made -= made.mean(0)
    further = made[-math.ceil(DRAWS / groups) :]  # from the mean of all
    variance = ((made**2).sum(0) - further**2 * ((n + 1) / n)) / (n - 1)  # of the others
    away = np.abs(further) * ((n + 1) / n) / np.sqrt(variance * (1 + 1 / n))
    return np.sort(away.max(-1), axis=None)


@functools.lru_cache(maxsize=2)  # of 40 MB at most; most groups have as many runs and numbers
def _normal(rows: int, *columns: int) -> list[np.ndarray]:
    """Standard normal numbers, float32: an array of this many rows for each number of columns."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((rows, several), np.float32) for several in columns]


def _shrinkage(scores: np.ndarray) -> float:
    """Share by which the correlations of standardised numbers, (runs, numbers), are shrunk."""
    n, numbers = scores.shape
    products = scores[:, :, None] * scores[:, None, :]  # (runs, numbers, numbers)
    apart = ~np.eye(numbers, dtype=bool)
    variances = products.var(0)[apart].sum() * n**2 / (n - 1) ** 3
    squares = ((products.sum(0)[apart] / (n - 1)) ** 2).sum()
    return float(min(1, variances / squares)) if squares else 1.0
