"""Forecasts the temperature with the networks trained on the Jena series, in °C.

    make forecast DATE="2015-07-14 12:00"     from the Jena file
    make forecast FILE=mpi_roof_2024b.csv     from the end of a newer file of the station

Shows what the networks read up to that moment, their forecast, persistence, ridge regression, and
what happened; then how far each was off in all the years after the training rows.
"""

import argparse
import datetime
import sys
from pathlib import Path

from data.errors import DataError
from data.files import JENA, find
from harness.command_line import PLACES, add_data_dir
from harness.errors import RunError
from harness.experiment import refuse_unwritable

SPANS = ("lookback_hours", "step_hours", "horizon_hours")  # alike in all networks that are compared


def parse(argv):
    """Reads the command line."""
    sample = "--sample" in argv
    results_dir, plots_dir = PLACES[sample]
    parser = argparse.ArgumentParser(
        prog="python -m explore.forecast",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--date",
        type=_date,
        metavar="DATE",
        help='the moment of the forecast, such as "2015-07-14 12:00" (default: the file\'s end)',
    )
    parser.add_argument(
        "--file",
        type=Path,
        metavar="CSV",
        help="weather in the format of the Jena file (default: that of the data directory)",
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        metavar="NAME",
        help="trained networks, such as jena-gru (default: all that there are)",
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="use the built-in sample weather and the networks that the demo has trained on it",
    )
    add_data_dir(parser)
    parser.add_argument(
        "--results-dir",
        type=Path,
        default=results_dir,
        metavar="DIR",
        help=f"where networks of your own are (default: {results_dir})",
    )
    parser.add_argument(
        "--plots-dir",
        type=Path,
        default=plots_dir,
        metavar="DIR",
        help=f"where the figures go (default: {plots_dir})",
    )
    return parser.parse_args(argv)


def _date(text):
    try:
        date = datetime.datetime.fromisoformat(text)
    except ValueError:
        date = None
    if date is None or date.tzinfo:
        raise argparse.ArgumentTypeError(f"expected such as '2015-07-14 12:00', got '{text}'")
    return date


def choose_networks(options):
    """The networks that forecast, which must read alike.

    Raises:
        RunError: there is none, or they differ in the hours that they read or predict.
    """
    from explore.trained import find_trained, load_trained

    place = {"results_dir": options.results_dir, "sample": options.sample}
    if options.networks:
        networks = [load_trained(name, **place) for name in dict.fromkeys(options.networks)]
    else:
        found = find_trained("jena", **place)
        networks = [one for one in found if one.normalisation and not one.record.config["variant"]]
    unscaled = [one.label for one in networks if not one.normalisation] or not networks
    if unscaled:
        which = ", ".join(unscaled) if networks else "every network that was found"
        raise RunError(
            f"{which}: no mean and standard deviation of weather was kept; train a network on "
            "Jena again with --force, or name another with --networks."
        )
    spans = {tuple(one.record.config["protocol"][name] for name in SPANS) for one in networks}
    if len(spans) > 1:
        raise RunError(
            f"{', '.join(one.label for one in networks)} read or predict different hours; name "
            "one of them with --networks."
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
    protocol = networks[0].record.config["protocol"]
    read = {name for one in networks for name in one.normalisation}

    from data.jena_file import QUANTITIES
    from explore import forecasters as by
    from explore.forecast_errors import measure
    from explore.forecast_figure import draw_errors, draw_forecast
    from explore.forecast_text import make_forecast
    from explore.moments import find_row
    from explore.weather import open_weather
    from harness.reporting.figures.style import SAMPLE_SUFFIX
    from harness.reporting.tables.formatting import text_tables

    needed = tuple(name for name in QUANTITIES if name in read)
    place = options.data_dir, options.sample, protocol, needed
    weather = open_weather(options.file, *place)
    row = find_row(weather, options.date)
    print("loading and fitting what forecasts", file=sys.stderr)
    forecasters = {one.title: by.network(one, weather) for one in networks}
    if options.file and not options.sample and not find(JENA, options.data_dir):
        print(f"{by.RIDGE} is left out: `make data` brings its training rows", file=sys.stderr)
    else:
        training = open_weather(None, *place) if options.file else weather
        forecasters[by.RIDGE] = by.ridge(weather, training, protocol)
    forecasters[by.PERSISTENCE] = by.persistence(weather)

    shown = make_forecast(weather, row, forecasters)
    print("\n".join(shown.lines()))
    ending = SAMPLE_SUFFIX if options.sample else ""
    figure = options.plots_dir / "forecast.png"
    draw_forecast(weather, row, shown, shown.title() + ending, figure)
    print(f"plot: {figure}\n")

    errors = measure(weather, forecasters, networks[0].record)
    if not errors.is_test.any():
        print(f"nothing to score: {weather.name} ends before the networks' test rows begin")
        return
    print("\n\n".join(text_tables([errors.by_year(), errors.by_month(), errors.by_hour()])))
    print("\n" + "\n".join(errors.against_persistence()))
    figure = options.plots_dir / "forecast-errors.png"
    draw_errors(errors, errors.title() + ending, figure)
    print(f"plot: {figure}")


def main() -> None:
    """Exits with 0, 1 (it failed) or 2 (wrong usage)."""
    options = parse(sys.argv[1:])
    try:
        forecast(options)
    except (RunError, DataError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted.")


if __name__ == "__main__":
    main()
