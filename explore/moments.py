"""Finds the row at which a forecast is made, or says why none can be made there."""

import datetime

import numpy as np

from data.errors import DataError
from explore.weather import MOST_CARRIED_HOURS, Weather


def moment(time: np.datetime64) -> str:
    """`2015-07-14 12:10`."""
    return str(time.astype("datetime64[m]")).replace("T", " ")


def find_row(weather: Weather, date: datetime.datetime | None) -> int:
    """The last row up to a moment; without one, that of the file.

    Raises:
        DataError: no forecast can be made there: says why, and where the nearest can.
    """
    times = weather.timestamps
    date = times[-1] if date is None else np.datetime64(date, "s")
    row = int(np.searchsorted(times, date, "right")) - 1
    if row < 0 or date >= times[-1] + weather.cadence:
        obstacle = f"has rows from {moment(times[0])} to {moment(times[-1])}"
    elif date >= times[row] + weather.cadence:
        obstacle = _gap(times[row : row + 2])
    elif weather.readable[row]:
        return row
    else:
        obstacle = _obstacle(weather, row)
    raise DataError(
        f"no forecast can be made at {moment(date)}: {weather.name} {obstacle}; "
        f"{_nearest(weather, row)}."
    )


def _gap(ends: np.ndarray) -> str:
    return f"has a gap from {moment(ends[0])} to {moment(ends[1])}"


def _obstacle(weather: Weather, row: int) -> str:
    """Why no window ends in a row."""
    first, times = row + weather.offsets[0], weather.timestamps
    reach = 1 - weather.offsets[0] // weather.hour
    reading = f", and the network reads the {reach} hours before a forecast"
    if first < 0:
        return f"begins at {moment(times[0])}{reading}"
    gaps = np.flatnonzero(np.diff(times[first : row + 1]) != weather.cadence)
    if len(gaps):
        return _gap(times[first + gaps[-1] :]) + reading
    late, column = np.argwhere(weather.stale[first : row + 1])[-1]
    return (
        f"has no reading of {weather.quantities[column]!r} for more than {MOST_CARRIED_HOURS} "
        f"hours up to {moment(times[first + late])}{reading}"
    )


def _nearest(weather: Weather, row: int) -> str:
    """Which moments can be chosen instead."""
    usable = np.flatnonzero(weather.readable)
    before, after = usable[usable <= row][-1:], usable[usable > row][:1]
    dates = [f'DATE="{moment(time)}"' for time in weather.timestamps[[*before, *after]]]
    if not dates:
        return "nor at any other moment of it"
    return f"choose {' or '.join(dates)}" if len(before) else f"the earliest possible is {dates[0]}"
