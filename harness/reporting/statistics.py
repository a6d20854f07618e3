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
from typing import NamedTuple

import numpy as np

from harness.records.schema import Reviews, Samples

Range = tuple[float, float]
UNBOUNDED: Range = (-math.inf, math.inf)
LEVEL = 0.05  # of every test, and 1 less that of every interval
SEEDS_NEEDED = 5  # fewer say too little about their spread: listed singly, they decide nothing
DRAWS = 10_000  # of the test samples


class PValues(NamedTuple):
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

        None without a standard error, since an interval without width would claim a certainty that
        a few equal values do not give.
        """
        if not self.standard_error:
            return None
        from scipy.special import stdtrit  # slow to load, and not needed for single seeds

        half = float(stdtrit(self.df, (1 + level) / 2)) * self.standard_error
        return max(self.value - half, within[0]), min(self.value + half, within[1])

    def p_within(self, low: float, high: float) -> PValues:
        """Whether the true value lies within bounds, of which one may be infinite.

        Inside means above the one and below the other (Schuirmann's two one-sided tests, J.
        Pharmacokinetics and Biopharmaceutics 15, 1987); outside means either.
        """
        inside = self._p_of(self.value - low), self._p_of(high - self.value)
        outside = self._p_of(low - self.value), self._p_of(self.value - high)
        return PValues(max(inside), min(outside))

    def _p_of(self, excess: float) -> float:
        """Chance of an excess over a bound as large or larger, if there is none in truth."""
        if not self.standard_error or math.isinf(excess):
            return 0.5 if excess == 0 else float(excess < 0)
        from scipy.special import stdtr

        return float(stdtr(self.df, -excess / self.standard_error))


def estimate(*samples: Sequence[float], weights: Sequence[float] = (1, -1)) -> Estimate:
    """The mean of one sample, the difference of the means of two, or another sum of such means.

    The variances may differ. With `v = (weight * sd)² / n` of each sample, the standard error is
    `sqrt(Σ v)`, and there are `(Σ v)² / Σ (v² / (n - 1))` degrees of freedom.
    Sources: Student, "The probable error of a mean", Biometrika 6 (1908); Welch, "The
    generalization of 'Student's' problem", Biometrika 34 (1947).

    Args:
        samples: unpaired values; a single one counts as known exactly, such as that of a baseline
            without chance.
        weights: one a sample.
    """
    weighted = list(zip(weights[: len(samples)], samples, strict=True))
    parts = [
        (w * w * statistics.variance(values) / len(values), len(values) - 1)
        for w, values in weighted
        if len(values) > 1
    ]
    variance = math.fsum(v for v, _ in parts)
    # divided by the largest, so that the square of a tiny variance does not vanish
    largest = max((v for v, _ in parts), default=0.0)
    squares = math.fsum((v / largest) ** 2 / df for v, df in parts) if largest else 0.0
    df = (variance / largest) ** 2 / squares if squares else math.inf
    value = math.fsum(w * statistics.fmean(values) for w, values in weighted)
    return Estimate(value, math.sqrt(variance), df)


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
        return None if self.too_few else estimate(self.values).interval(within=self.within)

    @property
    def further(self) -> Range | None:
        """Where one further run lies in 95 % of cases: `mean ± t(n - 1) * sd * sqrt(1 + 1 / n)`.

        None for too few seeds and for equal values.
        Source: Hahn and Meeker, "Statistical Intervals" (1991), chapter 4.
        """
        if self.too_few:
            return None
        error = self.sd * math.sqrt(1 + 1 / self.n)
        return Estimate(self.mean, error, self.n - 1).interval(within=self.within)


def binomial_interval(found: int, of: int) -> Range:
    """95 % interval of a share: `found` cases of `of`.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case
    of the binomial", Biometrika 26 (1934).
    """
    from scipy.special import betaincinv  # slow to load

    low = betaincinv(found, of - found + 1, 0.025) if found else 0.0
    high = betaincinv(found + 1, of - found, 0.975) if found < of else 1.0
    return float(low), float(high)


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


def pairs_within(
    first: Sequence[float], second: Sequence[float], low: float, high: float
) -> PValues:
    """Whether the first less the second lies within bounds, for most pairs of a run of each.

    That is whether the median of these differences lies within them. Neither shape nor spread need
    be alike. One bound may be infinite; two are tested as by `Estimate.p_within`.
    Source: Brunner and Munzel, "The nonparametric Behrens-Fisher problem: asymptotic theory and a
    small-sample approximation", Biometrical J. 42 (2000).
    """
    inside = _p_above(first, second, low), _p_above(second, first, -high)
    outside = _p_above(second, first, -low), _p_above(first, second, high)
    return PValues(max(inside), min(outside))


def _p_above(first: Sequence[float], second: Sequence[float], bound: float) -> float:
    """Chance of so many pairs that differ by more than a bound, if half of them do in truth."""
    if math.isinf(bound):
        return float(bound > 0)
    from scipy.stats import brunnermunzel  # slow to load

    shifted = [value - bound for value in first]
    share = probability_of_superiority(shifted, second)
    if share in (0, 1):  # no spread to estimate: that of all orders of the runs
        chance = 1 / math.comb(len(first) + len(second), len(first))
        return chance if share else 1 - chance
    return float(brunnermunzel(shifted, second, alternative="greater").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: any below 0.05 at all is wrong in 5 % of such families at most.

    In order of size, the i-th of m is multiplied by `m - i + 1`, and none is below the one before.
    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian J.
    Statistics 6 (1979).
    """
    p = np.array(p_values)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    raised = np.minimum(1, p[order] * np.arange(len(p), 0, -1))
    adjusted[order] = np.maximum.accumulate(raised)
    return adjusted.tolist()


