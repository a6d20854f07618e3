"""Finds the row at which a forecast is made, or says why there is none."""

import numpy as np

from data.errors import DataError
from explore.weather import MOST_CARRIED_HOURS, Weather


def find_row(weather: Weather, date: np.datetime64 | None) -> int:
    """The last row up to a moment, or of the file, at which a forecast can be made.

    Raises:
        DataError: there is no such row: says why, and which moment is the nearest that can be used.
    """
    times, row = weather.timestamps, len(weather.timestamps) - 1
    if date is not None:
        if not times[0] <= date < times[-1] + weather.cadence:
            raise DataError(
                f"{weather.name} has rows from {moment(times[0])} to {moment(times[-1])}; "
                f"{moment(date)} is outside; choose a DATE between them."
            )
        row = int(np.searchsorted(times, date, "right")) - 1
        if date >= times[row] + weather.cadence:
            raise DataError(
                f"{weather.name} has no row at {moment(date)}: there is a gap from "
                f"{moment(times[row])} to {moment(times[row + 1])}; {_nearest(weather, row)}"
            )
    if not weather.readable[row]:
        raise DataError(
            f"no forecast can be made at {moment(times[row])}: {_obstacle(weather, row)}; "
            f"{_nearest(weather, row)}"
        )
    return row


def moment(time: np.datetime64) -> str:
    """`2015-07-14 12:10`."""
    return str(time.astype("datetime64[m]")).replace("T", " ")


def _obstacle(weather: Weather, row: int) -> str:
    """Why no window ends in a row."""
    first, times = row + weather.offsets[0], weather.timestamps
    if first < 0:
        reach = 1 - weather.offsets[0] // weather.hour
        return (
            f"the network reads {reach} hours up to it, and {weather.name} begins at "
            f"{moment(times[0])}"
        )
    gaps = first + np.flatnonzero(np.diff(times[first : row + 1]) != weather.cadence)
    if len(gaps):
        return (
            f"{weather.name} has a gap from {moment(times[gaps[-1]])} to "
            f"{moment(times[gaps[-1] + 1])}, within the hours that the network reads"
        )
    late, column = np.argwhere(weather.stale[first : row + 1])[-1]
    return (
        f"{weather.name} has had no reading of {weather.quantities[column]!r} for more than "
        f"{MOST_CARRIED_HOURS} hours at {moment(times[first + late])}"
    )


def _nearest(weather: Weather, row: int) -> str:
    """Which moments can be chosen instead."""
    usable = np.flatnonzero(weather.readable)
    before, after = usable[usable < row], usable[usable > row]
    if not len(usable):
        return "nor at any other moment of it: no stretch without a gap is long enough."
    dates = [f'DATE="{moment(weather.timestamps[r])}"' for r in (*before[-1:], *after[:1])]
    if not len(before):
        return f"the earliest possible is {dates[0]}."
    return f"choose {' or earlier, or '.join(dates)}{'' if len(after) else ' or earlier'}."
