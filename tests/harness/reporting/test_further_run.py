"""One test over all numbers of a run: its error rate, and what it notices."""

import numpy as np
import pytest

from harness.reporting import reproduction
from harness.reporting.reproduction import calibrate, distances, half_widths, p_value
from harness.reporting.statistics import binomial_interval

NUMBERS = 20


def runs(rng, count, correlation=0.5):
    """Normal runs whose numbers move together; each number has a place and a scale of its own."""
    common, own = rng.standard_normal((count, 1)), rng.standard_normal((count, NUMBERS))
    values = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    values = 10.0 ** np.arange(NUMBERS) * (values + 3)  # (runs, numbers)
    return tuple(map(tuple, values.tolist()))


@pytest.mark.parametrize(("n", "correlation"), [(5, 0.0), (5, 0.8)])
def test_one_normal_run_in_twenty_is_rejected(n, correlation, monkeypatch):
    monkeypatch.setattr(reproduction, "DRAWS", 1000)  # faster
    rng = np.random.default_rng(1)
    cases = (runs(rng, n + 1, correlation) for _ in range(300))
    rejected = sum(p_value(case[:n], case[n]) < 0.05 for case in cases)
    low, high = binomial_interval(rejected, 300)
    assert low < 0.05 < high or rejected / 300 < 0.05
    assert rejected > 0


def test_a_run_that_is_shifted_throughout_is_noticed():
    rng = np.random.default_rng(2)
    *others, further = runs(rng, 11)
    others = tuple(others)
    shifted = further + 8 * np.std(others, 0, ddof=1)
    assert p_value(others, shifted) < 0.01 < 0.05 < p_value(others, further)
    # just as one number that lies beyond its width
    mean, width = np.mean(others, 0), half_widths(others, 0.05)
    for factor, noticed in ((0.99, False), (1.01, True)):
        one = mean.copy()
        one[7] += factor * width[7]
        assert (p_value(others, one) < 0.05) is noticed


def test_equal_numbers_tell_nothing_of_how_far_others_may_lie():
    same = ((0.1, 1.0), (0.1, 2.0), (0.1, 3.0))
    assert distances(same, (0.2, 2.0)).tolist() == [0, 0]
    assert half_widths(same, 0.05)[0] == np.inf
    assert p_value(same, (0.2, 2.0)) == 1


def test_means_of_further_runs_lie_closer():
    some = runs(np.random.default_rng(5), 5)
    one, four = (half_widths(some, 0.05, further) for further in (1, 4))
    assert four / one == pytest.approx(np.sqrt((1 / 4 + 1 / 5) / (1 + 1 / 5)))


def test_few_large_groups_tell_as_much_as_many(monkeypatch):
    some, widths = runs(np.random.default_rng(6), 30), []
    for most in (10**6, 10**8):
        monkeypatch.setattr(reproduction, "MOST", most)
        reproduction._farthest_by_chance.cache_clear()
        widths.append(half_widths(some, 0.05))
    assert widths[0] == pytest.approx(widths[1], rel=0.03)


@pytest.mark.parametrize("jumps", [False, True])
def test_the_level_is_lower_where_our_own_runs_jump(jumps):
    rng = np.random.default_rng(3)
    groups = np.array([runs(rng, 5) for _ in range(30)])  # (groups, runs, numbers)
    if jumps:
        groups[::3, 0, 4] += 1e6  # an epoch that fails, in every third group
    found = calibrate(tuple(map(tuple, group.tolist())) for group in groups)
    assert found.runs == 150
    assert found.alarms <= 0.05 * 150
    assert (found.level < 0.01) is (found.at_5_percent > 0.065 * 150) is jumps


def test_few_runs_leave_the_level_as_it_is():
    few = runs(np.random.default_rng(4), 5)
    assert calibrate([few]).level == 0.05
    assert calibrate([]).runs == 0