def unpacked(reviews: Reviews) -> np.ndarray:
    """uint8, shape (reviews,): 1 for each correctly classified review."""
    return np.unpackbits(np.frombuffer(reviews.right, np.uint8), count=reviews.count)


def same_samples(*groups: Sequence[Samples]) -> bool:
    """Whether all runs were tested on the same samples; only then can they be compared on them."""
    tested_on = {
        run.count if isinstance(run, Reviews) else (run.weeks, run.windows)
        for group in groups
        for run in group
    }
    return len(tested_on) == 1


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
    if not same_samples(first, second):
        raise ValueError("the runs were not tested on the same samples")
    if isinstance(first[0], Reviews):
        # Each review counts with the share of seeds that classify it correctly, here times both
        # numbers of seeds, so that equal shares are equal integers. They have few different values,
        # and how often each is drawn is multinomial: a thousand times faster than drawing reviews.
        scale = max(len(second), 1)
        right = scale * sum(unpacked(run).astype(np.int64) for run in first)
        right -= len(first) * sum(unpacked(run).astype(np.int64) for run in second)
        values, counts = np.unique(right, return_counts=True)
        sizes = np.full(len(values), scale * len(first))
    else:
        # Whole weeks are drawn, because neighbouring hours have similar errors: single hours would
        # count as far more independent weather than there is.
        values = np.mean([run.error_sums for run in first], axis=0)  # (weeks,)
        values -= np.mean([run.error_sums for run in second], axis=0) if second else 0
        sizes, counts = np.array(first[0].windows), np.ones(len(values), int)
    drawn = _drawn(tuple(counts))
    means = (drawn @ values) / (drawn @ sizes)  # (draws,)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@functools.lru_cache(maxsize=4)  # of the same weeks many times; a draw of reviews takes 30 MB
def _drawn(counts: tuple[int, ...]) -> np.ndarray:
    """int64, shape (draws, kinds): how often samples of each kind are drawn, if so many exist."""
    share = np.array(counts) / sum(counts)
    return np.random.default_rng(0).multinomial(sum(counts), share, DRAWS)
