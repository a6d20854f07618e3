"""Statistics for tables and verdicts: of a few values, one a seed, and of many test samples.

Values of seeds are taken as independent and normally distributed, which gives Student's t. Equal
values tell nothing about the spread, so their mean has no interval.

Seeds show the chance in training. The test reviews, or weeks of weather, are a random sample too.
Their share is estimated by drawing them anew with replacement (the bootstrap; Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993). Two networks that are compared were tested on the same
samples, so each draw takes the same samples for both. Every draw has its own generator with a
fixed seed: the same records give the same bytes.
"""

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.records.schema import Reviews, Samples, Weeks

Range = tuple[float, float]
UNBOUNDED: Range = (-math.inf, math.inf)
LEVEL = 0.05  # of every test, and 1 less that of every interval
SEEDS_NEEDED = 5  # fewer say too little about their spread: listed singly, they decide nothing
DRAWS = 10_000  # of the test samples


@dataclass(frozen=True)
class PValues:
    """How likely values at least this extreme are if the verdict is wrong, for each verdict."""

    holds: float
    fails: float


@dataclass(frozen=True)
class Estimate:
    """A mean, or a difference of two, with what is known of its error."""

    value: float
    standard_error: float  # 0 where the values do not differ
    df: float  # degrees of freedom of Student's t

    def interval(self, level: float = 0.95, within: Range = UNBOUNDED) -> Range | None:
        """`value ± t(df, (1 + level) / 2) * standard_error`, cut at what is possible.

        Args:
            level: share of such intervals that hold the true value.
            within: the lowest and the highest value that the quantity can have.

        Returns:
            Its ends; None without a standard error, since an interval without width would claim a
            certainty that a few equal values do not give.
        """
        if not self.standard_error:
            return None
        from scipy.special import stdtrit  # slow to load, and not needed for single seeds

        half = float(stdtrit(self.df, (1 + level) / 2)) * self.standard_error
        return max(self.value - half, within[0]), min(self.value + half, within[1])

    def p_above(self, bound: float) -> float:
        """One-sided p-value for "the true value is above the bound"."""
        return _upper_tail(self.value - bound, self.standard_error, self.df)

    def p_below(self, bound: float) -> float:
        """One-sided p-value for "the true value is below the bound"."""
        return _upper_tail(bound - self.value, self.standard_error, self.df)

    def p_within(self, low: float, high: float) -> PValues:
        """Whether the true value lies within bounds.

        Inside means above the one and below the other (Schuirmann's two one-sided tests, J.
        Pharmacokinetics and Biopharmaceutics 15, 1987); outside means either.
        """
        inside = max(self.p_above(low), self.p_below(high))
        return PValues(inside, min(self.p_below(low), self.p_above(high)))


def mean_estimate(values: Sequence[float]) -> Estimate:
    """The mean: standard error `sd / sqrt(n)`, `n - 1` degrees of freedom.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908).

    Args:
        values: a single one counts as known exactly, such as that of a baseline without chance.
    """
    n = len(values)
    error = statistics.stdev(values) / math.sqrt(n) if n > 1 else 0.0
    return Estimate(statistics.fmean(values), error, max(n - 1, 1))


@dataclass(frozen=True)
class SeedStatistics:
    """One quantity, measured once a seed."""

    values: tuple[float, ...]
    within: Range = UNBOUNDED  # the lowest and the highest value that the quantity can have

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def too_few(self) -> bool:
        """Whether there are too few seeds for a mean that says something."""
        return self.n < SEEDS_NEEDED

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def sd(self) -> float | None:
        """Sample standard deviation (n - 1); None for a single value."""
        return statistics.stdev(self.values) if self.n > 1 else None

    @property
    def interval(self) -> Range | None:
        """Student's 95 % interval of the mean; None for too few seeds and for equal values."""
        return None if self.too_few else mean_estimate(self.values).interval(within=self.within)

    @property
    def further(self) -> Range | None:
        """Where one further run lies; None for too few seeds and for equal values."""
        return None if self.too_few else prediction_interval(self.values, within=self.within)


