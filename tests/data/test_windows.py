"""Windows: which rows are read, which is predicted, and how splits and gaps are kept."""

import re
from dataclasses import replace

import numpy as np
import pytest
from protocols import windows_of

from data.errors import DataError
from data.series import Series
from data.windows import Windows, persistence_mae

SMALL = {"lookback_hours": 6, "step_hours": 2, "horizon_hours": 5}


def climate(rows=400, cadence_minutes=60, quantities=("p (mbar)", "T (degC)"), seed=0):
    """Noise as weather: no two windows alike."""
    steps = np.arange(rows) * np.timedelta64(cadence_minutes, "m")
    return Series(
        timestamps=np.datetime64("2009-01-01T00:10:00", "s") + steps,
        values=np.random.default_rng(seed).normal(10, 3, (rows, len(quantities))),
        quantities=quantities,
        target="T (degC)",
        cadence_minutes=cadence_minutes,
        repeated=np.zeros(rows, bool),
        missing=np.zeros((rows, len(quantities)), bool),
        provenance={},
    )


def take_rows(series, rows, repeated):
    return replace(
        series,
        timestamps=series.timestamps[rows],
        values=series.values[rows],
        repeated=repeated,
        missing=series.missing[rows],
    )


def without_rows(series, removed):
    rows = np.setdiff1d(np.arange(len(series.values)), removed)
    return take_rows(series, rows, series.repeated[rows])


def with_repeated_block(series, start, end):
    """The rows [start, end) a second time, right after their first appearance."""
    rows = np.concatenate([np.arange(end), np.arange(start, len(series.values))])
    repeated = np.zeros(len(rows), bool)
    repeated[end : end + end - start] = True
    return take_rows(series, rows, repeated)


def generator_by_hand(series, first, end, lookback, step, delay, column):
    """The published generator in words: anchor by anchor, row by row."""
    samples, targets = [], []
    anchor = first + lookback
    while anchor < end:
        sample, row = [], anchor - lookback
        while row < anchor:
            sample.append(series[row])
            row += step
        samples.append(sample)
        targets.append(series[anchor + delay][column])
        anchor += 1
    return np.array(samples), np.array(targets)


def test_published_split_sizes_at_ten_minutes():
    splits = windows_of(climate(rows=420_551, cadence_minutes=10))
    assert len(splits.validation) == 98_559  # printed by the document
    assert len(splits.train) == 200_000 - 1440
    assert splits.train.last_rows[[0, -1]].tolist() == [1440 - 6, 199_999 - 6]
    assert splits.test.last_rows[0] == 300_001 + 1440 - 6
    assert splits.test.last_rows[-1] + splits.test.horizon == 420_549  # all rows but the last
    assert splits.train.offsets.tolist() == list(range(-1434, 1, 6))
    assert splits.train.horizon == 150  # 25 hours


@pytest.mark.parametrize(
    ("lookback", "step", "delay", "train", "validation", "rows"),  # in rows
    [(30, 3, 24, 300, 450, 700), (8, 1, 0, 153, 260, 341), (21, 3, 8, 199, 299, 427)],
)
def test_equals_the_published_generator(lookback, step, delay, train, validation, rows):
    series = climate(rows=rows, cadence_minutes=10)
    splits = windows_of(
        series,
        lookback_hours=lookback / 6,
        step_hours=step / 6,
        horizon_hours=(delay + step) / 6,
        train_rows=train,
        validation_rows=validation,
    )
    values = series.values
    normalised = (values - values[:train].mean(axis=0)) / values[:train].std(axis=0)
    normalised = normalised.astype(np.float32)
    bounds = {
        "train": (0, train),
        "validation": (train + 1, validation),
        "test": (validation + 1, rows - delay - 1),
    }
    for name, (first, end) in bounds.items():
        windows = getattr(splits, name)
        samples, targets = generator_by_hand(normalised, first, end, lookback, step, delay, 1)
        everything = np.arange(len(windows))
        np.testing.assert_array_equal(windows.inputs(everything), samples)
        np.testing.assert_array_equal(windows.targets(everything), targets)


