"""What forecasters say: one forecast, and the errors of many, as text and as figures.

No error is measured at a temperature that was not measured.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import numpy as np
import pandas as pd

from explore.forecasters import PERSISTENCE, RIDGE, Forecaster, Training, Weather, moment
from harness.records.schema import Weeks, weekly_errors
from harness.reporting.figures.charts import Chart, Curve
from harness.reporting.figures.panels import plot_panels
from harness.reporting.figures.style import COLOURS, GREY, PUBLISHED_COLOUR, colours_of
from harness.reporting.own_runs import FEWEST_WEEKS
from harness.reporting.statistics import samples_interval
from harness.reporting.table import Table, format_percent

BEFORE_HOURS = 24  # that the figure of a forecast shows of what was known
SHOWN = ("T (degC)", "p (mbar)", "wv (m/s)")  # of what is read, in its figure


@dataclass(frozen=True)
class Forecast:
    """What each forecaster says at one moment, in °C."""

    row: int  # of the last input
    made: np.datetime64  # its time
    target: np.datetime64  # the time that is forecast
    happened: float | None  # temperature at the target, None where it was not measured
    # by forecaster, float64 (hours,): the temperature at each hour up to the target, as it was
    # forecast one horizon before that hour; NaN where no window can be read
    paths: dict[str, np.ndarray]

    def title(self) -> str:
        """What the first forecaster says, and what happened."""
        name, path = next(iter(self.paths.items()))
        after = "not measured" if self.happened is None else f"measured {self.happened:.1f} °C"
        return f"Forecast for {moment(self.target)}: {name} {path[-1]:.1f} °C, {after}"

    def text(self, weather: Weather) -> str:
        """The forecasts one below the other, and how far they are off."""
        rows = [("now", f"{weather.temperature[self.row]:.1f} °C", "")]
        for name, path in self.paths.items():
            error = "" if self.happened is None else f"{path[-1] - self.happened:+.1f}"
            rows.append((name, f"{path[-1]:.1f} °C", error))
        if self.happened is not None:
            rows.append(("measured", f"{self.happened:.1f} °C", ""))
        heading = f"forecast of {moment(self.made)} for {moment(self.target)}"
        return f"{heading}\n{indent(Table(('', 'temperature', 'error'), rows).text(), '  ')}"


def make_forecast(weather: Weather, row: int, forecasters: dict[str, Forecaster]) -> Forecast:
    """Asks every forecaster at one row of a series, and at the hours before it."""
    rows = row - np.arange(weather.horizon // weather.hour)[::-1] * weather.hour  # (hours,)
    readable = (rows >= 0) & weather.readable[rows]  # (hours,)
    paths = {}
    for name, forecaster in forecasters.items():
        paths[name] = np.full(len(rows), np.nan)
        paths[name][readable] = forecaster(rows[readable])
    made = weather.timestamps[row]
    target = made + weather.horizon * weather.cadence
    found = weather.temperature[(weather.timestamps == target) & weather.measured]
    return Forecast(row, made, target, float(found[0]) if len(found) else None, paths)


def plot_forecast(weather: Weather, made: Forecast, title: str, folder: Path) -> list[Path]:
    """Draws the forecasts of each hour with what was measured, and what the networks read."""
    hours = (weather.timestamps - made.made) / np.timedelta64(1, "h")  # (rows,)
    ahead = float((made.target - made.made) / np.timedelta64(1, "h"))
    axis = f"hours after {moment(made.made)}"

    def line(rows: np.ndarray, values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, index=hours[rows])

    def measured(label: str, after: float, until: float, dashed: bool) -> Curve:
        rows = np.flatnonzero((hours > after) & (hours <= until) & weather.measured)
        return Curve(label, PUBLISHED_COLOUR, line(rows, weather.temperature[rows]), dashed=dashed)

    kinds: dict[str, list[Curve]] = {"Networks": [], "Without a network": []}
    for name, look in _looks(made.paths).items():
        path = made.paths[name]
        known = np.flatnonzero(~np.isnan(path))
        known_path = pd.DataFrame(path[known], index=ahead + 1 - len(path) + known)
        curve = Curve(f"{name}: {path[-1]:.1f} °C", seeds=known_path, **look)
        kinds["Without a network" if curve.dashed else "Networks"].append(curve)
    past = measured("measured", -BEFORE_HOURS, 0, dashed=False)
    later = [measured("what happened", 0, ahead, dashed=True)] if made.happened is not None else []
    said = f"each hour, as forecast {ahead:g} hours before it"
    forecasts = [
        Chart(f"{kind}: {said}", axis, "temperature (°C)", [past, *curves, *later])
        for kind, curves in kinds.items()
    ]

    rows, names = made.row + weather.offsets, [name for name in SHOWN if name in weather.quantities]
    values = weather.columns(names)[rows]  # (timesteps, names)
    read = [
        Chart("", axis, name, [Curve("measured", PUBLISHED_COLOUR, line(rows, column))])
        for name, column in zip(names, values.T, strict=True)
    ]
    reach, count = 1 - weather.offsets[0] // weather.hour, len(weather.quantities)
    heading = f"What is read: {reach} hours, {count} quantities"
    heading += f" ({len(names)} shown)" if len(names) < count else ""
    return [
        plot_panels(folder / "forecast.png", title, forecasts),
        plot_panels(folder / "forecast-inputs.png", heading, read),
    ]


def _looks(names: Iterable[str]) -> dict[str, dict]:
    """Colours and lines by forecaster, which are dashed for those without a network."""
    colours = colours_of(names) | {RIDGE: COLOURS[5], PERSISTENCE: GREY}
    return {
        name: {"colour": colours[name], "dashed": name in (RIDGE, PERSISTENCE)} for name in names
    }


@dataclass(frozen=True)
class Errors:
    """Absolute errors of forecasts after the training rows."""

    # a row a forecast and a column a forecaster, in °C; the index is the target's time
    table: pd.DataFrame
    is_test: np.ndarray  # bool (forecasts,): the whole window lies after the validation rows

    @property
    def test(self) -> pd.DataFrame:
        """The test rows of the table."""
        return self.table[self.is_test]

    def means(self) -> dict[str, pd.DataFrame]:
        """Mean errors by year, and of the test rows by month and by hour of the file's clock."""
        years = self.table.index.year.astype(str)
        years += np.where(self.is_test, ", test", ", validation")
        grouped = {
            "year": self.table.groupby(years, sort=False),
            "month": self.test.groupby(self.test.index.month),
            "hour": self.test.groupby(self.test.index.hour),
        }
        tables = {unit: one.mean() for unit, one in grouped.items()}
        for unit, table in tables.items():
            table.insert(0, "forecasts", grouped[unit].size())
        tables["year"].loc["test, all years"] = [len(self.test), *self.test.mean()]
        return tables

    def text(self) -> str:
        """The three tables for the terminal, with short names such as "Ridge"."""
        texts = []
        style = {"float_format": "{:.3f}".format, "formatters": {"forecasts": "{:,.0f}".format}}
        for unit, table in self.means().items():
            short = table.rename(columns=lambda name: name.partition(" on ")[0])
            aligned = short.to_string(**style)
            texts.append(f"Mean absolute error (°C) by {unit}\n{indent(aligned, '  ')}")
        return "\n\n".join(texts)

    def against_persistence(self, name: str) -> str:
        """One sentence about a forecaster on the test span."""
        ours, theirs = self.test[[name, PERSISTENCE]].mean()
        change = f"{format_percent(abs(1 - ours / theirs))} {'less' if ours < theirs else 'more'}"
        text = f"{name}: off by {ours:.2f} °C, {change} than persistence ({theirs:.2f} °C)"
        first, second = (
            Weeks(*map(tuple, weekly_errors(self.test[one].to_numpy(), self.test.index).values()))
            for one in (name, PERSISTENCE)
        )
        if len(first.weeks) < FEWEST_WEEKS:
            return f"{text}; too few weeks for an interval"
        low, high = samples_interval([first], [second])
        verdict = "beats it" if high < 0 else "is beaten by it" if low > 0 else "not decided"
        return f"{text}; difference {low:+.2f} to {high:+.2f} °C (95 %, over weeks): {verdict}"

    def plot(self, title: str, path: Path) -> Path:
        """Draws the mean errors by month and by hour of the day."""
        charts, means = [], self.means()
        for unit, name in {"month": "month", "hour": "hour of the day"}.items():
            table = means[unit]
            curves = [
                Curve(forecaster, seeds=table[[forecaster]], **look)
                for forecaster, look in _looks(self.table).items()
            ]
            charts.append(Chart(f"By {name}", name, "MAE (°C), lower is better", curves))
        return plot_panels(path, title, charts)


def measure_errors(
    weather: Weather, forecasters: dict[str, Forecaster], training: Training
) -> Errors | None:
    """Compares the forecasts after a network's training rows with what happened.

    None if no window of the series lies after the network's validation rows.
    """
    rows = weather.scorable()
    begins = weather.timestamps[rows + weather.offsets[0]]  # (windows,)
    rows, begins = (each[begins > training.end_of("train")] for each in (rows, begins))
    is_test = begins > training.end_of("validation")  # (windows,)
    if not is_test.any():
        return None
    targets = rows + weather.horizon
    errors = {
        name: np.abs(forecast(rows) - weather.temperature[targets])
        for name, forecast in forecasters.items()
    }
    times = pd.DatetimeIndex(weather.timestamps[targets])
    return Errors(pd.DataFrame(errors, times), is_test)