def binomial_interval(found: int, of: int) -> Range:
    """95 % interval of a share: `found` cases of `of`.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case
    of the binomial", Biometrika 26 (1934).
    """
    from scipy.special import betaincinv  # slow to load

    low = betaincinv(found, of - found + 1, 0.025) if found else 0.0
    high = betaincinv(found + 1, of - found, 0.975) if found < of else 1.0
    return float(low), float(high)


def welch_difference(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Mean of the first less that of the second; their variances may differ.

    With `v = sd² / n` of each: standard error `sqrt(v1 + v2)` and
    `(v1 + v2)² / (v1² / (n1 - 1) + v2² / (n2 - 1))` degrees of freedom.
    Source: Welch, "The generalization of 'Student's' problem", Biometrika 34 (1947).

    Args:
        first, second: unpaired values; a single one counts as known exactly.
    """
    parts = [(statistics.variance(v) / len(v), len(v) - 1) for v in (first, second) if len(v) > 1]
    variance = math.fsum(v for v, _ in parts)
    # divided by the largest, so that the square of a tiny variance does not vanish
    largest = max((v for v, _ in parts), default=0.0)
    squares = math.fsum((v / largest) ** 2 / df for v, df in parts) if largest else 0.0
    df = (variance / largest) ** 2 / squares if squares else math.inf
    value = statistics.fmean(first) - statistics.fmean(second)
    return Estimate(value, math.sqrt(variance), df)


def hedges_g(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Difference of the means in standard deviations, less its bias in small samples.

    `J * (mean1 - mean2) / s`, where `s` is the pooled standard deviation, `m = n1 + n2 - 2` and
    `J = Γ(m / 2) / (sqrt(m / 2) Γ((m - 1) / 2))`; None where the values do not differ or `m < 2`.
    Source: Hedges, "Distribution theory for Glass's estimator of effect size", J. Educational
    Statistics 6 (1981).
    """
    m = len(first) + len(second) - 2
    squares = math.fsum(
        (value - statistics.fmean(side)) ** 2 for side in (first, second) for value in side
    )
    if m < 2 or not squares:
        return None
    correction = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    difference = statistics.fmean(first) - statistics.fmean(second)
    return correction * difference / math.sqrt(squares / m)


def probability_of_superiority(first: Sequence[float], second: Sequence[float]) -> float:
    """Chance that one value of the first is above one of the second, a tie counting half.

    Source: Vargha and Delaney, "A critique and improvement of the CL common language effect size
    statistics", J. Educational and Behavioral Statistics 25 (2000).
    """
    pairs = [(a > b) + (a == b) / 2 for a in first for b in second]
    return statistics.fmean(pairs)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: any below 0.05 at all is wrong in 5 % of such families at most.

    In order of size, the i-th of m is multiplied by `m - i + 1`, and none is below the one before.
    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian J.
    Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, lowest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        lowest = max(lowest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = lowest
    return adjusted


def prediction_interval(
    values: Sequence[float], level: float = 0.95, within: Range = UNBOUNDED
) -> Range | None:
    """Where one further run lies: `mean ± t(n - 1) * sd * sqrt(1 + 1 / n)`.

    It is cut at what is possible. None for one value and for equal ones.
    Source: Hahn and Meeker, "Statistical Intervals" (1991), chapter 4.

    Args:
        values: one a run.
        level: share of such runs that lie in the interval.
        within: the lowest and the highest value that the quantity can have.
    """
    n = len(values)
    error = statistics.stdev(values) * math.sqrt(1 + 1 / n) if n > 1 else 0.0
    return Estimate(statistics.fmean(values), error, n - 1).interval(level, within)


def _upper_tail(excess: float, standard_error: float, df: float) -> float:
    """Chance of an excess as large or larger, if there is none in truth."""
    if not standard_error or math.isinf(excess):
        return 0.5 if excess == 0 else float(excess < 0)
    from scipy.special import stdtr

    return float(stdtr(df, -excess / standard_error))


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
