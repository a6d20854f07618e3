"""The two figures of `make forecast`: the window with what came after it, and the errors."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from data.jena import TEMPERATURE
from explore.forecast_errors import Errors
from explore.forecast_text import Forecast
from explore.forecasters import PERSISTENCE, RIDGE
from explore.weather import Weather
from harness.reporting.figures.style import GREY, colours_of, draw_legend, drawable, new_figure

MEASURED = "#000000"
SHADE = "#F2F2F2"
SHOWN = (TEMPERATURE, "p (mbar)", "rh (%)", "wv (m/s)")  # of the inputs
LINES = {RIDGE: "-.", PERSISTENCE: "--"}
BEFORE_HOURS = 24  # that the forecast's panel shows of what was known


def _styles(names: Iterable[str]) -> dict[str, dict]:
    """By forecaster: networks in their colours, all others in grey."""
    colours = colours_of(name for name in names if name not in LINES)
    looks = {}
    for name, marker in zip(names, itertools.cycle("os^Dvp"), strict=False):
        looks[name] = {"color": colours.get(name, GREY), "linestyle": LINES.get(name, "-")}
        looks[name] |= {"marker": marker, "label": drawable(name)}
    return looks


def draw_forecast(weather: Weather, row: int, forecast: Forecast, title: str, path: Path) -> None:
    """Left: what the networks read. Right: the forecasts for the hours that follow.

    Args:
        weather: the series.
        row: of the last input.
        forecast: made there.
        title: of the figure.
        path: receives the PNG.
    """
    names = [name for name in SHOWN if name in weather.quantities]
    with new_figure(path, title, width=11, height=5.8) as figure:
        grid = figure.add_gridspec(len(names), 2, width_ratios=(1, 1.3))
        panels = [figure.add_subplot(grid[place, 0]) for place in range(len(names))]
        _draw_window(panels, weather, row, names)
        right = figure.add_subplot(grid[:, 1])
        _draw_future(right, weather, row, forecast)
        draw_legend(figure, [right])


def _draw_window(axes: list, weather: Weather, row: int, names: list[str]) -> None:
    """The inputs of the window, one panel each."""
    rows = row + weather.offsets
    for axis, name in zip(axes, names, strict=True):
        axis.plot(weather.timestamps[rows], weather.columns([name])[rows], color=MEASURED, lw=1)
        axis.set_ylabel(name, fontsize=10)
        _date_axis(axis, axis is axes[-1])
    hours, count = 1 - weather.offsets[0] // weather.hour, len(weather.quantities)
    shown = f" ({len(names)} shown)" if len(names) < count else ""
    axes[0].set_title(f"What is read: {hours} hours, {count} quantities{shown}")


def _draw_future(axis, weather: Weather, row: int, forecast: Forecast) -> None:
    """What was measured until the last input, each forecast after it, and what happened."""
    times, end, hour = weather.timestamps, forecast.target, np.timedelta64(1, "h")
    axis.axvspan(forecast.made, end, color=SHADE, lw=0, zorder=0)
    measured = np.where(weather.measured, weather.temperature, np.nan)
    first, last = np.searchsorted(times, [forecast.made - BEFORE_HOURS * hour, end], "right")
    axis.plot(times[first : row + 1], measured[first : row + 1], color=MEASURED, label="measured")
    for name, style in _styles(forecast.paths).items():
        path = forecast.paths[name]
        hours = end - np.arange(len(path))[::-1] * hour
        style["label"] += f": {path[-1]:.1f} °C"
        axis.plot(hours, path, lw=1.5, ms=6, markevery=((len(path) - 1) % 6, 6), **style)
    if last > row + 1:
        axis.plot(times[row:last], measured[row:last], ":", color=MEASURED, label="what happened")
    if forecast.happened is not None:
        axis.plot(end, forecast.happened, "o", color=MEASURED, mfc="none", ms=13)
    axis.set_title(f"Each hour, as forecast {weather.horizon // weather.hour} hours before it")
    axis.set_ylabel("temperature (°C)")
    _date_axis(axis, True)


def _date_axis(axis, labelled: bool) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=5, maxticks=10)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=labelled))
    axis.tick_params(labelbottom=labelled)


def draw_errors(errors: Errors, title: str, path: Path) -> None:
    """The mean absolute error of each forecaster, by month and by hour of the day."""
    with new_figure(path, title, width=10, height=4.4) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        tables = {"month": errors.by_month(), "hour of the day": errors.by_hour()}
        for axis, (unit, table) in zip(axes, tables.items(), strict=True):
            for name, style in _styles(errors.table).items():
                axis.plot(table.index, table[name], ms=4, **style)
            axis.set_xlabel(unit)
        axes[0].set_ylabel("MAE (°C), lower is better")
        axes[1].set_xticks(range(0, len(errors.by_hour()), 3))
        draw_legend(figure, axes[:1])
