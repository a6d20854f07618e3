"""The Jena series and its windows as the documents' scripts prepare them.

One thing is not theirs: they ask for as many validation *batches* as there are windows. Here each
window is read once an epoch, as they meant; 128 times as many would only make their scripts slower.
"""

from collections.abc import Iterator

import numpy as np

from data.jena import PUBLISHED_CADENCE_MINUTES, TEMPERATURE, load_jena

LOOKBACK_HOURS, DELAY_HOURS, BATCH = 240, 24, 128
# of the file with one row every ten minutes; the two sample years have fewer
ENDS = {False: (200_000, 300_000), True: (50_000, 75_000)}


def climate_generators(sample: bool) -> tuple[Iterator, Iterator, int, int]:
    """Generators of training and validation batches, validation steps, and the quantities."""
    climate = load_jena(sample=sample)
    data, hour = climate.values, 60 // climate.cadence_minutes  # rows of an hour
    train_end, validation_end = (
        end * PUBLISHED_CADENCE_MINUTES // climate.cadence_minutes for end in ENDS[sample]
    )
    data = data - data[:train_end].mean(axis=0)
    data = data / data[:train_end].std(axis=0)

    column = climate.quantities.index(TEMPERATURE)
    lookback, delay = LOOKBACK_HOURS * hour, DELAY_HOURS * hour
    common = {"lookback": lookback, "delay": delay, "step": hour, "column": column}
    train = climate_windows(data, 0, train_end, shuffle=True, **common)
    validation = climate_windows(data, train_end + 1, validation_end, shuffle=False, **common)
    validation_steps = (validation_end - train_end - 1 - lookback) // BATCH
    return train, validation, validation_steps, data.shape[1]


def climate_windows(
    data: np.ndarray,
    first: int,
    end: int,
    *,
    shuffle: bool,
    lookback: int,
    delay: int,
    step: int,
    column: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end: windows at random rows, or at one row after the other.

    Args:
        data: normalised readings, shape (rows, quantities).
        first: first row of the split.
        end: row that ends it.
        shuffle: draw the rows at random.
        lookback: rows that a window reaches back.
        delay: rows from a window's end to its target.
        step: rows from one timestep to the next.
        column: quantity that is predicted.

    Yields:
        Windows of shape (batch, timesteps, quantities) and targets of shape (batch,).
    """
    rng = np.random.default_rng()
    at = first + lookback
    while True:
        if shuffle:
            rows = rng.integers(first + lookback, end, size=BATCH)
        else:
            if at >= end:
                at = first + lookback
            rows = np.arange(at, min(at + BATCH, end))
            at += len(rows)
        samples = np.zeros((len(rows), lookback // step, data.shape[-1]))
        targets = np.zeros((len(rows),))
        for place, row in enumerate(rows):
            samples[place] = data[range(row - lookback, row, step)]
            targets[place] = data[row + delay][column]
        yield samples, targets
