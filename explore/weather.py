"""A weather series as trained networks read it: windows without gaps.

A reading of -9999 is replaced by the last good one, as in training, but for no more than
`MOST_CARRIED_HOURS`. After that, no window is read over it. No error is measured at a temperature
that was not measured.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError
from data.files import JENA, locate
from data.jena import TEMPERATURE, Climate, load_jena, read_jena
from data.windows import gaps, none_between, window_rows

MOST_CARRIED_HOURS = 6


@dataclass(frozen=True)
class Weather:
    """A series, and which windows of it can be read.

    Attributes:
        name: the file, for messages.
        quantities: names of the columns of `values`.
        timestamps: datetime64[s], shape (rows,), ascending.
        values: float64, shape (rows, quantities), in the units that the names state.
        measured: bool, shape (rows,). Whether the temperature was measured.
        stale: bool, shape (rows, quantities). Whether a reading was carried on for too long.
        offsets: int64, shape (timesteps,). Input rows relative to the last one.
        hour: rows in an hour.
        horizon: rows from the last input to the target.
        readable: bool, shape (rows,). Whether a window can end in this row.
    """

    name: str
    quantities: tuple[str, ...]
    timestamps: np.ndarray
    values: np.ndarray
    measured: np.ndarray
    stale: np.ndarray
    offsets: np.ndarray
    hour: int
    horizon: int
    readable: np.ndarray

    @property
    def temperature(self) -> np.ndarray:
        """float64, shape (rows,), in °C."""
        return self.values[:, self.quantities.index(TEMPERATURE)]

    @property
    def cadence(self) -> np.timedelta64:
        """From row to row."""
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

    Args:
        path: the user's file.
        data_dir: the user's data directory.
        sample: take the sample weather where no file is named.
        protocol: of the networks, with `lookback_hours`, `step_hours` and `horizon_hours`.
        needed: the quantities that they read.

    Raises:
        DataError: the file lacks one of these, or cannot be used.
    """
    if sample and path is None:
        return _lay_windows(load_jena(sample=True), "the sample weather", protocol, needed)
    path = path or locate(JENA, data_dir).path
    return _lay_windows(read_jena(path, needed), str(path), protocol, needed)


def _lay_windows(climate: Climate, name: str, protocol: dict, needed: tuple[str, ...]) -> Weather:
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
        quantities=needed,
        timestamps=timestamps,
        values=climate.values[kept][:, columns],
        measured=~missing[:, needed.index(TEMPERATURE)],
        stale=stale,
        offsets=np.array(offsets),
        hour=60 // minutes,
        horizon=horizon,
        readable=readable,
    )
