"""Statistics: beside SciPy's own results, numbers worked out by hand, and what must always hold."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from harness.reporting.statistics import (
    Estimate,
    SeedStatistics,
    binomial_interval,
    estimate,
    hedges_g,
    holm,
    probability_of_superiority,
)

LSTM = [0.878, 0.871, 0.884, 0.869, 0.881]
NUMBERS = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
VALUES = st.lists(NUMBERS, min_size=2, max_size=8)


@pytest.mark.parametrize(
    ("values", "quantile"),  # of Student's t, as printed in its tables
    [((0.84, 0.86), 12.706), ((1, 2, 6), 4.303), ((0.2, 0.4, 0.5, 0.9, 0.3), 2.776)],
)
def test_the_interval_of_a_mean_is_students(values, quantile):
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    half = quantile * deviation / math.sqrt(len(values))
    assert estimate(values).interval() == pytest.approx((mean - half, mean + half), rel=1e-3)


def test_the_interval_of_one_more_run_by_hand():
    # mean 3, deviation sqrt(10 / 4), t(4) = 2.776: 3 ± 2.776 * sqrt(2.5 * (1 + 1 / 5))
    seeds = SeedStatistics((1, 2, 3, 4, 5))
    assert seeds.further == pytest.approx((-1.809, 7.809), abs=1e-3)
    assert SeedStatistics(seeds.values, within=(0, 6)).further == (0, 6)


@pytest.mark.parametrize("values", [(0.5,), (0.1, 0.1, 0.1), (2080,) * 6, (1, 2, 3, 4)])
def test_equal_or_too_few_values_have_no_interval(values):
    seeds = SeedStatistics(values)
    assert seeds.interval is None
    assert seeds.further is None


@given(VALUES, VALUES, st.sampled_from([0.9, 0.95, 0.99]))
def test_a_difference_is_scipys_of_welch(first, second, level):
    assume(len(set(first)) > 1 and len(set(second)) > 1)
    ours = estimate(first, second)
    theirs = stats.ttest_ind(first, second, equal_var=False)
    assert ours.df == pytest.approx(theirs.df)
    assert ours.value / ours.standard_error == pytest.approx(theirs.statistic, abs=1e-9)
    interval = theirs.confidence_interval(level)
    assert ours.interval(level) == pytest.approx((interval.low, interval.high), abs=1e-9)
    above = stats.ttest_ind(first, second, equal_var=False, alternative="greater").pvalue
    assert ours.p_within(0, math.inf) == pytest.approx((above, 1 - above))


def test_sums_of_means_by_hand():
    # the means' variances are 2 / 2 and 8 / 2: (1 + 4)² / (1² / 1 + 4² / 1) degrees of freedom
    difference = Estimate(-6, pytest.approx(math.sqrt(5)), pytest.approx(25 / 17))
    assert estimate([1, 3], [6, 10]) == difference
    twice = estimate([1, 3], [6, 10], [1, 3], [6, 10], weights=(0.5, -0.5, 0.5, -0.5))
    assert (twice.value, twice.df) == (-6, pytest.approx(50 / 17))
    assert twice.standard_error == pytest.approx(math.sqrt(5 / 2))


def test_a_single_value_is_taken_as_known_exactly():
    difference = estimate(LSTM, [0.85])
    alone = stats.ttest_1samp(LSTM, 0.85, alternative="greater")
    assert difference.df == 4
    assert difference.p_within(0, math.inf).holds == pytest.approx(alone.pvalue)


@pytest.mark.parametrize(
    ("values", "low", "expected"), [([1.0] * 3, 0.5, (0, 1)), ([1.0] * 3, 1, (0.5, 0.5))]
)
def test_equal_values_are_compared_without_a_test(values, low, expected):
    assert estimate(values).p_within(low, math.inf) == expected


def test_an_estimate_far_beyond_its_bound_keeps_its_small_p():
    assert 0 < Estimate(1.0, 0.001, 8).p_within(0, math.inf).holds < 1e-20


def test_hedges_g_by_hand():
    # means 2 and 4, pooled deviation 1; J(4) = Γ(2) / (sqrt(2) Γ(3/2)) = 0.797885
    assert hedges_g([1, 2, 3], [3, 4, 5]) == pytest.approx(-2 * 0.797885, rel=1e-6)
    assert hedges_g([1, 1], [1, 1]) is None
    assert hedges_g([1], [2, 3]) is None  # one degree of freedom has no correction


@given(VALUES, VALUES)
def test_superiority_is_mann_and_whitneys_share_of_pairs(first, second):
    u = stats.mannwhitneyu(first, second).statistic
    share = probability_of_superiority(first, second)
    assert share == pytest.approx(u / (len(first) * len(second)))


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # the example of the textbooks
        ([0.4, 0.6], [0.8, 0.8]),
        ([0.6, 0.7, 0.8], [1, 1, 1]),
    ],
)
def test_holm_by_hand(p_values, adjusted):
    assert holm(p_values) == pytest.approx(adjusted)


@pytest.mark.parametrize(
    ("found", "of", "expected"),  # R: binom.test
    [(0, 10, (0, 0.3085)), (9, 210, (0.0198, 0.0798)), (5, 5, (0.4782, 1))],
)
def test_a_binomial_interval_by_hand(found, of, expected):
    assert binomial_interval(found, of) == pytest.approx(expected, abs=1e-4)
