"""How far forecasts are from what happened: by year, by month, and by hour of the day."""

from dataclasses import dataclass
from textwrap import indent

import numpy as np
import pandas as pd

from data.jena import PUBLISHED_CADENCE_MINUTES
from explore.forecasters import PERSISTENCE, Forecaster
from explore.weather import Weather
from harness.records.record import Record
from harness.records.schema import Weeks, weekly_errors
from harness.reporting.statistics import samples_interval
from harness.reporting.table import format_percent

FEWEST_WEEKS = 8  # of fewer, drawing weeks anew says little


@dataclass(frozen=True)
class Errors:
    """Absolute errors of forecasts after the training rows.

    Attributes:
        table: one row a forecast, one column a forecaster, in °C; the index is the target's time.
        is_test: bool, shape (forecasts,). Whether the whole window lies after the validation rows.
    """

    table: pd.DataFrame
    is_test: np.ndarray

    @property
    def test(self) -> pd.DataFrame:
        return self.table[self.is_test]

    def by_year(self) -> pd.DataFrame:
        """All years after the training rows, the validation rows apart, and all test rows."""
        parts = np.where(self.is_test, "test", "validation")
        years = self.table.groupby(self.table.index.year.astype(str) + ", " + parts, sort=False)
        return self._means({**dict(list(years)), "test, all years": self.test})

    def by_month(self) -> pd.DataFrame:
        months = self.test.groupby(self.test.index.month)
        return self._means({part.index[0].strftime("%b"): part for _, part in months})

    def by_hour(self) -> pd.DataFrame:
        """By the hour of the file's clock at which the target was measured."""
        hours = self.test.groupby(self.test.index.hour)
        return self._means({f"{hour:02d}": part for hour, part in hours})

    def text(self) -> str:
        """The three tables for the terminal, with short names such as "Ridge"."""
        texts = []
        style = {"float_format": "{:.3f}".format, "formatters": {"forecasts": "{:,.0f}".format}}
        tables = {"year": self.by_year(), "month": self.by_month(), "hour": self.by_hour()}
        for unit, table in tables.items():
            short = table.rename(columns=lambda name: name.partition(" on ")[0])
            aligned = short.to_string(**style)
            texts.append(f"Mean absolute error (°C) by {unit}\n{indent(aligned, '  ')}")
        return "\n\n".join(texts)

    def _means(self, parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
        """A row for each part: how many forecasts, and the mean error of each forecaster."""
        rows = {name: [len(part), *part.mean()] for name, part in parts.items()}
        return pd.DataFrame(rows, index=["forecasts", *self.table]).T

    def against_persistence(self, name: str) -> str:
        """One sentence about a forecaster on the test span."""
        ours, theirs = self.test[[name, PERSISTENCE]].mean()
        change = f"{format_percent(abs(1 - ours / theirs))} {'less' if ours < theirs else 'more'}"
        text = f"{name}: off by {ours:.2f} °C, {change} than persistence ({theirs:.2f} °C)"
        first, second = map(self._by_week, (name, PERSISTENCE))
        if len(first.weeks) < FEWEST_WEEKS:
            return f"{text}; too few weeks for an interval"
        low, high = samples_interval([first], [second])
        verdict = "beats it" if high < 0 else "is beaten by it" if low > 0 else "not decided"
        return f"{text}; difference {low:+.2f} to {high:+.2f} °C (95 %, over weeks): {verdict}"

    def _by_week(self, name: str) -> Weeks:
        kept = weekly_errors(self.test[name].to_numpy(), self.test.index.to_numpy())
        return Weeks(*map(tuple, kept.values()))


def measure_errors(
    weather: Weather, forecasters: dict[str, Forecaster], record: Record
) -> Errors | None:
    """Compares the forecasts after a network's training rows with what happened.

    None if no window of the series lies after the network's validation rows.

    Args:
        weather: the series.
        forecasters: by their names.
        record: of the network.
    """
    rows = weather.scorable()
    begins = weather.timestamps[rows + weather.offsets[0]]  # (windows,)
    rows, begins = (each[begins > _end_of("train", record)] for each in (rows, begins))
    is_test = begins > _end_of("validation", record)  # (windows,)
    if not is_test.any():
        return None
    targets = rows + weather.horizon
    errors = {
        name: np.abs(forecast(rows) - weather.temperature[targets])
        for name, forecast in forecasters.items()
    }
    times = pd.DatetimeIndex(weather.timestamps[targets])
    return Errors(pd.DataFrame(errors, times), is_test)


def _end_of(split: str, record: Record) -> np.datetime64:
    """The latest moment at which a network's training or validation rows can end.

    A record has the number of these rows. Counted back from the last row of its file, gaps make
    the moment later than it was, never earlier.
    """
    facts, minutes = record.data["facts"], record.data["facts"]["cadence_minutes"]
    row = record.config["protocol"][f"{split}_rows"] * PUBLISHED_CADENCE_MINUTES // minutes
    regular = facts["rows"] - 1 - row - facts["repeated_rows"] - facts["gaps"]
    return np.datetime64(facts["last_timestamp"], "s") - regular * np.timedelta64(minutes, "m")
