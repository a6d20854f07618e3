"""The built-in weather: Jena's layout, consistent physics, and something to learn."""

import numpy as np
import pytest
from protocols import windows_of
from sklearn.linear_model import Ridge

from data.jena import QUANTITIES, TIME_COLUMN, load_jena
from data.sample_weather import sample_weather
from data.windows import persistence_mae


@pytest.fixture(scope="module")
def weather():
    return sample_weather()


@pytest.fixture(scope="module")
def readings(weather):
    """The columns by the first word of their names: p, T, Tpot, ..., 'max.', wd."""
    return {name.split(" ")[0]: weather[name].to_numpy() for name in QUANTITIES}


def test_has_the_layout_of_the_jena_file(weather):
    assert tuple(weather.columns) == (TIME_COLUMN, *QUANTITIES)
    assert len(weather) == 2 * 365 * 24
    assert weather[TIME_COLUMN].iloc[0] == "01.01.2009 00:10:00"
    numbers = weather.drop(columns=TIME_COLUMN)
    assert np.isfinite(numbers).all(axis=None)
    assert (numbers == numbers.round(2)).all(axis=None)


def test_same_seed_same_weather(weather):
    assert sample_weather(seed=0).equals(weather)
    assert not sample_weather(seed=1).equals(weather)


def test_ranges_are_a_central_european_stations(readings):
    assert 930 < readings["p"].min() < 980
    assert 1000 < readings["p"].max() < 1050
    assert -30 < readings["T"].min() < -5
    assert 28 < readings["T"].max() < 42
    assert readings["rh"].min() >= 15
    assert readings["rh"].max() <= 100
    assert readings["wv"].min() >= 0
    assert (readings["max."] >= readings["wv"]).all()
    assert readings["wd"].min() >= 0
    assert readings["wd"].max() <= 360


def test_has_a_year_and_a_day(weather):
    month = weather[TIME_COLUMN].str[3:5]
    hour = weather[TIME_COLUMN].str[11:13]
    by_month = weather.groupby(month)["T (degC)"].mean()
    by_hour = weather.groupby(hour)["T (degC)"].mean()
    assert by_month["07"] - by_month["01"] == pytest.approx(17, abs=4)
    assert by_hour["15"] - by_hour["03"] == pytest.approx(7, abs=2)


def test_loads_like_a_file():
    climate = load_jena(sample=True)
    assert climate.quantities == QUANTITIES
    assert climate.values.shape == (17_520, 14)
    assert climate.cadence_minutes == 60
    assert climate.provenance["sample"] is True
    assert climate.provenance["files"] == []
    assert climate.provenance["notes"] == [
        "Built-in sample data, seed 0: generated weather, not measured at Jena."
    ]
    assert climate.provenance["facts"]["gaps"] == 0


def test_the_last_days_tell_more_than_the_last_hour():
    """A linear model of the window beats persistence; networks then have to beat that."""
    splits = windows_of(
        load_jena(sample=True),
        lookback_hours=48,
        step_hours=4,
        train_rows=50_000,
        validation_rows=75_000,
    )
    training = np.arange(0, len(splits.train), 4)
    validation = np.arange(len(splits.validation))
    ridge = Ridge(alpha=1.0).fit(
        splits.train.inputs(training).reshape(len(training), -1), splits.train.targets(training)
    )
    predicted = ridge.predict(splits.validation.inputs(validation).reshape(len(validation), -1))
    error = np.abs(predicted - splits.validation.targets(validation)).mean()
    assert error < 0.95 * persistence_mae(splits.validation)
