"""One forecast: its numbers, and how the terminal shows them."""

from dataclasses import dataclass

import numpy as np

from explore.forecasters import Forecaster
from explore.moments import moment
from explore.weather import Weather


@dataclass(frozen=True)
class Forecast:
    """What each forecaster says at one moment, in °C.

    Attributes:
        made, target: times of the last input and of what is forecast.
        now: temperature at the last input.
        happened: temperature at the target, None where it was not measured.
        paths: by forecaster, the temperature at each hour up to the target, as it was forecast one
            horizon before that hour; NaN where no window can be read. float64, shape (hours,).
    """

    made: np.datetime64
    target: np.datetime64
    now: float
    happened: float | None
    paths: dict[str, np.ndarray]

    def title(self) -> str:
        """What the first forecaster says, and what happened."""
        name, path = next(iter(self.paths.items()))
        after = "not measured" if self.happened is None else f"measured {self.happened:.1f} °C"
        return f"Forecast for {moment(self.target)}: {name} {path[-1]:.1f} °C, {after}"

    def lines(self) -> list[str]:
        """The forecasts one below the other, and how far they are off."""
        rows = {"now": self.now} | {name: path[-1] for name, path in self.paths.items()}
        if self.happened is not None:
            rows["measured"] = self.happened
        lines = [f"forecast of {moment(self.made)} for {moment(self.target)}"]
        for name, value in rows.items():
            known = self.happened is not None and name in self.paths
            error = f"  {value - self.happened:+5.1f}" if known else ""
            lines.append(f"  {name:{max(map(len, rows))}}  {value:5.1f} °C{error}")
        return lines


def make_forecast(weather: Weather, row: int, forecasters: dict[str, Forecaster]) -> Forecast:
    """Asks every forecaster at one row of a series, and at the hours before it."""
    rows = row - np.arange(weather.horizon // weather.hour)[::-1] * weather.hour  # (hours,)
    readable = (rows >= 0) & weather.readable[rows]  # (hours,)
    paths = {}
    for name, forecaster in forecasters.items():
        paths[name] = np.full(len(rows), np.nan)
        paths[name][readable] = forecaster(rows[readable])
    target = weather.timestamps[row] + weather.horizon * weather.cadence
    found = weather.temperature[(weather.timestamps == target) & weather.measured]
    happened = float(found[0]) if len(found) else None
    now = float(weather.temperature[row])
    return Forecast(weather.timestamps[row], target, now, happened, paths)
