"""How much a number would change with other test samples, for the same trained networks.

Seeds show the chance in training. The test reviews, or weeks of weather, are a random sample too.
Their share is estimated by drawing them anew with replacement (the bootstrap; Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993). Two networks that are compared were tested on the same
samples, so each draw takes the same samples for both. Every draw has its own generator with a
fixed seed: the same records give the same bytes.
"""

import functools
from collections.abc import Sequence

import numpy as np

from harness.records.schema import Reviews, Samples, Weeks
from harness.reporting.analysis.statistics import Range

DRAWS = 10_000


def unpacked(reviews: Reviews) -> np.ndarray:
    """uint8, shape (reviews,): 1 for each correctly classified review."""
    return np.unpackbits(np.frombuffer(reviews.right, np.uint8), count=reviews.count)


def samples_interval(
    first: Sequence[Samples], second: Sequence[Samples] = (), level: float = 0.95
) -> Range:
    """Percentile bootstrap interval over test samples of a mean over seeds, or of a difference.

    Args:
        first: correctly classified reviews, or errors by week, of each seed of a network.
        second: the same for the network that is subtracted; empty if there is none.
        level: share of the draws inside the interval.

    Raises:
        ValueError: the runs were not tested on the same samples.
    """
    refuse_other_samples(first, second)
    draw = _accuracies if isinstance(first[0], Reviews) else _errors
    values = draw(first, second)  # (draws,)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def refuse_other_samples(*groups: Sequence[Samples]) -> None:
    """Several runs can be compared on the samples that all of them were tested on.

    Raises:
        ValueError: the runs were not tested on the same samples.
    """
    tested_on = {
        run.count if isinstance(run, Reviews) else (run.weeks, run.windows)
        for group in groups
        for run in group
    }
    if len(tested_on) > 1:
        raise ValueError("the runs were not tested on the same samples")


def _accuracies(first: Sequence[Reviews], second: Sequence[Reviews]) -> np.ndarray:
    """float64, shape (draws,): accuracies, or their differences, over reviews drawn anew.

    Each review counts with the share of seeds that classify it correctly. This share has few
    different values, and the number of times each is drawn is multinomial. That is a thousand times
    faster than drawing single reviews, and the distribution is the same.
    """
    # times both numbers of seeds, so that equal shares are equal integers
    hits = sum(unpacked(run).astype(np.int64) for run in first) * max(len(second), 1)
    if second:
        hits -= sum(unpacked(run).astype(np.int64) for run in second) * len(first)
    values, counts = np.unique(hits, return_counts=True)
    shares = counts / len(hits)
    drawn = np.random.default_rng(0).multinomial(len(hits), shares, DRAWS)  # (draws, values)
    return drawn @ values / (len(hits) * len(first) * max(len(second), 1))


def _errors(first: Sequence[Weeks], second: Sequence[Weeks]) -> np.ndarray:
    """float64, shape (draws,): mean absolute errors, or their differences, over weeks drawn anew.

    Whole weeks are drawn, because neighbouring hours have similar errors: single hours would count
    as far more independent weather than there is.
    """
    sums = np.mean([run.error_sums for run in first], axis=0)  # (weeks,)
    if second:
        sums = sums - np.mean([run.error_sums for run in second], axis=0)
    drawn = _drawn_weeks(len(sums))
    return (drawn @ sums) / (drawn @ np.array(first[0].windows))


@functools.cache
def _drawn_weeks(weeks: int) -> np.ndarray:
    """int64, shape (draws, weeks): how often each week is drawn. Only their number matters."""
    return np.random.default_rng(0).multinomial(weeks, np.full(weeks, 1 / weeks), DRAWS)
