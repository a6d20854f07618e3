"""Forecasts of the temperature: the series, who forecasts, one forecast, and the errors of all.

A reading of -9999 is replaced by the last good one, as in training, but for no more than
`MOST_CARRIED_HOURS`. After that, no window is read over it. No error is measured at a temperature
that was not measured. A file or a moment that cannot be used is a `DataError`.
"""

import calendar
import datetime
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import numpy as np
import pandas as pd

from data.errors import DataError
from data.files import JENA, locate
from data.jena import PUBLISHED_CADENCE_MINUTES, TEMPERATURE, load_jena, read_jena
from data.ridge_features import ridge_features
from data.windows import Windows, gaps, none_between, window_rows
from explore.trained import TrainedNetwork
from harness.experiment import find_experiments
from harness.records.record import Record
from harness.records.schema import Weeks, weekly_errors
from harness.reporting.statistics import samples_interval
from harness.reporting.table import format_percent

# Called with the last rows of windows, int (windows,); returns temperatures in °C, (windows,).
Forecaster = Callable[[np.ndarray], np.ndarray]

_DECLARED = find_experiments()
PERSISTENCE = _DECLARED["jena-persistence"].title
RIDGE = _DECLARED["jena-ridge"].title
MOST_CARRIED_HOURS = 6
FEWEST_WEEKS = 8  # of fewer, drawing weeks anew says little
BLOCK = 2_000  # windows that are read at a time
QUIET_SECONDS = 3  # from one line of progress to the next


@dataclass(frozen=True)
class Weather:
    """A series, and which windows of it can be read."""

    name: str  # the file, for messages
    form: str  # what is unusual about the file's form
    quantities: tuple[str, ...]  # names of the columns of `values`
    timestamps: np.ndarray  # datetime64[s] (rows,), ascending
    values: np.ndarray  # float64 (rows, quantities), in the units that the names state
    measured: np.ndarray  # bool (rows,): was the temperature measured?
    stale: np.ndarray  # bool (rows, quantities): was a reading carried on for too long?
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

    def scorable(self) -> np.ndarray:
        """Last rows of the windows whose forecast can be judged, one an hour: int64, (windows,)."""
        hours = self.timestamps.astype("datetime64[h]")
        rows = np.flatnonzero(self.readable & np.append(True, hours[1:] > hours[:-1]))
        rows = rows[rows + self.horizon < len(hours)]
        targets = rows + self.horizon
        on_time = self.timestamps[targets] - self.timestamps[rows] == self.horizon * self.cadence
        return rows[on_time & self.measured[rows] & self.measured[targets]]


