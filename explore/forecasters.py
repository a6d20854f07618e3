"""Who forecasts the temperature, and the series that they read.

A reading of -9999 is replaced by the last good one, as in training, but for no more than
`MOST_CARRIED_HOURS`. After that, no window is read over it. No error is measured at a temperature
that was not measured. A file or a moment that cannot be used is a `DataError`.
"""

import datetime
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field, NaiveDatetime, ValidationError

from data.errors import DataError
from data.files import JENA, locate
from data.jena import PUBLISHED_CADENCE_MINUTES, QUANTITIES, TEMPERATURE, load_jena, read_jena
from data.ridge_features import ridge_features
from data.windows import Windows, gaps, none_between, window_rows
from explore.trained import TrainedNetwork
from harness.errors import RunError
from harness.experiment import find_experiments
from harness.records.record import Record

# Called with the last rows of windows, int (windows,); returns temperatures in °C, (windows,).
Forecaster = Callable[[np.ndarray], np.ndarray]

_DECLARED = find_experiments()
PERSISTENCE = _DECLARED["jena-persistence"].title
RIDGE = _DECLARED["jena-ridge"].title
MOST_CARRIED_HOURS = 6
BLOCK = 2_000  # windows that are read at a time

Hours = Annotated[float, Field(gt=0, lt=1e5)]
Count = Annotated[int, Field(ge=0, lt=1e8)]
Deviation = Annotated[float, Field(gt=0)]


class Training(BaseModel):
    """What the record of a network on Jena says of how it was trained."""

    lookback_hours: Hours
    step_hours: Hours
    horizon_hours: Hours
    train_rows: Count  # of the published file
    validation_rows: Count
    cadence_minutes: Annotated[int, Field(ge=1, le=1440)]  # of the file that it read, as below
    rows: Count
    repeated_rows: Count
    gaps: Count
    last_timestamp: NaiveDatetime
    # of each column over the training rows, in the order of the network's inputs
    normalisation: dict[Literal[QUANTITIES], tuple[float, Deviation]]

    def end_of(self, split: str) -> np.datetime64:
        """The latest moment at which the rows of `train` or `validation` can end.

        Their number is known. Counted back from the last row of the file, gaps make the moment
        later than it was, never earlier.
        """
        row = getattr(self, f"{split}_rows") * PUBLISHED_CADENCE_MINUTES // self.cadence_minutes
        regular = self.rows - 1 - row - self.repeated_rows - self.gaps
        step = np.timedelta64(self.cadence_minutes, "m")
        return np.datetime64(self.last_timestamp, "s") - regular * step


def read_training(record: Record) -> Training:
    """Reads from a record what a forecast needs; others made it, perhaps long ago."""
    try:
        known = Training.model_validate(record.config["protocol"] | record.data["facts"])
    except ValidationError as error:
        first = error.errors()[0]
        wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise RunError(
            f"{record.path} does not say what a forecast needs ({wrong}); train a network on Jena "
            "again, such as by `make jena-gru FORCE=1`."
        ) from error
    if TEMPERATURE not in known.normalisation:
        raise RunError(f"{record.path} is of a network that does not read '{TEMPERATURE}'.")
    return known


