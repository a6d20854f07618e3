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

from data.errors import DataError
from data.files import JENA, find
from harness.cli import Parser, add_places, add_sample, run_command
from harness.errors import RunError
from harness.experiment import refuse_unwritable


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser("explore.forecast", __doc__)
    help = "the moment of the forecast (default: the end of the file)"
    parser.add_argument("--date", type=_date, metavar="TIME", help=help)
    help = "weather in the format of the Jena file (default: that in the data directory)"
    parser.add_argument("--file", type=Path, metavar="CSV", help=help)
    help = "one trained network, such as jena-gru (default: all of the published protocol)"
    parser.add_argument("--network", metavar="NAME", help=help)
    add_sample(parser, "use the sample weather, and networks that `make demo` trained on it")
    add_places(parser, "results", "plots", "data")
    return parser.parse_args(argv)


def _date(text: str) -> datetime.datetime:
    with contextlib.suppress(ValueError):
        date = datetime.datetime.fromisoformat(text)
        if date.tzinfo is None:
            return date
    raise argparse.ArgumentTypeError(f"expected such as '2015-07-14 12:00', got '{text}'")


def choose_networks(options: argparse.Namespace) -> list[tuple]:
    """The networks that forecast, and how each was trained; baselines last.

    They are the named one, or all of the published protocol whose records say what is needed.
    """
    from explore.forecasters import read_training
    from explore.trained import find_trained, load_trained

    place = options.results_dir, options.sample
    if options.network:
        trained = load_trained(options.network, *place)
        return [(trained, read_training(trained.record))]
    found = []
    for trained in find_trained("jena", *place):
        try:
            if not trained.record.config["variant"]:
                found.append((trained, read_training(trained.record)))
        except RunError as error:
            print(f"left out: {error}", file=sys.stderr)
    if not found:
        raise RunError(
            f"{options.results_dir} has no network that can forecast by the published protocol; "
            "`make jena-gru FORCE=1` trains one again, --network names another."
        )
    return sorted(found, key=lambda one: one[0].record.config["role"] == "baseline")


def forecast(options: argparse.Namespace) -> None:
    """Prints the forecast and its errors, and draws both."""
    refuse_unwritable(options.plots_dir)
    networks = choose_networks(options)
    _, training = networks[0]

    from data.jena import QUANTITIES
    from explore import forecast_results, forecasters
    from harness.reporting.figures.style import SAMPLE_SUFFIX
    from harness.training.machine import prepare

    needed = [name for name in QUANTITIES if any(name in one.normalisation for _, one in networks)]
    place = options.data_dir, options.sample, training, tuple(needed)
    weather = forecasters.open_weather(options.file, *place)
    row = forecasters.find_row(weather, options.date)
    if weather.form:
        print(f"{weather.name} is read with {weather.form}", file=sys.stderr)
    print(f"loading {', '.join(one.title for one, _ in networks)}", file=sys.stderr)
    prepare(seed=0, deterministic=False)
    asked = {one.title: forecasters.network(one, known, weather) for one, known in networks}
    try:
        if options.file and not options.sample and not find(JENA, options.data_dir):
            raise DataError("`make data` brings its training rows")
        fitted_on = forecasters.open_weather(None, *place) if options.file else weather
        asked[forecasters.RIDGE] = forecasters.ridge(weather, fitted_on, training)
    except DataError as error:  # the networks can do without
        print(f"without ridge regression: {error}", file=sys.stderr)
    asked[forecasters.PERSISTENCE] = forecasters.persistence(weather)
    ending = SAMPLE_SUFFIX if options.sample else ""

    made = forecast_results.make_forecast(weather, row, asked)
    print(made.text(weather))
    title = made.title() + ending
    for path in forecast_results.plot_forecast(weather, made, title, options.plots_dir):
        print(f"plot: {path}", flush=True)

    errors = forecast_results.measure_errors(weather, asked, training)
    if errors is None:
        print(f"nothing to score: {weather.name} ends before the rows begin that test the network")
        return
    first, *others, _ = map(errors.against_persistence, asked)
    print("", errors.text(), "", first, *others, sep="\n")
    title = first.partition(";")[0] + ending
    print(f"plot: {errors.plot(title, options.plots_dir / 'forecast-errors.png')}")


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: forecast(options))


if __name__ == "__main__":
    sys.exit(main())