def open_weather(
    path: Path | None, data_dir: Path | None, sample: bool, protocol: dict, needed: tuple[str, ...]
) -> Weather:
    """Reads the user's file, or else the Jena file of the data directory, or the sample weather.

    The protocol is that of the networks, with `lookback_hours`, `step_hours` and `horizon_hours`;
    `needed` are the quantities that they read.
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
    spans = [protocol[f"{span}_hours"] for span in ("lookback", "step", "horizon")]
    offsets, horizon = window_rows(*spans, minutes)
    kept, columns = ~climate.repeated, [climate.quantities.index(name) for name in needed]
    timestamps, missing = climate.timestamps[kept], climate.missing[kept][:, columns]
    # missing in this row and in all that reach back so far
    carried = pd.DataFrame(missing).rolling(MOST_CARRIED_HOURS * 60 // minutes + 1)
    stale = carried.min().eq(1).to_numpy()  # (rows, quantities)

    last = np.arange(-offsets[0], len(timestamps))
    first = last + offsets[0]
    readable = np.zeros(len(timestamps), bool)
    readable[last] = none_between(gaps(timestamps, minutes), first + 1, last)
    readable[last] &= none_between(stale.any(axis=1), first, last)
    return Weather(
        name=name,
        form=climate.form,
        quantities=needed,
        timestamps=timestamps,
        values=climate.values[kept][:, columns],
        measured=~missing[:, needed.index(TEMPERATURE)],
        stale=stale,
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
    times, reach = weather.timestamps, 1 - weather.offsets[0] // weather.hour
    date = times[-1] if date is None else np.datetime64(date, "s")
    row = int(np.searchsorted(times, date, "right")) - 1
    if row >= 0 and weather.readable[row] and date < times[row] + weather.cadence:
        return row
    first = max(row + weather.offsets[0], 0)
    steps = np.diff(times[first : row + 1])
    broken = first + np.flatnonzero(steps != weather.cadence)  # rows before a gap
    if 0 <= row < len(times) - 1 and date >= times[row] + weather.cadence:
        broken = np.append(broken, row)
    if row < 0 or date >= times[-1] + weather.cadence:
        obstacle = f"has rows from {moment(times[0])} to {moment(times[-1])}"
    elif row + weather.offsets[0] < 0:
        obstacle = f"begins at {moment(times[0])}"
    elif len(broken):
        obstacle = f"has a gap from {moment(times[broken[-1]])} to {moment(times[broken[-1] + 1])}"
    else:
        late, column = np.argwhere(weather.stale[first : row + 1])[-1]
        obstacle = (
            f"has no reading of {weather.quantities[column]!r} for more than {MOST_CARRIED_HOURS} "
            f"hours up to {moment(times[first + late])}"
        )
    usable = np.flatnonzero(weather.readable)
    nearest = [*usable[usable <= row][-1:], *usable[usable > row][:1]]
    dates = " or ".join(f'DATE="{moment(time)}"' for time in times[nearest])
    remedy = f"choose {dates}" if dates else "nor can it at any other moment of the file"
    raise DataError(
        f"no forecast can be made at {moment(date)}: {weather.name} {obstacle}, and a network "
        f"reads the {reach} hours before a forecast; {remedy}."
    )


def persistence(weather: Weather) -> Forecaster:
    """It will be as warm as it is."""
    return lambda rows: weather.temperature[rows]


def network(trained: TrainedNetwork, weather: Weather) -> Forecaster:
    """A trained network; it reads the weather normalised as its training rows were."""
    names = list(trained.normalisation)
    mean, std = np.array(list(trained.normalisation.values())).T  # (quantities,) each
    series = ((weather.columns(names) - mean) / std).astype(np.float32)  # (rows, quantities)
    target, model = names.index(TEMPERATURE), trained.model
    _compute_fast(model)

    def forecast(rows: np.ndarray) -> np.ndarray:
        windows = Windows(series, rows, weather.offsets, weather.horizon, target)
        predicted, said = np.empty(len(rows)), time.monotonic()
        for start in range(0, len(rows), BLOCK):
            block = np.arange(start, min(start + BLOCK, len(rows)))
            inputs = windows.inputs(block)  # (block, timesteps, quantities)
            predicted[block] = model.predict(inputs, batch_size=BLOCK, verbose=0)[:, 0]
            if time.monotonic() - said > QUIET_SECONDS:
                said = time.monotonic()
                print(f"{trained.title}: {block[-1] + 1:,} of {len(rows):,}", file=sys.stderr)
        return predicted * std[target] + mean[target]

    return forecast


def _compute_fast(model) -> None:
    """Lets the C library compute the recurrent layers where it can; the results are Keras's."""
    import keras

    from harness.training.machine import accelerator

    if keras.backend.backend() == "tensorflow" and accelerator() is None:
        from harness.training.native import use_native_layers

        use_native_layers(model, words_added=True)


def ridge(weather: Weather, training: Weather, protocol: dict) -> Forecaster:
    """The regression of jena-ridge, fitted on one window an hour of the training rows.

    It standardises what it reads, so that it can be given degrees. `training` is the series that
    begins with the training rows, which are those of the networks' protocol.
    """
    from models.baselines import ridge_regression

    settings = _DECLARED["jena-ridge"].protocol
    recent = round(settings.recent_hours / protocol["step_hours"])

    def read(series: Weather, rows: np.ndarray) -> np.ndarray:
        values, target = series.values.astype(np.float32), series.quantities.index(TEMPERATURE)
        windows = Windows(values, rows, series.offsets, series.horizon, target)
        return ridge_features(windows, series.timestamps, min(recent, len(series.offsets)))

    end = protocol["train_rows"] * PUBLISHED_CADENCE_MINUTES * training.hour // 60
    rows = training.scorable()
    rows = rows[rows < end]
    if not len(rows):
        raise DataError(f"{training.name} has no whole window in the training rows.")
    model = ridge_regression(settings.penalty)
    model.fit(read(training, rows), training.temperature[rows + training.horizon])
    return lambda rows: model.predict(read(weather, rows))


@dataclass(frozen=True)
class Forecast:
    """What each forecaster says at one moment, in °C."""

    made: np.datetime64  # time of the last input
    target: np.datetime64  # the time that is forecast
    now: float  # temperature at the last input
    happened: float | None  # temperature at the target, None where it was not measured
    # by forecaster, float64 (hours,): the temperature at each hour up to the target, as it was
    # forecast one horizon before that hour; NaN where no window can be read
    paths: dict[str, np.ndarray]

    def title(self) -> str:
        """What the first forecaster says, and what happened."""
        name, path = next(iter(self.paths.items()))
        after = "not measured" if self.happened is None else f"measured {self.happened:.1f} °C"
        return f"Forecast for {moment(self.target)}: {name} {path[-1]:.1f} °C, {after}"

    def text(self) -> str:
        """The forecasts one below the other, and how far they are off."""
        rows = {"now": self.now} | {name: path[-1] for name, path in self.paths.items()}
        if self.happened is not None:
            rows["measured"] = self.happened
        lines = [f"forecast of {moment(self.made)} for {moment(self.target)}"]
        for name, value in rows.items():
            known = self.happened is not None and name in self.paths
            error = f"  {value - self.happened:+5.1f}" if known else ""
            lines.append(f"  {name:{max(map(len, rows))}}  {value:5.1f} °C{error}")
        return "\n".join(lines)


