"""A weather series as a trained network reads it: windows without gaps, one forecast each.

A reading of -9999 is replaced by the last good one, as in training, but not for longer than
`MOST_CARRIED_HOURS`: a window with an older one is not read, and no error is measured at a
temperature that nobody measured.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError
from data.files import JENA, locate
from data.jena import Climate, load_jena, read_jena
from data.jena_file import TEMPERATURE
from data.windows import hours_in_rows

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
        rows = np.flatnonzero(self.readable & np.append(True, np.diff(hours) > np.timedelta64(0)))
        rows = rows[rows + self.horizon < len(self.timestamps)]
        targets = rows + self.horizon
        on_time = self.timestamps[targets] - self.timestamps[rows] == self.horizon * self.cadence
        return rows[on_time & self.measured[rows] & self.measured[targets]]


def open_weather(
    path: Path | None, data_dir: Path | None, sample: bool, protocol: dict, needed: tuple[str, ...]
) -> Weather:
    """The user's file, or else the Jena file of the data directory, or the sample weather.

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
        return lay_windows(load_jena(sample=True), "the sample weather", protocol, needed)
    path = path or locate(JENA, data_dir).path
    return lay_windows(read_jena(path, needed), str(path), protocol, needed)


def lay_windows(climate: Climate, name: str, protocol: dict, needed: tuple[str, ...]) -> Weather:
    """Finds the windows of a series that can be read; arguments as for `open_weather`."""
    minutes = climate.cadence_minutes
    if 60 % minutes:
        raise DataError(
            f"{name} has one row every {minutes} minutes; the networks read one an hour, so that "
            "an hour must be a whole number of rows."
        )
    lookback, step, horizon = (
        hours_in_rows(part, protocol[f"{part}_hours"], minutes)
        for part in ("lookback", "step", "horizon")
    )
    kept, columns = ~climate.repeated, [climate.quantities.index(name) for name in needed]
    timestamps, missing = climate.timestamps[kept], climate.missing[kept][:, columns]
    stale = _rows_without(missing) > MOST_CARRIED_HOURS * 60 // minutes  # (rows, quantities)
    offsets = np.arange(step - lookback, 1, step)  # (timesteps,)

    # numbers of gaps up to each row, and of rows before it that have a stale reading
    gaps = np.cumsum(np.append(False, np.diff(timestamps) != np.timedelta64(minutes, "m")))
    stale_before = np.append(0, np.cumsum(stale.any(axis=1)))
    last = np.arange(-offsets[0], len(timestamps))
    first = last + offsets[0]
    readable = np.zeros(len(timestamps), bool)
    readable[last] = (gaps[last] == gaps[first]) & (stale_before[last + 1] == stale_before[first])
    return Weather(
        name=name,
        quantities=needed,
        timestamps=timestamps,
        values=climate.values[kept][:, columns],
        measured=~missing[:, needed.index(TEMPERATURE)],
        stale=stale,
        offsets=offsets,
        hour=60 // minutes,
        horizon=horizon,
        readable=readable,
    )


def _rows_without(missing: np.ndarray) -> np.ndarray:
    """For how many rows on end a reading has been missing: int, shape (rows, quantities)."""
    table = pd.DataFrame(missing.astype(int))
    return table.apply(lambda column: column.groupby((column == 0).cumsum()).cumsum()).to_numpy()
