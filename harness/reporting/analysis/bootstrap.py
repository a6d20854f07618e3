"""How far a number would move with other test samples, the trained networks staying as they are.

The seeds say what chance in training leaves open. The test reviews, or weeks of weather, are a draw
too: what they leave open comes from drawing them anew with replacement (the bootstrap; Efron and
Tibshirani, "An Introduction to the Bootstrap", 1993). Networks that are compared were tested on the
same samples, so that each draw takes the same ones for both. Every call draws from a generator of
its own with a fixed seed: same records, same bytes.
"""

from collections.abc import Sequence

import numpy as np

from harness.records.predictions import Reviews, Samples
from harness.reporting.analysis.statistics import Range

DRAWS = 10_000


def mcnemar(first: Reviews, second: Reviews) -> tuple[int, int, float]:
    """McNemar's exact test: are two classifiers, one run of each, wrong equally often?

    Only reviews on which they disagree tell: if both are equally good, each such review is a fair
    coin, and the two-sided p-value is `2 P(X <= min(b, c))` for X binomial(b + c, 1/2), 1 at most.
    Source: McNemar, Psychometrika 12 (1947); Dietterich, Neural Computation 10 (1998).

    Returns:
        Reviews that only the first has right, that only the second has right, and the p-value.
    """
    from scipy.special import bdtr  # slow to load, and most readers of records need it not

    ours, theirs = unpacked(first), unpacked(second)
    _expect_same(len(ours) == len(theirs))
    b, c = int(np.sum(ours > theirs)), int(np.sum(theirs > ours))
    return b, c, min(1.0, 2 * float(bdtr(min(b, c), b + c, 0.5))) if b + c else 1.0


def unpacked(reviews: Reviews) -> np.ndarray:
    """uint8, shape (reviews,): 1 for each that was classified rightly."""
    return np.unpackbits(np.frombuffer(reviews.right, np.uint8), count=reviews.count)


def samples_interval(
    first: Sequence[Samples], second: Sequence[Samples] = (), level: float = 0.95
) -> Range:
    """Percentile bootstrap interval over test samples of a mean over seeds, or of a difference.

    Args:
        first: what each seed of a network has right, or its errors by week.
        second: likewise of the network that is subtracted; empty where there is none.
        level: share of the draws that lie in it.

    Raises:
        ValueError: the runs were not tested on the same samples.
    """
    draw = _accuracies if isinstance(first[0], Reviews) else _errors
    values = draw(first, second, np.random.default_rng(0))  # (draws,)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _accuracies(
    first: Sequence[Reviews], second: Sequence[Reviews], generator: np.random.Generator
) -> np.ndarray:
    """float64, shape (draws,): accuracies, or their differences, over reviews drawn anew.

    Each review has the share of the seeds that have it right. It takes few different values, and
    how often each is drawn is multinomial: the same draws as of the reviews, in a thousandth of
    the time.
    """
    _expect_same(len({run.count for run in (*first, *second)}) == 1)
    # multiplied by both numbers of seeds: whole numbers, equal where the shares are
    hits = sum(unpacked(run).astype(np.int64) for run in first) * max(len(second), 1)
    if second:
        hits -= sum(unpacked(run).astype(np.int64) for run in second) * len(first)
    values, counts = np.unique(hits, return_counts=True)
    drawn = generator.multinomial(len(hits), counts / len(hits), size=DRAWS)  # (draws, values)
    return drawn @ values / (len(hits) * len(first) * max(len(second), 1))


def _errors(first: Sequence, second: Sequence, generator: np.random.Generator) -> np.ndarray:
    """float64, shape (draws,): mean absolute errors, or their differences, over weeks drawn anew.

    Whole weeks are drawn, because the errors of neighbouring hours resemble each other: hours drawn
    one by one would look like far more weather than there is.
    """
    _expect_same(len({(run.weeks, run.windows) for run in (*first, *second)}) == 1)
    sums = np.mean([run.error_sums for run in first], axis=0)  # (weeks,)
    if second:
        sums = sums - np.mean([run.error_sums for run in second], axis=0)
    weeks = len(sums)
    drawn = generator.multinomial(weeks, np.full(weeks, 1 / weeks), size=DRAWS)  # (draws, weeks)
    return (drawn @ sums) / (drawn @ np.array(first[0].windows))


def _expect_same(same: bool) -> None:
    if not same:
        raise ValueError("the runs were not tested on the same samples")
