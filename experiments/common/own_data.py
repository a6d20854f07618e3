"""The experiments on reviews or on a series of the user's own: the same `train`, another loader.

    python -m experiments lstm --reviews-file reviews.csv
    python -m experiments gru --series-file load.csv --target load

The settings say which file is read; `load_reviews` and `load_weather` take it in place of the
published one. What was published of an experiment has nothing to do with its runs on other data, so
they have names of their own: `lstm` is `imdb-lstm`.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import ClassVar

from harness.cli import Parser
from harness.errors import RunError, few
from harness.experiment import Experiment, find_experiments
from harness.protocol import altered, setting

# values that suit some thousand reviews better than the published ones; ten thousand long reviews
# take five minutes on two cores
REVIEW_VALUES = {
    "num_words": 10_000,
    "maxlen": 250,
    "optimizer": "adam",
    "batch_size": 32,
    "epochs": 30,
    "embedding": 32,
    "units": 32,
    "patience": 3,
}
# likewise for a shorter series
SERIES_VALUES = {"optimizer": "adam", "epochs": 30, "batches_per_epoch": 100, "patience": 5}
SPANS = ("lookback_hours", "step_hours", "horizon_hours")
ROWS_OF_JENA = ("train_rows", "validation_rows", "straddle_gaps")  # settings that it alone has
SEASONAL = "seasonal-persistence"
TITLES = {SEASONAL: "Seasonal persistence", "ridge": "Ridge on the window and the calendar"}
HOUR, DAY = 60, 24 * 60  # minutes
ENDINGS = (".csv", ".tsv", ".txt", ".gz", ".zip")
# names of folders and data sets; a run's folder begins with "seed-"
TAKEN = re.compile(r"reference|logs|imdb|jena|text|made|seed-.*")


@dataclass(frozen=True)
class OwnReviews:
    """A file of reviews, and how they are divided."""

    DATASET: ClassVar = "imdb"  # whose experiments run on it
    NAMED: ClassVar = ("reviews_file", "text", "label")  # the settings that name the data
    MODELS: ClassVar = ("majority", "linear", "simple-rnn", "lstm", "gru", "conv-lstm")

    reviews_file: str = setting("", "CSV file with reviews and their labels", file_or=())
    text: str = setting("", "column of the reviews; empty: by its name")
    label: str = setting("", "column of the labels; empty: by its name or its two values")
    validation_split: float = setting(
        0.2, "share of the reviews that choose the best epoch", minimum=0.01, below=1
    )
    test_split: float = setting(0.2, "share of the reviews to test on", minimum=0.01, below=1)


@dataclass(frozen=True)
class OwnSeries:
    """A file with a series, and how it is divided in time; the rest is to test on."""

    DATASET: ClassVar = "jena"
    NAMED: ClassVar = ("series_file", "time", "target")
    MODELS: ClassVar = ("persistence", SEASONAL, "ridge", "dense", "gru", "gru-dropout")

    series_file: str = setting("", "CSV file with a regular series", file_or=())
    time: str = setting("", "column of the times; empty: by its name")
    target: str = setting("", "column to forecast; empty: the only one of numbers")
    train_share: float = setting(
        0.6, "first share of the rows, to train and normalise on", minimum=0.01, below=1
    )
    validation_share: float = setting(
        0.2, "next share, which chooses the best epoch", minimum=0.01, below=1
    )


OwnData = OwnReviews | OwnSeries
KINDS = {"reviews": OwnReviews, "series": OwnSeries}


def own_file_of(words: list[str]) -> OwnData:
    """The file that a command line names, and its columns."""
    parser = Parser("experiments NAME", "")
    for name in chain(OwnReviews.NAMED, OwnSeries.NAMED):
        parser.add_argument(f"--{name.replace('_', '-')}", default="")
    given, _ = parser.parse_known_args([word for word in words if word not in ("-h", "--help")])
    for own in KINDS.values():
        values = {name: getattr(given, name) for name in own.NAMED}
        if values[own.NAMED[0]]:
            return own(**values)
    raise RunError("--reviews-file and --series-file need the name of a file.")


def experiment_on(name: str, own: OwnData) -> Experiment:
    """The experiment `lstm` or `imdb-lstm` on a file of the user's own."""
    known = {
        one.name.removeprefix(f"{own.DATASET}-"): one
        for one in find_experiments().values()
        if one.dataset == own.DATASET and one.role != "study"
    }
    name = name.removeprefix(f"{own.DATASET}-")
    script = "persistence" if name == SEASONAL else name
    if script not in known:
        kind = own.NAMED[0].removesuffix("_file")
        raise RunError(f"{name} does not run on {kind}; these do: {few(known, most=20)}.")
    experiment = known[script]
    trained = hasattr(experiment.protocol, "epochs")
    if isinstance(own, OwnReviews):
        values, without = REVIEW_VALUES if trained else {}, ()
    else:
        values, without = _values_on(own) | (SERIES_VALUES if trained else {}), ROWS_OF_JENA
        values |= {"weekly": True, "recent_hours": 0.0}
        values["season_hours"] = values["season_hours"] if name == SEASONAL else 0.0
    return dataclasses.replace(
        experiment,
        name=name,
        title=TITLES.get(name, experiment.title),
        dataset=dataset_of(getattr(own, own.NAMED[0]), getattr(own, own.NAMED[-1])),
        protocol=altered(experiment.protocol, own, without=without, **values),
        sample={},
        notes=lambda protocol: [],
        own_data=tuple(one for one in own.NAMED if getattr(own, one)),
        try_next="",
    )


def _values_on(own: OwnSeries) -> dict[str, float]:
    """Spans that suit the rows of a series: a day ahead of ten, an hour a step.

    Where rows are a day or more apart, one row ahead of thirty. A short file has a lookback of no
    more than a quarter of its validation part.
    """
    if not own.series_file:  # for the list of settings
        row, rows = HOUR, 10**6
    else:
        from data.series import read_series

        series = read_series(own.series_file, own.time, own.target)
        row, rows = series.cadence_minutes, len(series.values)
    step = max(HOUR // row, 1) * row
    horizon = max(round(DAY / row), 1) * row
    longest = max(10 * DAY, 30 * row)
    fits = (int(own.validation_share * rows) * row - horizon) // 4
    lookback = max(min(longest, fits) // step, 1) * step
    season = season_of(row, horizon)
    minutes = {"step": step, "horizon": horizon, "lookback": lookback, "season": season}
    return {f"{name}_hours": value / HOUR for name, value in minutes.items()}


def season_of(row: int, horizon: int) -> int:
    """A day, a week or a year in minutes: the shortest that is no persistence at this horizon."""
    seasons = (DAY, 7 * DAY, 52 * 7 * DAY)
    return next((one for one in seasons if one > row and horizon % one), seasons[-1])


def dataset_of(file: str, column: str) -> str:
    """The name of the data set: the file's, and the column that is to be told, if it was named."""
    stem = Path(file).name
    while Path(stem).suffix.lower() in ENDINGS:
        stem = Path(stem).stem
    words = [re.sub(r"[^\w.+]+", "-", word).strip("-.") for word in (stem, column)]
    name = "-".join(filter(None, words))[:100] or "own"
    return f"own-{name}" if TAKEN.fullmatch(name) or name in find_experiments() else name


def as_note(text: str) -> str:
    """What was read, as a footnote: names from a file are no markup."""
    return text.replace("<", "‹").replace("](", "] (")
