"""One forecast: its numbers, and how the terminal shows them."""

from dataclasses import dataclass

import numpy as np

from explore.forecasters import PERSISTENCE, RIDGE, Forecaster
from explore.moments import moment
from explore.weather import Weather


@dataclass(frozen=True)
class Forecast:
    """What each forecaster says at one moment, in °C.

    Attributes:
        made: the time of the last input.
        target: the time that is forecast.
        now: the temperature at the last input.
        happened: the temperature at the target, None where it was not measured.
        paths: by forecaster, the temperature at each of the hours up to the target, each forecast
            from the window that ends one horizon before it; NaN where that cannot be read.
            float64, shape (hours,).
    """

    made: np.datetime64
    target: np.datetime64
    now: float
    happened: float | None
    paths: dict[str, np.ndarray]

    @property
    def values(self) -> dict[str, float]:
        """What is forecast for the target."""
        return {name: float(path[-1]) for name, path in self.paths.items()}

    def title(self) -> str:
        """What is to be seen, for the figure."""
        networks = [name for name in self.paths if name not in (RIDGE, PERSISTENCE)]
        said = [f"{name} {self.values[name]:.1f} °C" for name in networks]
        said.append("not measured" if self.happened is None else f"measured {self.happened:.1f} °C")
        return f"Forecast for {moment(self.target)}: {', '.join(said)}"

    def lines(self) -> list[str]:
        """The forecasts one below the other, and how far they are off."""
        width = max(map(len, self.paths))
        lines = [f"forecast made {moment(self.made)} for {moment(self.target)}"]
        rows = {"now": self.now} | self.values
        if self.happened is not None:
            rows["measured"] = self.happened
        for name, value in rows.items():
            line = f"  {name:{width}}  {value:5.1f} °C"
            if self.happened is not None and name in self.paths:
                line += f"  {value - self.happened:+5.1f}"
            lines.append(line)
        return lines


def make_forecast(weather: Weather, row: int, forecasters: dict[str, Forecaster]) -> Forecast:
    """Asks every forecaster at one row of a series, and at the hours before it."""
    hours = weather.horizon // weather.hour
    rows = row - np.arange(hours)[::-1] * weather.hour  # (hours,)
    readable = (rows >= 0) & weather.readable[rows]  # (hours,)
    paths = {name: np.full(hours, np.nan) for name in forecasters}
    for name, ask in forecasters.items():
        paths[name][readable] = ask(rows[readable])
    target = weather.timestamps[row] + weather.horizon * weather.cadence
    found = np.flatnonzero((weather.timestamps == target) & weather.measured)
    return Forecast(
        made=weather.timestamps[row],
        target=target,
        now=float(weather.temperature[row]),
        happened=float(weather.temperature[found[0]]) if len(found) else None,
        paths=paths,
    )
