"""Stored predictions: read back, and drawn anew for the interval over test samples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from records import packed

from harness.records.schema import Reviews, Samples, Weeks, pack_right, validated, weekly_errors
from harness.reporting.statistics import samples_interval, unpacked

BITS = arrays.arrays(bool, st.integers(1, 40))


def reviews(right) -> Reviews:
    """What a network has right, by way of the stored form."""
    return validated("made up", Samples, packed(right))


def weeks(sums, windows=(168, 168, 100)) -> Weeks:
    names = tuple(f"2014-W{10 + place}" for place in range(len(windows)))
    return Weeks(names, tuple(sums), tuple(windows))


def shares(share: float, n: int, seed: int) -> Reviews:
    """So large a share of the reviews right, at random."""
    return reviews(np.random.default_rng(seed).random(n) < share)


@given(BITS)
def test_stored_reviews_are_read_back(right):
    read = validated("made up", Samples, pack_right(right))
    assert unpacked(read).tolist() == right.tolist()


def test_stored_weeks_are_read_back():
    # Monday, 29 December 2014, is in the first week of 2015
    times = np.array(["2014-12-28T23", "2014-12-29T00", "2015-01-01T12"], "datetime64[s]")
    kept = weekly_errors(np.array([0.5, 0.25, 0.75]), times)
    read = validated("made up", Samples, kept)
    assert read == Weeks(("2014-W52", "2015-W01"), (0.5, 1.0), (1, 2))
    assert (read.mean, read.count) == (0.5, 3)


def test_several_seeds_are_their_mean_on_each_review():
    runs = [reviews([1, 1, 0, 0]), reviews([1, 0, 0, 0])]
    # four reviews of 1, 1/2, 0 and 0, drawn anew: none right in 1 of 16 draws, the mean a
    # multiple of 1/8
    low, high = samples_interval(runs)
    assert (low, high) == (0, 0.75)


def test_a_difference_takes_the_same_reviews_for_both():
    first = shares(0.88, 2_000, seed=2)
    almost = unpacked(first).copy()
    almost[:20] = 0
    second = reviews(almost)
    low, high = samples_interval([first], [second])
    lost = first.mean - second.mean
    half = 1.96 * math.sqrt((lost - lost**2) / 2_000)
    assert (low, high) == pytest.approx((lost - half, lost + half), abs=0.001)
    assert samples_interval([first], [first]) == (0, 0)
    # by itself each accuracy is far less certain
    ends = samples_interval([first])
    assert ends[1] - ends[0] > 3 * (high - low)


def test_draws_of_counts_are_draws_of_reviews():
    """The interval of the slow bootstrap, review by review."""
    first, second = shares(0.8, 300, seed=3), shares(0.7, 300, seed=4)
    each = unpacked(first).astype(float) - unpacked(second)
    generator = np.random.default_rng(5)
    slow = [each[generator.integers(0, 300, 300)].mean() for _ in range(4_000)]
    assert samples_interval([first], [second]) == pytest.approx(
        np.quantile(slow, [0.025, 0.975]), abs=0.005
    )


def test_whole_weeks_are_drawn_and_weighted_by_their_windows():
    errors = np.random.default_rng(6).uniform(0.2, 0.4, 104)
    windows = np.full(104, 168)
    windows[-1] = 10
    runs = [weeks(errors * windows, windows), weeks(1.2 * errors * windows, windows)]
    low, high = samples_interval(runs)
    generator = np.random.default_rng(7)
    slow = []
    for _ in range(4_000):
        drawn = generator.integers(0, 104, 104)
        slow.append((1.1 * errors * windows)[drawn].sum() / windows[drawn].sum())
    assert (low, high) == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.001)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (reviews([1, 0]), reviews([1, 0, 1])),
        (weeks([1, 2, 3]), weeks([1, 2], (168, 168))),
        (weeks([1, 2, 3]), weeks([1, 2, 3], (168, 168, 99))),
    ],
)
def test_other_samples_are_refused(first, second):
    with pytest.raises(ValueError, match="not tested on the same samples"):
        samples_interval([first], [second])