def test_normalised_by_the_training_rows_alone():
    series = climate()
    splits = windows_of(series, **SMALL, train_rows=900, validation_rows=1500)
    training = splits.train.series[:150]
    np.testing.assert_allclose(training.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(training.std(axis=0), 1, atol=1e-5)
    assert splits.degrees_per_unit == pytest.approx(series.values[:150, 1].std())
    restored = splits.train.series[:, 1] * splits.degrees_per_unit + series.values[:150, 1].mean()
    np.testing.assert_allclose(restored, series.values[:, 1], atol=1e-4)
    mean, deviation = np.array(list(splits.facts["normalisation"].values())).T
    assert list(splits.facts["normalisation"]) == list(series.quantities)
    np.testing.assert_allclose(
        splits.train.series * deviation + mean, series.values, rtol=1e-5, atol=1e-4
    )


def test_constant_quantity_becomes_zero():
    series = climate()
    series.values[:, 0] = 0.1  # not exact in binary: its deviation is not exactly 0
    splits = windows_of(series, **SMALL, train_rows=900, validation_rows=1500)
    np.testing.assert_allclose(splits.train.series[:, 0], 0, atol=1e-12)


def test_persistence_is_the_error_of_the_last_input():
    series = np.array([[0], [1], [3], [6], [10]], np.float32)
    windows = Windows(series, np.arange(3), offsets=np.array([0]), horizon=2, target_column=0)
    assert persistence_mae(windows) == pytest.approx((3 + 5 + 7) / 3)


def test_windows_across_a_gap_only_in_the_published_form():
    series = without_rows(climate(rows=440), np.arange(60, 70))
    splits = {"train_rows": 900, "validation_rows": 1500}
    straddling = windows_of(series, **SMALL, **splits)
    contiguous = windows_of(series, **SMALL, **splits, straddle_gaps=False)

    def spans(windows):
        """Hours from first input to target."""
        first, last = windows.last_rows + windows.offsets[0], windows.last_rows + windows.horizon
        return (series.timestamps[last] - series.timestamps[first]) / np.timedelta64(1, "h")

    assert set(spans(straddling.train)) == {9, 19}
    assert set(spans(contiguous.train)) == {9}
    # every contiguous window is kept: only those with the gap inside their nine hours are left out
    assert len(straddling.train) - len(contiguous.train) == 9
    assert contiguous.facts["train_windows_skipped_for_gaps"] == 9
    assert straddling.facts["train_windows_skipped_for_gaps"] == 0
    assert contiguous.facts["validation_windows_skipped_for_gaps"] == 0


def test_repeated_rows_stay_as_published_or_are_dropped():
    once = climate()
    twice = with_repeated_block(once, 30, 42)
    splits = {"train_rows": 900, "validation_rows": 1500}
    published = windows_of(twice, **SMALL, **splits)
    assert len(published.train.series) == len(twice.values)
    assert published.facts["repeated_rows_dropped"] == 0

    dropped = windows_of(twice, **SMALL, **splits, straddle_gaps=False)
    assert dropped.facts["repeated_rows_dropped"] == 12
    np.testing.assert_array_equal(dropped.timestamps, once.timestamps)
    degrees = dropped.train.series[:, 1] * dropped.degrees_per_unit  # (rows,) from the mean
    np.testing.assert_allclose(np.diff(degrees), np.diff(once.values[:, 1]), atol=1e-4)
    # no hour is missing, so no window is lost, and the splits keep their moments
    assert dropped.facts["train_windows_skipped_for_gaps"] == 0
    for name in ("train", "validation", "test"):
        first_and_last = [
            series.timestamps[getattr(windows, name).last_rows[[0, -1]]].tolist()
            for series, windows in ((twice, published), (once, dropped))
        ]
        assert first_and_last[0] == first_and_last[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lookback_hours": 0}, "lookback of 0 hours"),
        ({"lookback_hours": -24}, "lookback of -24 hours"),
        ({"lookback_hours": float("inf")}, "lookback of inf hours"),
        ({"horizon_hours": 1e300}, "do not fit into the 400 rows of the series"),
        ({"step_hours": 0.5}, "step of 0.5 hours.*one row every 60 minutes.*multiple of 1 hours"),
        ({"horizon_hours": 0}, "horizon of 0 hours"),
        ({"lookback_hours": 7}, "not a whole number of steps"),
        ({"train_rows": 0}, r"train rows \(0\)"),
        ({"train_rows": 1500}, r"train rows \(1,500\).*validation rows \(1,500\)"),
        ({"validation_rows": 2400}, "row 400 at one row every 60 minutes.*has 400 rows"),
        ({"lookback_hours": 200}, "train split has 150 rows.*need 201 rows.*shorter lookback"),
        ({"lookback_hours": 120}, "validation split has 100 rows.*need 121 rows"),
        ({"validation_rows": 2380}, "test split has 4 rows.*need 11 rows"),
    ],
)
def test_impossible_settings_say_what_is_wrong(settings, message):
    defaults = {**SMALL, "train_rows": 900, "validation_rows": 1500}
    with pytest.raises(DataError, match=message):
        windows_of(climate(), **{**defaults, **settings})


@pytest.mark.parametrize(
    ("cadence_minutes", "days"), [(1, 30), (10, 45), (60, 70), (180, 30), (180, 400)]
)
def test_a_short_series_is_answered_with_settings_that_fit(cadence_minutes, days):
    short = climate(rows=days * 24 * 60 // cadence_minutes, cadence_minutes=cadence_minutes)
    step_hours = max(1, cadence_minutes / 60)
    published = {"step_hours": step_hours, "horizon_hours": 24, "train_rows": 200_000}
    with pytest.raises(DataError, match=r"choose fewer train and validation rows\.") as error:
        windows_of(short, **published)
    flags = re.findall(r"--(\S+) (\S+)", str(error.value))
    split = {name.replace("-", "_"): int(value) for name, value in flags}
    assert ("lookback_hours" in split) == (days < 45)
    splits = windows_of(short, **(published | split))
    assert min(len(splits.train), len(splits.validation), len(splits.test)) > 0


def test_a_series_too_short_for_any_lookback_is_told_how_many_rows_are_enough():
    message = r"This one has 100 rows; at least 112 are needed, without a gap"
    with pytest.raises(DataError, match=message):
        windows_of(climate(rows=100))
    enough = "these fit: --train-rows 336 --validation-rows 504 --lookback-hours 1$"
    with pytest.raises(DataError, match=enough):
        windows_of(climate(rows=112))
    settings = {"train_rows": 336, "validation_rows": 504, "lookback_hours": 1}
    assert len(windows_of(climate(rows=112), **settings).test) > 0
