"""Forecasts the temperature with networks that were trained on the Jena series, in °C.

    make forecast DATE="2015-07-14 12:00"     from the Jena file
    make forecast FILE=mpi_roof_2024b.csv     from the end of a newer file of the same station

Shows what the networks read up to that moment, their forecast, persistence, ridge regression and
what happened, and then how far each was off in all the time after the training rows.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import DataError
from data.files import JENA, find
from harness.cli import Parser, add_places, add_sample, run_command
from harness.errors import RunError
from harness.experiment import refuse_unwritable
from harness.reporting.figures import style

if TYPE_CHECKING:  # slow to load
    from explore.forecasters import Errors, Forecast, Weather

SHOWN = ("T (degC)", "p (mbar)", "rh (%)", "wv (m/s)")  # of the inputs, in the figure
BEFORE_HOURS = 24  # that the forecast's panel shows of what was known
MEASURED, SHADE = "#000000", "#F2F2F2"


def parse_arguments(argv):
    """Reads the command line."""
    parser = Parser("explore.forecast", __doc__)
    date = "the moment of the forecast (default: the end of the file)"
    parser.add_argument("--date", type=_date, metavar="TIME", help=date)
    file = "weather in the format of the Jena file (default: that in the data directory)"
    parser.add_argument("--file", type=Path, metavar="CSV", help=file)
    network = "one trained network, such as jena-gru (default: all of the published protocol)"
    parser.add_argument("--network", metavar="NAME", help=network)
    sample = "use the sample weather, and networks that `make demo` trained on it"
    add_sample(parser, sample)
    add_places(parser, "results", "plots", "data")
    return parser.parse_args(argv)


def _date(text):
    with contextlib.suppress(ValueError):
        date = datetime.datetime.fromisoformat(text)
        if date.tzinfo is None:
            return date
    raise argparse.ArgumentTypeError(f"expected such as '2015-07-14 12:00', got '{text}'")


def choose_networks(options):
    """The networks that forecast: the named one, or all of the published protocol."""
    from explore.trained import find_trained, load_trained

    place = {"results_dir": options.results_dir, "sample": options.sample}
    if options.network:
        found = [load_trained(options.network, **place)]
    else:
        found = [n for n in find_trained("jena", **place) if not n.record.config["variant"]]
    networks = [network for network in found if network.normalisation]
    networks.sort(key=lambda network: network.record.config["role"] == "baseline")
    if not networks:
        raise RunError(
            f"{options.network or options.results_dir} keeps no mean and standard deviation of "
            "weather; train a network on Jena again with FORCE=1, such as `make jena-gru FORCE=1`."
        )
    return networks


def forecast(options) -> None:
    """Prints the forecast and its errors, and draws both."""
    refuse_unwritable(options.plots_dir)
    networks = choose_networks(options)
    record = networks[0].record

    from data.jena import QUANTITIES
    from explore import forecasters
    from harness.training.machine import prepare

    read = {name for network in networks for name in network.normalisation}
    needed = tuple(name for name in QUANTITIES if name in read)
    place = options.data_dir, options.sample, record.config["protocol"], needed
    weather = forecasters.open_weather(options.file, *place)
    row = forecasters.find_row(weather, options.date)
    if weather.form:
        print(f"{weather.name} is read with {weather.form}", file=sys.stderr)
    print(f"loading {', '.join(one.title for one in networks)}", file=sys.stderr)
    prepare(seed=0, deterministic=False)
    asked = {one.title: forecasters.network(one, weather) for one in networks}
    try:
        if options.file and not options.sample and not find(JENA, options.data_dir):
            raise DataError("`make data` brings its training rows")
        training = forecasters.open_weather(None, *place) if options.file else weather
        asked[forecasters.RIDGE] = forecasters.ridge(weather, training, record.config["protocol"])
    except DataError as error:  # the networks can do without
        print(f"without ridge regression: {error}", file=sys.stderr)
    asked[forecasters.PERSISTENCE] = forecasters.persistence(weather)
    ending = style.SAMPLE_SUFFIX if options.sample else ""
    dashes = {forecasters.RIDGE: "-.", forecasters.PERSISTENCE: "--"}
    looks = _looks(asked, dashes)

    made = forecasters.make_forecast(weather, row, asked)
    print(made.text())
    figure = options.plots_dir / "forecast.png"
    draw_forecast(weather, row, made, looks, made.title() + ending, figure)
    print(f"plot: {figure}\n", flush=True)

    errors = forecasters.measure_errors(weather, asked, record)
    if errors is None:
        print(f"nothing to score: {weather.name} ends before the rows begin that test the network")
        return
    compared = [errors.against_persistence(name) for name in asked]
    print("\n".join([errors.text(), "", *compared[:-1]]))
    figure = options.plots_dir / "forecast-errors.png"
    draw_errors(errors, looks, compared[0].partition(";")[0] + ending, figure)
    print(f"plot: {figure}")


def _looks(names: Iterable[str], dashes: dict[str, str]) -> dict[str, dict]:
    """Lines by forecaster: networks in their colours, those with dashes in grey."""
    coloured = style.colours_of(name for name in names if name not in dashes)
    return {
        name: {
            "color": coloured.get(name, style.GREY),
            "linestyle": dashes.get(name, "-"),
            "marker": marker,
            "label": style.drawable(name),
        }
        for name, marker in zip(names, itertools.cycle("os^Dvp"), strict=False)
    }


def draw_forecast(
    weather: Weather, row: int, made: Forecast, looks: dict[str, dict], title: str, path: Path
) -> None:
    """Left: what the networks read up to `row`. Right: their forecasts of the hours that follow."""
    names = [name for name in SHOWN if name in weather.quantities]
    with style.new_figure(path, title, width=11, height=5.8) as figure:
        grid = figure.add_gridspec(len(names), 2, width_ratios=(1, 1.3))
        panels = [figure.add_subplot(grid[place, 0]) for place in range(len(names))]
        rows = row + weather.offsets
        for axis, name in zip(panels, names, strict=True):
            axis.plot(weather.timestamps[rows], weather.columns([name])[rows], color=MEASURED, lw=1)
            axis.set_ylabel(name, fontsize=10)
            _date_axis(axis, axis is panels[-1])
        hours, count = 1 - weather.offsets[0] // weather.hour, len(weather.quantities)
        shown = f" ({len(names)} shown)" if len(names) < count else ""
        panels[0].set_title(f"What is read: {hours} hours, {count} quantities{shown}")
        right = figure.add_subplot(grid[:, 1])
        _draw_future(right, weather, row, made, looks)
        style.draw_legend(figure, [right])


def _draw_future(axis, weather: Weather, row: int, made: Forecast, looks: dict[str, dict]) -> None:
    """What was measured until the last input, each forecast after it, and what happened."""
    import numpy as np

    times, end, hour = weather.timestamps, made.target, np.timedelta64(1, "h")
    axis.axvspan(made.made, end, color=SHADE, lw=0, zorder=0)
    measured = np.where(weather.measured, weather.temperature, np.nan)
    first, last = np.searchsorted(times, [made.made - BEFORE_HOURS * hour, end], "right")
    axis.plot(times[first : row + 1], measured[first : row + 1], color=MEASURED, label="measured")
    for name, path in made.paths.items():
        look = looks[name] | {"label": f"{looks[name]['label']}: {path[-1]:.1f} °C"}
        hours = end - np.arange(len(path))[::-1] * hour
        axis.plot(hours, path, lw=1.5, ms=6, markevery=((len(path) - 1) % 6, 6), **look)
    if last > row + 1:
        axis.plot(times[row:last], measured[row:last], ":", color=MEASURED, label="what happened")
    if made.happened is not None:
        axis.plot(end, made.happened, "o", color=MEASURED, mfc="none", ms=13)
    axis.set_title(f"Each hour, as forecast {weather.horizon // weather.hour} hours before it")
    axis.set_ylabel("temperature (°C)")
    _date_axis(axis, True)


def _date_axis(axis, labelled: bool) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=5, maxticks=10)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=labelled))
    axis.tick_params(labelbottom=labelled)


def draw_errors(errors: Errors, looks: dict[str, dict], title: str, path: Path) -> None:
    """The mean absolute error of each forecaster, by month and by hour of the day."""
    with style.new_figure(path, title, width=10, height=4.4) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        means = errors.means()
        for axis, unit in zip(axes, ("month", "hour"), strict=True):
            for name, look in looks.items():
                axis.plot(means[unit].index, means[unit][name], ms=4, **look)
        axes[0].set_xlabel("month")
        axes[1].set_xlabel("hour of the day")
        axes[0].set_ylabel("MAE (°C), lower is better")
        axes[1].set_xticks(range(0, len(means["hour"]), 3))
        style.draw_legend(figure, axes[:1])


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: forecast(options))


if __name__ == "__main__":
    sys.exit(main())
