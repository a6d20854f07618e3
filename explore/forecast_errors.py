"""How far forecasts are from what happened: by year, by month, and by hour of the day."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.jena import PUBLISHED_CADENCE_MINUTES
from explore.forecasters import PERSISTENCE, Forecaster
from explore.weather import Weather
from harness.records.predictions import Weeks, weekly_errors
from harness.records.record import Record
from harness.records.study_outputs import Table
from harness.reporting.analysis.bootstrap import samples_interval
from harness.reporting.tables.formatting import format_percent

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FEWEST_WEEKS = 8  # of fewer, drawing weeks anew says little


@dataclass(frozen=True)
class Errors:
    """Absolute errors of forecasts after the training rows.

    Attributes:
        table: one row a forecast, one column a forecaster, in °C; its index is the target's time.
        is_test: bool, shape (forecasts,). Whether the whole window lies after the validation rows.
    """

    table: pd.DataFrame
    is_test: np.ndarray

    @property
    def test(self) -> pd.DataFrame:
        return self.table[self.is_test]

    def title(self) -> str:
        """The test span, and the mean error there of the first network and of persistence."""
        first, last = (str(time)[:10] for time in self.test.index[[0, -1]])
        network, means = self.test.columns[0], self.test.mean()
        return (
            f"Mean absolute error from {first} to {last}: {network} {means[network]:.2f} °C, "
            f"persistence {means[PERSISTENCE]:.2f} °C"
        )

    def by_year(self) -> Table:
        """Each year, the validation rows apart, and the whole test span."""
        groups = self.table.groupby([self.table.index.year, self.is_test])
        parts = {False: "validation", True: "test"}
        rows = {f"{year}, {parts[is_test]}": _means(group) for (year, is_test), group in groups}
        rows["test, all years"] = _means(self.test)
        return self._table("year", rows)

    def by_month(self) -> Table:
        groups = self.test.groupby(self.test.index.month)
        return self._table("month", {MONTHS[month - 1]: _means(part) for month, part in groups})

    def by_hour(self) -> Table:
        """By the hour of the file's clock at which the target was measured."""
        groups = self.test.groupby(self.test.index.hour)
        return self._table("hour", {f"{hour:02d}": _means(part) for hour, part in groups})

    def _table(self, unit: str, rows: dict) -> Table:
        return Table(f"Mean absolute error (°C) by {unit}", ["forecasts", *self.table], rows)

    def against_persistence(self) -> list[str]:
        """One sentence for each other forecaster, on the test span."""
        columns = self.test.columns.drop(PERSISTENCE)
        return [self._compared(name) for name in columns]

    def _compared(self, name: str) -> str:
        theirs, ours = self.test[PERSISTENCE].mean(), self.test[name].mean()
        change = f"{format_percent(abs(1 - ours / theirs))} {'less' if ours < theirs else 'more'}"
        text = f"{name}: {ours:.2f} °C, {change} than persistence ({theirs:.2f} °C)"
        weeks = [self._weeks(name), self._weeks(PERSISTENCE)]
        if len(weeks[0].weeks) < FEWEST_WEEKS:
            return f"{text}; too few weeks to say more"
        low, high = samples_interval(weeks[:1], weeks[1:])
        verdict = "beats it" if high < 0 else "is beaten by it" if low > 0 else "not decided"
        return f"{text}; difference {low:+.2f} to {high:+.2f} °C (95 %, by week): {verdict}"

    def _weeks(self, name: str) -> Weeks:
        errors = weekly_errors(self.test[name].to_numpy(), self.test.index.to_numpy())
        return Weeks(*map(tuple, errors.values()))


def _means(part: pd.DataFrame) -> list[float | None]:
    return [len(part), *part.mean()]


def measure(weather: Weather, forecasters: dict[str, Forecaster], record: Record) -> Errors:
    """Forecasts everything that comes after a network's training rows, and what came instead.

    Args:
        weather: the series.
        forecasters: by their names.
        record: of the network, which says when its training and validation rows end.
    """
    rows = weather.scorable()
    begins = weather.timestamps[rows + weather.offsets[0]]  # (windows,)
    rows, begins = (x[begins > row_time(record, "train_rows")] for x in (rows, begins))
    targets = rows + weather.horizon
    errors = {
        name: np.abs(forecast(rows) - weather.temperature[targets])
        for name, forecast in forecasters.items()
    }
    times = pd.DatetimeIndex(weather.timestamps[targets])
    return Errors(pd.DataFrame(errors, times), begins > row_time(record, "validation_rows"))


def row_time(record: Record, setting: str) -> np.datetime64:
    """The latest moment at which a network's training or validation rows can end.

    The record keeps numbers of rows. Counted back from the last one, gaps make this later than it
    was, never earlier.
    """
    facts = record.data["facts"]
    minutes = facts["cadence_minutes"]
    row = record.config["protocol"][setting] * PUBLISHED_CADENCE_MINUTES // minutes
    regular = facts["rows"] - 1 - row - facts["repeated_rows"] - facts["gaps"]
    return np.datetime64(facts["last_timestamp"], "s") - regular * np.timedelta64(minutes, "m")
