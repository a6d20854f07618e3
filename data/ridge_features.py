"""What the ridge regression on Jena reads of each window: its end, and the calendar."""

import math
from dataclasses import replace

import numpy as np

from data.windows import Windows

DAY = 24 * 3600.0  # seconds
YEAR = 365.2425 * DAY


def calendar_waves(timestamps: np.ndarray) -> np.ndarray:
    """Sine and cosine of the time of day and of the time of year.

    From datetime64[s] of shape (rows,): float32, shape (rows, 4), the daily ones first.
    """
    seconds = timestamps.astype("datetime64[s]").astype(np.int64)  # (rows,)
    phases = 2 * np.pi * seconds[:, None] / [DAY, YEAR]  # (rows, 2)
    day, year = phases.T
    waves = [np.sin(day), np.cos(day), np.sin(year), np.cos(year)]
    return np.stack(waves, axis=1).astype(np.float32)


def ridge_features(windows: Windows, timestamps: np.ndarray, timesteps: int) -> np.ndarray:
    """The last timesteps of each window and the calendar, filled in block by block.

    The timestamps are datetime64[s] of the series' rows, shape (rows,). Returns float64 of shape
    (windows, timesteps * quantities + 4): neighbouring hours are nearly collinear, too nearly for
    float32's normal equations.
    """
    recent = replace(windows, offsets=windows.offsets[-timesteps:])
    read = timesteps * windows.series.shape[1]
    table = np.empty((len(recent), read + 4))
    for block in np.array_split(np.arange(len(recent)), math.ceil(len(recent) / 10_000)):
        table[block, :read] = recent.inputs(block).reshape(len(block), read)
    table[:, read:] = calendar_waves(timestamps[recent.last_rows])
    return table
