"""What the ridge regression on Jena reads of each window."""

import math
from dataclasses import replace

import numpy as np


def features(windows, waves, timesteps):
    """The last timesteps of each window and the calendar, filled in block by block.

    Args:
        windows: the windows of one split.
        waves: calendar features of the series' rows, shape (rows, 4).
        timesteps: last timesteps of each window that are read.

    Returns:
        float64, shape (windows, timesteps * quantities + 4): neighbouring hours are nearly
        collinear, too nearly for float32's normal equations.
    """
    recent = replace(windows, offsets=windows.offsets[-timesteps:])
    read = timesteps * windows.series.shape[1]
    table = np.empty((len(recent), read + waves.shape[1]))
    for block in np.array_split(np.arange(len(recent)), math.ceil(len(recent) / 10_000)):
        table[block, :read] = recent.inputs(block).reshape(len(block), read)
    table[:, read:] = waves[recent.last_rows]
    return table
