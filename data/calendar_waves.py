"""The time of day and of the year as smooth features."""

import numpy as np

DAY = 24 * 3600.0  # seconds
YEAR = 365.2425 * DAY


def calendar_waves(timestamps: np.ndarray) -> np.ndarray:
    """Sine and cosine of the time of day and of the time of year.

    Args:
        timestamps: datetime64[s], shape (rows,).

    Returns:
        float32, shape (rows, 4): daily sine and cosine, yearly sine and cosine.
    """
    seconds = timestamps.astype("datetime64[s]").astype(np.int64)  # (rows,)
    phases = 2 * np.pi * seconds[:, None] / [DAY, YEAR]  # (rows, 2)
    day, year = phases.T
    waves = [np.sin(day), np.cos(day), np.sin(year), np.cos(year)]
    return np.stack(waves, axis=1).astype(np.float32)