def make_forecast(weather: Weather, row: int, forecasters: dict[str, Forecaster]) -> Forecast:
    """Asks every forecaster at one row of a series, and at the hours before it."""
    rows = row - np.arange(weather.horizon // weather.hour)[::-1] * weather.hour  # (hours,)
    readable = (rows >= 0) & weather.readable[rows]  # (hours,)
    paths = {}
    for name, forecaster in forecasters.items():
        paths[name] = np.full(len(rows), np.nan)
        paths[name][readable] = forecaster(rows[readable])
    target = weather.timestamps[row] + weather.horizon * weather.cadence
    found = weather.temperature[(weather.timestamps == target) & weather.measured]
    happened = float(found[0]) if len(found) else None
    now = float(weather.temperature[row])
    return Forecast(weather.timestamps[row], target, now, happened, paths)


@dataclass(frozen=True)
class Errors:
    """Absolute errors of forecasts after the training rows."""

    # a row a forecast and a column a forecaster, in °C; the index is the target's time
    table: pd.DataFrame
    is_test: np.ndarray  # bool (forecasts,): the whole window lies after the validation rows

    def means(self) -> dict[str, pd.DataFrame]:
        """Mean errors by year, and of the test rows by month and by hour of the file's clock."""
        test = self.table[self.is_test]
        years = self.table.index.year.astype(str)
        years += np.where(self.is_test, ", test", ", validation")
        parts = {
            "year": self.table.groupby(years, sort=False),
            "month": test.groupby(test.index.month),
            "hour": test.groupby(test.index.strftime("%H")),
        }
        tables = {}
        for unit, grouped in parts.items():
            tables[unit] = grouped.mean()
            tables[unit].insert(0, "forecasts", grouped.size())
        tables["month"].index = [calendar.month_abbr[number] for number in tables["month"].index]
        tables["year"].loc["test, all years"] = [len(test), *test.mean()]
        return tables

    def text(self) -> str:
        """The three tables for the terminal, with short names such as "Ridge"."""
        texts = []
        style = {"float_format": "{:.3f}".format, "formatters": {"forecasts": "{:,.0f}".format}}
        for unit, table in self.means().items():
            short = table.rename(columns=lambda name: name.partition(" on ")[0])
            aligned = short.to_string(**style)
            texts.append(f"Mean absolute error (°C) by {unit}\n{indent(aligned, '  ')}")
        return "\n\n".join(texts)

    def against_persistence(self, name: str) -> str:
        """One sentence about a forecaster on the test span."""
        test = self.table[self.is_test]
        ours, theirs = test[[name, PERSISTENCE]].mean()
        change = f"{format_percent(abs(1 - ours / theirs))} {'less' if ours < theirs else 'more'}"
        text = f"{name}: off by {ours:.2f} °C, {change} than persistence ({theirs:.2f} °C)"
        first, second = (
            Weeks(*map(tuple, weekly_errors(test[one].to_numpy(), test.index.to_numpy()).values()))
            for one in (name, PERSISTENCE)
        )
        if len(first.weeks) < FEWEST_WEEKS:
            return f"{text}; too few weeks for an interval"
        low, high = samples_interval([first], [second])
        verdict = "beats it" if high < 0 else "is beaten by it" if low > 0 else "not decided"
        return f"{text}; difference {low:+.2f} to {high:+.2f} °C (95 %, over weeks): {verdict}"


def measure_errors(
    weather: Weather, forecasters: dict[str, Forecaster], record: Record
) -> Errors | None:
    """Compares the forecasts after a network's training rows with what happened.

    None if no window of the series lies after the network's validation rows.
    """
    rows = weather.scorable()
    begins = weather.timestamps[rows + weather.offsets[0]]  # (windows,)
    rows, begins = (each[begins > _end_of("train", record)] for each in (rows, begins))
    is_test = begins > _end_of("validation", record)  # (windows,)
    if not is_test.any():
        return None
    targets = rows + weather.horizon
    errors = {
        name: np.abs(forecast(rows) - weather.temperature[targets])
        for name, forecast in forecasters.items()
    }
    times = pd.DatetimeIndex(weather.timestamps[targets])
    return Errors(pd.DataFrame(errors, times), is_test)


def _end_of(split: str, record: Record) -> np.datetime64:
    """The latest moment at which a network's training or validation rows can end.

    A record has the number of these rows. Counted back from the last row of its file, gaps make
    the moment later than it was, never earlier.
    """
    facts, minutes = record.data["facts"], record.data["facts"]["cadence_minutes"]
    row = record.config["protocol"][f"{split}_rows"] * PUBLISHED_CADENCE_MINUTES // minutes
    regular = facts["rows"] - 1 - row - facts["repeated_rows"] - facts["gaps"]
    return np.datetime64(facts["last_timestamp"], "s") - regular * np.timedelta64(minutes, "m")
