"""Forecasts the temperature with networks that were trained on the Jena series, in °C.

    make forecast DATE="2015-07-14 12:00"     from the Jena file
    make forecast FILE=mpi_roof_2024b.csv     from the end of a newer file of the same station

Shows what the networks read up to that moment, their forecast, persistence, ridge regression and
what happened, and then how far each was off in all the time after the training rows.
"""

import argparse
import contextlib
import datetime
import sys
from pathlib import Path

from data.files import JENA, find
from harness.cli import Parser, add_places, add_sample, run_command
from harness.errors import RunError
from harness.experiment import refuse_unwritable


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
    """The networks that forecast: the named one, or all of the published protocol.

    Raises:
        RunError: there is none with the mean and the standard deviation of its training rows.
    """
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
    """Prints the forecast and its errors, and draws both.

    Raises:
        RunError: no network can be used, or a figure cannot be written.
        DataError: the file or the date cannot be used.
    """
    refuse_unwritable(options.plots_dir)
    networks = choose_networks(options)
    record = networks[0].record
    protocol = record.config["protocol"]

    from data.jena import QUANTITIES
    from explore import forecasters
    from explore.forecast_errors import measure_errors
    from explore.forecast_figure import draw_errors, draw_forecast
    from explore.forecast_text import make_forecast
    from explore.moments import find_row
    from explore.weather import open_weather
    from harness.reporting.figures.style import SAMPLE_SUFFIX
    from harness.training.machine import prepare

    read = {name for network in networks for name in network.normalisation}
    needed = tuple(name for name in QUANTITIES if name in read)
    place = options.data_dir, options.sample, protocol, needed
    weather = open_weather(options.file, *place)
    row = find_row(weather, options.date)
    print(f"loading {', '.join(one.title for one in networks)}", file=sys.stderr)
    prepare(seed=0, deterministic=False)
    asked = {one.title: forecasters.network(one, weather) for one in networks}
    if options.file is None or options.sample or find(JENA, options.data_dir):
        training = open_weather(None, *place) if options.file else weather
        asked[forecasters.RIDGE] = forecasters.ridge(weather, training, protocol)
    else:
        print("without ridge regression: `make data` brings its training rows", file=sys.stderr)
    asked[forecasters.PERSISTENCE] = forecasters.persistence(weather)

    made, ending = make_forecast(weather, row, asked), SAMPLE_SUFFIX if options.sample else ""
    print("\n".join(made.lines()))
    figure = options.plots_dir / "forecast.png"
    draw_forecast(weather, row, made, made.title() + ending, figure)
    print(f"plot: {figure}\n", flush=True)

    errors = measure_errors(weather, asked, record)
    if errors is None:
        print(f"nothing to score: {weather.name} ends before the rows begin that test the network")
        return
    compared = [errors.against_persistence(name) for name in asked]
    print("\n".join([errors.text(), "", *compared[:-1]]))
    figure = options.plots_dir / "forecast-errors.png"
    draw_errors(errors, compared[0].partition(";")[0] + ending, figure)
    print(f"plot: {figure}")


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: forecast(options))


if __name__ == "__main__":
    sys.exit(main())
