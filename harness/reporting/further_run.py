"""Whether a run could be one more of several others: one test over all of its numbers.

A run of ten epochs has some forty numbers. Each is compared with the mean of the others in units of
what one more run would deviate, `|x - mean| / (sd * sqrt(1 + 1 / n))`, and the largest of these
distances decides: one test, with one error rate, however many numbers there are.

How large it gets by chance is simulated, from normal runs with the correlations of ours. These are
estimated, and those of `n` runs have rank `n - 1`, so they are shrunk by the share that their own
error suggests (Schäfer and Strimmer, Statistical Applications in Genetics and Molecular Biology 4,
2005, article 32). Real runs are not normal, so the level of the test is set by our own runs, each
judged by the others of its group. `docs/verdicts.md` gives the reasons.
"""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.reporting.statistics import LEVEL

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
