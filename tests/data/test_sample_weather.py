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


def test_has_the_layout_of_the_jena_file(weather):
    assert tuple(weather.columns) == (TIME_COLUMN, *QUANTITIES)
    assert weather[TIME_COLUMN].iloc[0] == "01.01.2009 00:10:00"
    numbers = weather.drop(columns=TIME_COLUMN)
    assert (numbers == numbers.round(2)).all(axis=None)
    assert sample_weather(seed=0).equals(weather)
    assert not sample_weather(seed=1).equals(weather)
    climate = load_jena(sample=True)
    assert climate.quantities == QUANTITIES
    assert climate.values.shape == (17_520, 14)
    assert climate.cadence_minutes == 60
    assert (climate.provenance["sample"], climate.provenance["files"]) == (True, [])
    assert climate.provenance["notes"] == [
        "Built-in sample data, seed 0: generated weather, not measured at Jena."
    ]
    assert climate.provenance["facts"]["gaps"] == 0


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("p (mbar)", (930, 980), (1000, 1050)),
        ("T (degC)", (-30, -5), (28, 42)),
        ("rh (%)", (15, 50), (80, 100)),
        ("wv (m/s)", (0, 1), (5, 60)),
        ("wd (deg)", (0, 5), (355, 360)),
    ],
)
def test_ranges_are_a_central_european_stations(weather, name, lowest, highest):
    assert lowest[0] <= weather[name].min() <= lowest[1]
    assert highest[0] <= weather[name].max() <= highest[1]


def test_has_a_year_and_a_day(weather):
    month = weather[TIME_COLUMN].str[3:5]
    hour = weather[TIME_COLUMN].str[11:13]
    by_month = weather.groupby(month)["T (degC)"].mean()
    by_hour = weather.groupby(hour)["T (degC)"].mean()
    assert by_month["07"] - by_month["01"] == pytest.approx(17, abs=4)
    assert by_hour["15"] - by_hour["03"] == pytest.approx(7, abs=2)


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