@dataclass(frozen=True)
class Weather:
    """A series, and which windows of it can be read."""

    name: str  # the file, for messages
    form: str  # what is unusual about the file's form
    quantities: tuple[str, ...]  # names of the columns of `values`
    timestamps: np.ndarray  # datetime64[s] (rows,), ascending
    values: np.ndarray  # float64 (rows, quantities), in the units that the names state
    measured: np.ndarray  # bool (rows,): was the temperature measured?
    holes: np.ndarray  # bool (rows,): no window reads on over this row
    readable: np.ndarray  # bool (rows,): can a window end in this row?
    offsets: np.ndarray  # int64 (timesteps,), input rows relative to the last one
    horizon: int  # rows from the last input to the target
    hour: int  # rows in an hour

    @property
    def temperature(self) -> np.ndarray:
        """float64, shape (rows,), in °C."""
        return self.values[:, self.quantities.index(TEMPERATURE)]

    @property
    def cadence(self) -> np.timedelta64:
        """The time from one row to the next."""
        return np.timedelta64(3600 // self.hour, "s")

    def columns(self, names) -> np.ndarray:
        """Some quantities: float64, shape (rows, names)."""
        return self.values[:, [self.quantities.index(name) for name in names]]

    def windows(self, series: np.ndarray, rows: np.ndarray, names) -> Windows:
        """Those that end in some rows, of a series whose columns have these names."""
        column = list(names).index(TEMPERATURE)
        return Windows(series.astype(np.float32), rows, self.offsets, self.horizon, column)

    def scorable(self) -> np.ndarray:
        """Last rows of the windows whose forecast can be judged, one an hour: int64, (windows,)."""
        hours = self.timestamps.astype("datetime64[h]")
        rows = np.flatnonzero(self.readable & np.append(True, hours[1:] > hours[:-1]))
        rows = rows[rows + self.horizon < len(hours)]
        targets = rows + self.horizon
        on_time = self.timestamps[targets] - self.timestamps[rows] == self.horizon * self.cadence
        return rows[on_time & self.measured[rows] & self.measured[targets]]


def open_weather(
    path: Path | None, data_dir: Path | None, sample: bool, spans, needed: tuple[str, ...]
) -> Weather:
    """Reads the user's file, or else the Jena file of the data directory, or the sample weather.

    `spans` is the `Training` of a network, of which lookback, step and horizon are used; `needed`
    are the quantities that the networks read.
    """
    if sample and path is None:
        name, climate = "the sample weather", load_jena(sample=True)
    else:
        path = path or locate(JENA, data_dir).path
        name, climate = str(path), read_jena(path, needed)
    minutes = climate.cadence_minutes
    if 60 % minutes:
        raise DataError(
            f"{name} has one row every {minutes} minutes; the networks read one an hour, so that "
            "an hour must be a whole number of rows."
        )
    offsets, horizon = window_rows(
        spans.lookback_hours, spans.step_hours, spans.horizon_hours, minutes
    )
    kept, columns = ~climate.repeated, [climate.quantities.index(name) for name in needed]
    timestamps, missing = climate.timestamps[kept], climate.missing[kept][:, columns]
    # missing in this row and in all that reach back so far
    carried = pd.DataFrame(missing).rolling(MOST_CARRIED_HOURS * 60 // minutes + 1)
    stale = carried.min().eq(1).to_numpy().any(axis=1)  # (rows,)
    is_gap = gaps(timestamps, minutes)  # (rows,)

    last = np.arange(-offsets[0], len(timestamps))
    first = last + offsets[0]
    readable = np.zeros(len(timestamps), bool)
    readable[last] = none_between(is_gap, first + 1, last) & none_between(stale, first, last)
    return Weather(
        name=name,
        form=climate.form,
        quantities=needed,
        timestamps=timestamps,
        values=climate.values[kept][:, columns],
        measured=~missing[:, needed.index(TEMPERATURE)],
        holes=is_gap | stale,
        readable=readable,
        offsets=np.array(offsets),
        horizon=horizon,
        hour=60 // minutes,
    )


def moment(time: np.datetime64) -> str:
    """A time as people write it: `2015-07-14 12:10`."""
    return str(time.astype("datetime64[m]")).replace("T", " ")


def find_row(weather: Weather, date: datetime.datetime | None) -> int:
    """The last row up to a moment, or without one of the file, if a forecast can be made there."""
    times, reach = weather.timestamps, -weather.offsets[0]
    date = times[-1] if date is None else np.datetime64(date, "s")
    row = int(np.searchsorted(times, date, "right")) - 1
    begun = date >= times[row] + weather.cadence  # the next row, which a gap leaves out
    if row >= 0 and weather.readable[row] and not begun:
        return row
    if row < reach or date >= times[-1] + weather.cadence:
        obstacle = f"has rows from {moment(times[0])} to {moment(times[-1])}"
    else:
        hole = row - reach + np.flatnonzero(weather.holes[row - reach : row + 1 + begun])[-1]
        obstacle = (
            f"has no rows, or no readings for more than {MOST_CARRIED_HOURS} hours, until "
            f"{moment(times[hole])}"
        )
    usable = np.flatnonzero(weather.readable)
    nearest = [*usable[usable <= row][-1:], *usable[usable > row][:1]]
    dates = " or ".join(f'DATE="{moment(time)}"' for time in times[nearest])
    remedy = f"choose {dates}" if dates else "nor can it at any other moment of the file"
    raise DataError(
        f"no forecast can be made at {moment(date)}: {weather.name} {obstacle}, and a network "
        f"reads the {reach // weather.hour + 1} hours before a forecast; {remedy}."
    )


def persistence(weather: Weather) -> Forecaster:
    """It will be as warm as it is."""
    return lambda rows: weather.temperature[rows]


def network(trained: TrainedNetwork, training: Training, weather: Weather) -> Forecaster:
    """A trained network; it reads the weather normalised as its training rows were."""
    names, scale = zip(*training.normalisation.items(), strict=True)
    mean, std = np.array(scale).T  # (quantities,) each
    series, column = (weather.columns(names) - mean) / std, names.index(TEMPERATURE)
    model = trained.model
    _, timesteps, quantities = model.input_shape
    if quantities != len(names) or timesteps not in (None, len(weather.offsets)):
        raise RunError(f"{trained.path} does not match the record beside it.")
    _compute_fast(model)

    def forecast(rows: np.ndarray) -> np.ndarray:
        windows = weather.windows(series, rows, names)
        if len(rows) > BLOCK:
            print(f"{trained.title} forecasts {len(rows):,} hours", file=sys.stderr)
        predicted = [
            model.predict(windows.inputs(block), batch_size=BLOCK, verbose=0)[:, 0]
            for block in np.split(np.arange(len(rows)), range(BLOCK, len(rows), BLOCK))
        ]
        return np.concatenate(predicted) * std[column] + mean[column]

    return forecast


def _compute_fast(model) -> None:
    """Lets the C library compute the recurrent layers where it can; the results are Keras's."""
    import keras

    from harness.training.machine import accelerator

    if keras.backend.backend() == "tensorflow" and accelerator() is None:
        from harness.training.native import use_native_layers

        use_native_layers(model, words_added=True)


def ridge(weather: Weather, training: Weather, known: Training) -> Forecaster:
    """The regression of jena-ridge, fitted on one window an hour of the networks' training rows.

    It standardises what it reads, so that it can be given degrees. `training` is the series that
    begins with these rows.
    """
    from models.baselines import ridge_regression

    settings = _DECLARED["jena-ridge"].protocol
    recent = round(settings.recent_hours / known.step_hours)

    def read(series: Weather, rows: np.ndarray) -> np.ndarray:
        windows = series.windows(series.values, rows, series.quantities)
        return ridge_features(windows, series.timestamps, min(recent, len(series.offsets)))

    end = known.train_rows * PUBLISHED_CADENCE_MINUTES * training.hour // 60
    rows = training.scorable()
    rows = rows[rows < end]
    if not len(rows):
        raise DataError(f"{training.name} has no whole window in the training rows.")
    model = ridge_regression(settings.penalty)
    model.fit(read(training, rows), training.temperature[rows + training.horizon])
    return lambda rows: model.predict(read(weather, rows))
