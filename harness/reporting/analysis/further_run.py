"""Whether a run could be one more of several others: one test over all of its numbers.

A run of ten epochs has some forty numbers. Each is compared with the mean of the others in units of
what one more run would deviate, `|x - mean| / (sd * sqrt(1 + 1 / n))`, and the largest of these
distances decides. So there is one test, with one error rate, however many numbers there are.

How large it gets by chance is simulated. The distance does not change with the place and the scale
of a number, so for normal runs its distribution depends on their number and on the correlations
alone. Drawing `n + 1` runs with the correlations of ours, and computing mean, deviation and
distance from them anew, gives that distribution with its `n - 1` degrees of freedom.

The correlations are estimated. Those of `n` runs have rank `n - 1`: taken as they are, the numbers
seem to move together more than they do, and with forty numbers 6 % of normal runs are rejected
instead of 5 %. So they are shrunk towards zero by the share that their own error suggests (Schäfer
and Strimmer, Statistical Applications in Genetics and Molecular Biology 4, 2005, article 32), with
which it is 4 %.

That runs are normal is an assumption, and validation curves do jump more often than it allows. So
the level of the test is set by our own runs, each judged by the others of its group (`calibrate`).
"""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.reporting.analysis.verdicts import LEVEL

DRAWS = 10_000

Runs = tuple[tuple[float, ...], ...]  # numbers of each run


@dataclass(frozen=True)
class Calibration:
    """How often the test rejects our own runs, each judged by the others of its group.

    Attributes:
        runs: how many runs were judged.
        at_5_percent: how many the test rejects at its simulated 5 %.
        level: the simulated level that is used: 5 %, or less if that rejects more than 5 % of them.
        alarms: how many it rejects at this level.
    """

    runs: int
    at_5_percent: int
    level: float
    alarms: int


def calibrate(groups: Iterable[Runs]) -> Calibration:
    """Sets the level so that at most 5 % of our own runs are rejected by their siblings.

    A further run that is as odd as ours are is then rejected in 5 % of the cases at most, whatever
    the distribution (the argument of conformal prediction: Vovk, Gammerman and Shafer, "Algorithmic
    Learning in a Random World", 2005). Below 20 runs there is no telling, and 5 % is taken.

    Args:
        groups: runs that differ in their seed only.
    """
    p_values = sorted(
        _p_value(
            group[:place] + group[place + 1 :], further, _farthest_by_chance(group, len(group) - 1)
        )
        for group in groups
        for place, further in enumerate(group)
    )
    allowed = math.floor(LEVEL * (len(p_values) + 1))
    level = min([LEVEL, *p_values[allowed - 1 : allowed]]) if allowed else LEVEL
    alarms, at_5_percent = (sum(p < limit for p in p_values) for limit in (level, LEVEL))
    return Calibration(len(p_values), at_5_percent, level, alarms)


def p_value(runs: Runs, further: Sequence[float]) -> float:
    """Chance that one more run lies as far from the others as this one, if they are normal.

    Args:
        runs: at least three.
        further: its numbers.
    """
    return _p_value(runs, further, _farthest_by_chance(runs, len(runs)))


def _p_value(runs: Runs, further: Sequence[float], chance: np.ndarray) -> float:
    farthest = distances(runs, further).max()
    return float(1 + len(chance) - np.searchsorted(chance, farthest)) / (1 + len(chance))


def distances(runs: Runs, further: Sequence[float]) -> np.ndarray:
    """Of each number from the mean of the others, in deviations of one more run.

    Where the others agree, any other value is infinitely far.
    """
    values = np.array(runs)  # (runs, numbers)
    away = np.abs(further - values.mean(0))
    away[np.ptp(values, 0) == 0] = 0  # the mean of equal values is rounded
    away[(np.ptp(values, 0) == 0) & (further != values[0])] = np.inf
    scale = values.std(0, ddof=1) * math.sqrt(1 + 1 / len(values))
    return away / np.where(scale > 0, scale, 1)


def half_widths(runs: Runs, level: float) -> np.ndarray:
    """How far each number of one more run must be from the mean to be rejected."""
    values = np.array(runs)  # (runs, numbers)
    farthest = np.quantile(_farthest_by_chance(runs, len(runs)), 1 - level)
    return farthest * values.std(0, ddof=1) * math.sqrt(1 + 1 / len(values))


@functools.cache  # one page asks for the same runs several times
def _farthest_by_chance(runs: Runs, n: int) -> np.ndarray:
    """The largest distance of one more run like these from `n` others, in simulated cases; sorted.

    To leave one out, the correlations of all are good enough, and need one simulation a group.
    """
    values = np.array(runs)  # (runs, numbers)
    count, numbers = values.shape
    deviation = values.std(0, ddof=1)
    scores = (values - values.mean(0)) / np.where(deviation > 0, deviation, 1)  # (runs, numbers)
    share = _shrinkage(scores)
    common = (scores * math.sqrt((1 - share) / (count - 1))).astype(np.float32)
    draw = functools.partial(np.random.default_rng(0).standard_normal, dtype=np.float32)
    made = np.float32(math.sqrt(share)) * draw(((n + 1) * DRAWS, numbers))
    made += draw(((n + 1) * DRAWS, count)) @ common
    *others, further = made.reshape(n + 1, DRAWS, numbers)
    mean = sum(others) / n  # (draws, numbers)
    squares = sum((one - mean) ** 2 for one in others)
    scale = np.sqrt(squares / (n - 1) * (1 + 1 / n))
    return np.sort((np.abs(further - mean) / scale).max(1))


def _shrinkage(scores: np.ndarray) -> float:
    """Share by which correlations are shrunk: their estimated variances over their squares.

    Args:
        scores: standardised numbers, shape (runs, numbers).
    """
    n, numbers = scores.shape
    products = scores[:, :, None] * scores[:, None, :]  # (runs, numbers, numbers)
    apart = ~np.eye(numbers, dtype=bool)
    variances = products.var(0)[apart].sum() * n**2 / (n - 1) ** 3
    squares = ((products.sum(0)[apart] / (n - 1)) ** 2).sum()
    return float(min(1, variances / squares)) if squares else 1.0
