"""The two figures of `make forecast`: the window with what came after it, and the errors."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from data.jena_file import TEMPERATURE
from explore.forecast_errors import Errors
from explore.forecast_text import Forecast
from explore.forecasters import PERSISTENCE, RIDGE
from explore.weather import Weather
from harness.reporting.figures.colours import colours_of
from harness.reporting.figures.style import GREY, draw_legend, drawable, new_figure

MEASURED = "#000000"
SHADE = "#F2F2F2"
# What is shown of the inputs, by the column's name
PANELS = {
    TEMPERATURE: "temperature\n(°C)",
    "p (mbar)": "pressure\n(mbar)",
    "rh (%)": "humidity\n(%)",
    "wv (m/s)": "wind\n(m/s)",
}
BEFORE_HOURS = 48  # that the forecast's panel shows of what was known
MARKERS = "os^Dvp"


def _styles(names: Iterable[str]) -> dict[str, dict]:
    """A style for each forecaster: networks in their colours, the others grey."""
    lines = {RIDGE: "-.", PERSISTENCE: "--"}
    colours = colours_of(name for name in names if name not in lines)
    return {
        name: {
            "color": colours.get(name, GREY),
            "linestyle": lines.get(name, "-"),
            "marker": marker,
            "label": drawable(name),
        }
        for name, marker in zip(names, itertools.cycle(MARKERS), strict=False)
    }


def draw_forecast(weather: Weather, row: int, forecast: Forecast, title: str, path: Path) -> None:
    """Left: what the networks read. Right: their forecasts for the hours that follow.

    Args:
        weather: the series.
        row: of the last input.
        forecast: what was said there.
        title: of the figure.
        path: of the file that is written.
    """
    with new_figure(path, title, width=11, height=5.8) as figure:
        names = [name for name in PANELS if name in weather.quantities]
        grid = figure.add_gridspec(len(names), 2, width_ratios=(1, 1.3))
        panels = [figure.add_subplot(part) for part in grid[:, 0]]
        _draw_window(panels, weather, row, names)
        axis = figure.add_subplot(grid[:, 1])
        _draw_future(axis, weather, row, forecast)
        draw_legend(figure, [axis])


def _draw_window(axes: list, weather: Weather, row: int, names: list[str]) -> None:
    """The inputs of the window, one panel each."""
    rows = row + weather.offsets
    for axis, name in zip(axes, names, strict=True):
        axis.plot(weather.timestamps[rows], weather.columns([name])[rows], color=MEASURED, lw=1)
        axis.set_ylabel(PANELS[name], fontsize=9)
        _date_axis(axis, most=6)
        axis.tick_params(labelbottom=axis is axes[-1])
    for axis in axes[:-1]:
        axis.xaxis.get_offset_text().set_visible(False)
    days = round((1 - weather.offsets[0] / weather.hour) / 24, 1)
    shown = f", {len(names)} of them shown" if len(names) < len(weather.quantities) else ""
    axes[0].set_title(f"Read: {days:g} days, {len(weather.quantities)} quantities{shown}")


def _draw_future(axis, weather: Weather, row: int, forecast: Forecast) -> None:
    """What was measured until the last input, each forecast after it, and what happened."""
    times, end, hour = weather.timestamps, forecast.target, np.timedelta64(1, "h")
    axis.axvspan(forecast.made, end, color=SHADE, lw=0, zorder=0)
    measured = np.where(weather.measured, weather.temperature, np.nan)
    known = slice(np.searchsorted(times, forecast.made - BEFORE_HOURS * hour), row + 1)
    axis.plot(times[known], measured[known], color=MEASURED, label="measured before")
    for name, style in _styles(forecast.paths).items():
        hours = end - np.arange(len(forecast.paths[name]))[::-1] * hour
        axis.plot(hours, forecast.paths[name], lw=1.5, ms=7, markevery=[-1], **style)
    later = slice(row, np.searchsorted(times, end, "right"))
    if later.stop > row + 1:
        axis.plot(times[later], measured[later], ":", color=MEASURED, label="measured later")
    if forecast.happened is not None:
        axis.plot(end, forecast.happened, "o", color=MEASURED, mfc="none", ms=13)
    axis.set_title(f"Forecast {weather.horizon // weather.hour} hours ahead, hour by hour")
    axis.set_ylabel("temperature (°C)")
    _date_axis(axis, most=8)


def _date_axis(axis, most: int) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=most)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def draw_errors(errors: Errors, title: str, path: Path) -> None:
    """The mean absolute error by month and by hour of the day."""
    with new_figure(path, title, width=10, height=4.4) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for axis, table, unit in (
            (axes[0], errors.by_month(), "month"),
            (axes[1], errors.by_hour(), "hour of the day"),
        ):
            _, *names = table.columns
            columns = np.array(list(table.rows.values()), float).T[1:]  # (forecasters, rows)
            for (_, style), values in zip(_styles(names).items(), columns, strict=True):
                axis.plot(list(table.rows), values, ms=4, **style)
            axis.set_xlabel(unit)
        axes[0].set_ylabel("MAE (°C), lower is better")
        axes[1].set_xticks(range(0, len(errors.by_hour().rows), 3))
        draw_legend(figure, axes[:1])
