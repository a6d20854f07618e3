"""What the ridge regression reads of each window: its end, and the calendar."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from data.windows import Windows

DAY = 24 * 3600.0  # seconds
WEEK = 7 * DAY
YEAR = 365.2425 * DAY
PERIODS = (DAY, YEAR)


def calendar_waves(timestamps: np.ndarray, periods: Sequence[float] = PERIODS) -> np.ndarray:
    """Sine and cosine of the time in each period, by default that of day and that of year.

    From datetime64[s] of shape (rows,): float32, shape (rows, 2 * periods).
    """
    seconds = timestamps.astype("datetime64[s]").astype(np.int64)  # (rows,)
    phases = 2 * np.pi * seconds[:, None] / np.array(periods)  # (rows, periods)
    waves = [wave for phase in phases.T for wave in (np.sin(phase), np.cos(phase))]
    return np.array(waves, np.float32).reshape(len(waves), len(seconds)).T


def ridge_features(
    windows: Windows,
    timestamps: np.ndarray,
    timesteps: int,
    periods: Sequence[float] = PERIODS,
) -> np.ndarray:
    """The last timesteps of each window and the calendar, filled in block by block.

    The timestamps are datetime64[s] of the series' rows, shape (rows,). Returns float64 of shape
    (windows, timesteps * quantities + waves): neighbouring hours are nearly collinear, too nearly
    for float32's normal equations.
    """
    recent = replace(windows, offsets=windows.offsets[-timesteps:])
    waves = calendar_waves(timestamps[recent.last_rows], periods)  # (windows, waves)
    read = timesteps * windows.series.shape[1]
    table = np.empty((len(recent), read + waves.shape[1]))
    for block in np.array_split(np.arange(len(recent)), math.ceil(len(recent) / 10_000)):
        table[block, :read] = recent.inputs(block).reshape(len(block), read)
    table[:, read:] = waves
    return table
