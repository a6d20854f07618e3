"""Is a recurrent network worth it on your own data? Trains, compares, and says so in a sentence.

    make try-reviews FILE=reviews.csv
    make try-reviews FILE=reviews.csv ARGS="--text comment --label stars --seeds 10"
    make try-series FILE=load.csv ARGS="--target load --horizon 1h,24h --lookback 7d"

Reviews are a CSV with a column of texts and one of labels, two classes. A series is a CSV with a
column of times at equal steps, and columns of numbers; one of them is forecast. Each network stops
when validation gets no better, and the test comes last. Simple models are trained beside them. The
same command does only what is missing. docs/own-data.md has the details.
"""

import argparse
import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

from experiments.common.own_data import (
    KINDS,
    SEASONAL,
    SPANS,
    OwnReviews,
    OwnSeries,
    experiment_on,
    season_of,
)
from harness.cli import Parser, bounded, run_command, say, warn_left_out
from harness.errors import RunError, shown
from harness.experiment import Experiment, Plan
from harness.protocol import add_settings, altered
from harness.suite.__main__ import do_runs
from harness.suite.plan import suite_of

SEEDS = {"reviews": 5, "series": 3}
MINUTES = {"min": 1, "h": 60, "d": 24 * 60}
SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(min|h|d|rows?)")
LARGEST_SPAN = 10**9  # of any unit; more fits no file
SPAN_HELP = {
    "lookback": "what a window reaches back, such as 10d (default: 10d, or 30 rows)",
    "step": "from one timestep to the next (default: 1h, or one row)",
    "season": "after which it is as it was, for seasonal persistence (default: 1d or 7d)",
    "horizon": "how far ahead, or several: 1h,6h,24h (default: 24h, or one row)",
}


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(sys.argv[1:] if argv is None else argv)
    return run_command(
        lambda: try_out(options), "interrupted; the same command goes on with what is left."
    )


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Reads the command line; settings that are not given are not in the namespace."""
    parser = Parser("harness.suite.own_data", __doc__)
    kind = "series" if "series" in argv[:1] else "reviews"
    parser.add_argument("kind", choices=list(KINDS), help="what the file holds")
    parser.add_argument("file", metavar="FILE", help="a CSV file, or one packed as .gz or .zip")
    count = bounded(int, minimum=1, below=1000)
    for flag, default, help in [
        ("--seeds", SEEDS[kind], "seeds of each network"),
        ("--workers", 2, "runs at a time"),
    ]:
        help += " (default: %(default)s)"
        parser.add_argument(flag, type=count, default=default, metavar="N", help=help)
    parser.add_argument("--force", action="store_true", help="repeat finished runs")
    parser.set_defaults(cluster=None)  # the file is on this machine
    for name in ("results", "plots"):
        help = f"folder of the {name} (default: {name}/<the file's name>)"
        kept = {"type": Path, "default": argparse.SUPPRESS, "metavar": "DIR"}
        parser.add_argument(f"--{name}-dir", **kept, help=help)
    if kind == "series":
        for name, help in SPAN_HELP.items():
            kind_of_value = spans if name == "horizon" else span
            help += "; min, h, d or rows"
            parser.add_argument(f"--{name}", type=kind_of_value, metavar="SPAN", help=help)
    own = KINDS[kind]()
    networks = [experiment_on(name, own).protocol for name in own.MODELS]
    protocol = altered(*networks, without=[f"{kind}_file", "season_hours", *SPANS])
    add_settings(parser.add_argument_group("settings of the models"), protocol)
    return parser.parse_args(argv)


def span(text: str) -> list[tuple[float, str]]:
    """Reads a span such as `24h` or `30 rows`."""
    found = SPAN.fullmatch(text.strip())
    if not found or not 0 < float(found[1]) < LARGEST_SPAN:
        raise argparse.ArgumentTypeError(
            f"expected a span such as 30min, 24h, 10d or 30 rows, got '{shown(text, 50)}'"
        )
    return [(float(found[1]), found[2].rstrip("s"))]


def spans(text: str) -> list[tuple[float, str]]:
    """Reads one span or several, such as `1h,6h,24h`."""
    return [one for part in text.split(",") for one in span(part)]


def try_out(options: argparse.Namespace) -> int:
    """Does the runs that are missing, and shows what they say; 1 if a run failed."""
    kind, given = options.kind, vars(options)
    given[f"{kind}_file"] = options.file
    own = KINDS[kind](**{name: given.get(name, "") for name in KINDS[kind].NAMED})
    # what is wrong with the file or with a span is said before any run
    tasks = tasks_on_series(own, given) if kind == "series" else tasks_on_reviews(own, given)
    experiments = [experiment_on(name, own) for name in own.MODELS]
    for place in ("results", "plots"):
        folder = given.get(f"{place}_dir", Path(place, experiments[0].dataset))
        setattr(options, f"{place}_dir", folder)
    asked = [run for task in tasks for one in experiments for run in plans(one, task, options)]
    suite = suite_of(asked, options.results_dir, sample=False)
    if suite.refused:
        raise RunError(next(iter(suite.refused.values())))
    status = do_runs(suite, options)
    show(options.results_dir, options.plots_dir)
    return status


def tasks_on_reviews(own: OwnReviews, given: dict) -> list[dict]:
    """The one task; says what was read."""
    from data.labelled_reviews import encode, read_labelled

    reviews = read_labelled(own.reviews_file, own.text, own.label)
    say(f"{Path(own.reviews_file).name}: {reviews.form}")
    protocol = changed(experiment_on("majority", own).protocol, given)
    encode(reviews, protocol.validation_split, protocol.test_split, None)
    return [{}]


def tasks_on_series(own: OwnSeries, given: dict) -> list[dict]:
    """The settings of each horizon; says what was read."""
    from data.series import described, read_series, span_text
    from experiments.common.jena import own_windows

    series = read_series(own.series_file, own.time, own.target)
    say(f"{Path(own.series_file).name}: {described(series)}")
    sizes = MINUTES | {"row": series.cadence_minutes}
    usual = experiment_on("persistence", own).protocol
    hours = {
        f"{name}_hours": [size * sizes[unit] / 60 for size, unit in given[name]]
        for name in SPAN_HELP
        if given[name]
    }
    tasks = []
    for horizon in hours.pop("horizon_hours", [usual.horizon_hours]):
        task = {"horizon_hours": horizon} | {name: values[0] for name, values in hours.items()}
        if "lookback_hours" not in task:  # a whole number of steps
            step = task.get("step_hours", usual.step_hours)
            task["lookback_hours"] = max(usual.lookback_hours // step, 1) * step
        season = season_of(series.cadence_minutes, round(horizon * 60)) / 60
        task.setdefault("season_hours", season)
        protocol = changed(usual, given | task)
        _, windows = own_windows(protocol)
        ahead, back, step = (
            span_text(getattr(protocol, f"{name}_hours"))
            for name in ("horizon", "lookback", "step")
        )
        parts = (windows.train, windows.validation, windows.test)
        train, validation, test = (f"{len(one):,}" for one in parts)
        say(
            f"{ahead} ahead, from the last {back}, a timestep every {step}: {train} windows to "
            f"train on, {validation} to validate, {test} to test"
        )
        tasks.append(task)
    return tasks


def changed(protocol: Any, values: dict) -> Any:
    """A protocol with those of some values that it has a setting for."""
    names = {field.name for field in dataclasses.fields(protocol)}
    return dataclasses.replace(protocol, **{k: v for k, v in values.items() if k in names})


def plans(experiment: Experiment, task: dict, options: argparse.Namespace) -> list[Plan]:
    """The runs of one experiment: a seed each, and one run of what draws nothing at random."""
    if experiment.name != SEASONAL:  # plain persistence has no season
        task = {name: value for name, value in task.items() if name != "season_hours"}
    protocol = changed(experiment.protocol, vars(options) | task)
    seeds = range(options.seeds if hasattr(protocol, "epochs") else 1)
    return [
        Plan(
            experiment,
            protocol,
            seed,
            sample=False,
            deterministic=False,
            plain_keras=False,
            force=options.force,
            data_dir=None,
            results_dir=options.results_dir,
            plots_dir=options.plots_dir,
        )
        for seed in seeds
    ]


def show(results_dir: Path, plots_dir: Path) -> None:
    """Writes the tables and draws the figures, then prints the table and the sentence."""
    from harness.reporting.figures.draw import plot_all
    from harness.reporting.groups import REFERENCE, load_results
    from harness.reporting.own_runs import summary_table, tasks_of, worth_it
    from harness.reporting.pages import write_tables

    results = load_results(results_dir)
    warn_left_out(results.left_out)
    tables, _ = write_tables(results_dir, reference=REFERENCE)
    plot_all(results_dir, plots_dir)
    for name, rows in tasks_of(results.rows).items():
        say(f"\n{name}\n{summary_table(rows).text()}\n\n{worth_it(rows)}".rstrip())
        say(f"figure: {plots_dir / name}.png")
    say(f"\nall numbers: {tables[0]}")
    page = f"--results-dir {results_dir} --output {plots_dir / 'report.html'}"
    say(f'try next, for all curves on one page: make report ARGS="{page}"')


if __name__ == "__main__":
    sys.exit(main())
