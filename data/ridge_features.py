"""What the ridge regression reads of each window: its end, and the calendar."""

import math
from dataclasses import replace

import numpy as np

from data.windows import Windows

DAY = 24 * 3600.0  # seconds
WEEK = 7 * DAY
YEAR = 365.2425 * DAY


def calendar_waves(timestamps: np.ndarray, weekly: bool = False) -> np.ndarray:
    """Sine and cosine of the time of day, of that of the year, and of that of the week.

    From datetime64[s] of shape (rows,): float32, shape (rows, 4), with the week's (rows, 6).
    """
    seconds = timestamps.astype("datetime64[s]").astype(np.int64)  # (rows,)
    periods = [DAY, YEAR, WEEK] if weekly else [DAY, YEAR]
    phases = 2 * np.pi * seconds[:, None] / periods  # (rows, periods)
    waves = [wave for phase in phases.T for wave in (np.sin(phase), np.cos(phase))]
    return np.stack(waves, axis=1).astype(np.float32)


def ridge_features(
    windows: Windows, timestamps: np.ndarray, timesteps: int, weekly: bool = False
) -> np.ndarray:
    """The last timesteps of each window and the calendar, filled in block by block.

    The timestamps are datetime64[s] of the series' rows, shape (rows,). Returns float64 of shape
    (windows, timesteps * quantities + waves): neighbouring hours are nearly collinear, too nearly
    for float32's normal equations.
    """
    recent = replace(windows, offsets=windows.offsets[-timesteps:])
    waves = calendar_waves(timestamps[recent.last_rows], weekly)  # (windows, 4 or 6)
    read = timesteps * windows.series.shape[1]
    table = np.empty((len(recent), read + waves.shape[1]))
    for block in np.array_split(np.arange(len(recent)), math.ceil(len(recent) / 10_000)):
        table[block, :read] = recent.inputs(block).reshape(len(block), read)
    table[:, read:] = waves
    return table
