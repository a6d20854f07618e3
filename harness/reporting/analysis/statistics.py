"""Statistics of a few values, one a seed, for tables and verdicts.

The values are taken as independent and normally distributed, which gives Student's t. Equal values
tell nothing about the spread, so their mean has no interval.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Range = tuple[float, float]
UNBOUNDED: Range = (-math.inf, math.inf)

SEEDS_NEEDED = 5
"""Fewer seeds say too little about their spread: they are listed singly and decide nothing."""


@dataclass(frozen=True)
class Estimate:
    """A mean, or a difference of two, with what is known of its error.

    Attributes:
        value: the estimate.
        standard_error: its standard error; 0 where the values do not differ.
        df: degrees of freedom of Student's t.
    """

    value: float
    standard_error: float
    df: float

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
    """One quantity, measured once a seed.

    Attributes:
        values: one a seed.
        within: the lowest and the highest value that the quantity can have.
    """

    values: tuple[float, ...]
    within: Range = UNBOUNDED

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
