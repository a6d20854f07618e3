"""Statistics: beside SciPy's own results, numbers worked out by hand, and what must always hold."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from harness.reporting.statistics import (
    Estimate,
    binomial_interval,
    hedges_g,
    holm,
    mean_estimate,
    prediction_interval,
    probability_of_superiority,
    welch_difference,
)

LSTM = [0.878, 0.871, 0.884, 0.869, 0.881]
NUMBERS = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
VALUES = st.lists(NUMBERS, min_size=2, max_size=8)
P_VALUES = st.lists(st.floats(0, 1), max_size=8)


def differ(*samples) -> bool:
    return all(len(set(values)) > 1 for values in samples)


@pytest.mark.parametrize(
    ("values", "quantile"),  # of Student's t, as printed in its tables
    [((0.84, 0.86), 12.706), ((1, 2, 6), 4.303), ((0.2, 0.4, 0.5, 0.9, 0.3), 2.776)],
)
def test_the_interval_of_a_mean_is_students(values, quantile):
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    half = quantile * deviation / math.sqrt(len(values))
    assert mean_estimate(values).interval() == pytest.approx((mean - half, mean + half), rel=1e-3)


def test_an_interval_is_cut_at_the_possible_range():
    low, high = mean_estimate([0.9, 0.99, 1.0]).interval(within=(0, 1))
    # mean 0.96333, deviation 0.05508: 0.96333 - 4.303 * 0.05508 / sqrt(3)
    assert (low, high) == (pytest.approx(0.8265, abs=1e-4), 1)
    assert mean_estimate([0.01, 0.0, 0.1]).interval(within=(0, 1))[0] == 0


@pytest.mark.parametrize("values", [(0.5,), (0.1, 0.1, 0.1), (2080, 2080)])
def test_one_value_and_equal_values_have_no_interval(values):
    assert mean_estimate(values).interval() is None
    assert prediction_interval(values) is None


@given(VALUES, VALUES, st.sampled_from([0.9, 0.95, 0.99]))
def test_welch_is_scipys(first, second, level):
    assume(differ(first, second))
    ours = welch_difference(first, second)
    theirs = stats.ttest_ind(first, second, equal_var=False)
    assert ours.df == pytest.approx(theirs.df)
    assert ours.value / ours.standard_error == pytest.approx(theirs.statistic, abs=1e-9)
    interval = theirs.confidence_interval(level)
    assert ours.interval(level) == pytest.approx((interval.low, interval.high), abs=1e-9)
    above = stats.ttest_ind(first, second, equal_var=False, alternative="greater").pvalue
    assert ours.p_above(0) == pytest.approx(above)
    assert ours.p_above(0) + ours.p_below(0) == pytest.approx(1)


def test_welch_by_hand():
    # the means' variances are 2 / 2 and 8 / 2: (1 + 4)² / (1² / 1 + 4² / 1) degrees of freedom
    difference = welch_difference([1, 3], [6, 10])
    assert difference == Estimate(-6, pytest.approx(math.sqrt(5)), pytest.approx(25 / 17))


def test_a_single_value_is_taken_as_known_exactly():
    difference = welch_difference(LSTM, [0.85])
    alone = stats.ttest_1samp(LSTM, 0.85, alternative="greater")
    assert difference.df == 4
    assert difference.p_above(0) == pytest.approx(alone.pvalue)


def test_equal_values_are_compared_without_a_test():
    same = mean_estimate([1.0, 1.0, 1.0])
    assert same.interval() is None
    assert (same.p_above(0.5), same.p_below(0.5)) == (0, 1)
    assert (same.p_above(1), same.p_below(1)) == (0.5, 0.5)
    assert welch_difference([2, 2], [1, 1]).p_above(0) == 0


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
    assert share + probability_of_superiority(second, first) == pytest.approx(1)


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


@given(P_VALUES)
def test_holm_raises_p_values_and_keeps_their_order(p_values):
    adjusted = holm(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    in_order = [adjusted[place] for place in order]
    assert in_order == sorted(in_order)


@pytest.mark.parametrize(
    ("found", "of", "expected"),  # R: binom.test
    [
        (0, 10, (0, 0.3085)),
        (1, 10, (0.0025, 0.4450)),
        (9, 210, (0.0198, 0.0798)),
        (5, 5, (0.4782, 1)),
    ],
)
def test_a_binomial_interval_by_hand(found, of, expected):
    assert binomial_interval(found, of) == pytest.approx(expected, abs=1e-4)


def test_a_prediction_interval_by_hand():
    # mean 2, deviation 1, t = 4.303: 2 ± 4.303 * sqrt(4 / 3)
    assert prediction_interval([1, 2, 3]) == pytest.approx((-2.968, 6.968), abs=1e-3)
    assert prediction_interval([1, 2, 3], within=(0, 5)) == (0, 5)


def test_an_estimate_far_beyond_its_bound_keeps_its_small_p():
    assert 0 < Estimate(1.0, 0.001, 8).p_above(0) < 1e-20
