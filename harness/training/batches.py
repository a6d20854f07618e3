"""Batches for Keras, made when they are asked for."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import numpy as np

if TYPE_CHECKING:
    from data.windows import Windows


def batch_shape(samples: tuple | keras.utils.PyDataset, batch_size: int | None) -> tuple[int, ...]:
    """Shape of the inputs of a full batch.

    Args:
        samples: `(x, y)` arrays, or a dataset of batches.
        batch_size: samples a step, for arrays.
    """
    if isinstance(samples, tuple):
        x = samples[0]
        return min(batch_size or len(x), len(x)), *x.shape[1:]
    if isinstance(samples, WindowBatches):  # known without making a batch
        windows = samples.windows
        return samples.batch_size, len(windows.offsets), windows.series.shape[1]
    return samples[0][0].shape


class DrawnBatches(keras.utils.PyDataset):
    """Batches drawn at random.

    A batch depends on the seed, the epoch and its number alone, not on which batch came before.

    Args:
        draw: makes one batch, inputs and targets, from a generator.
        batches: batches of an epoch.
        seed: seed of the draws.
    """

    def __init__(self, draw: Callable[[np.random.Generator], tuple], batches: int, seed: int):
        super().__init__()
        self.draw = draw
        self.batches = batches
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        return self.draw(np.random.default_rng([self.seed, self.epoch, batch]))

    def on_epoch_end(self) -> None:
        self.epoch += 1


class ShuffledArrays(keras.utils.PyDataset):
    """Arrays in another order each epoch, drawn by the seed that Keras was given.

    With TensorFlow, Keras draws one order and repeats it in every epoch of a seeded training.

    Args:
        x, y: inputs and targets, shape (samples, ...).
        batch_size: samples of a batch; the last one may be smaller.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, batch_size: int):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        # `keras.utils.set_random_seed` seeds Python's generator, too
        self.rng = np.random.default_rng(random.getrandbits(64))
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        index = self.order[batch * self.batch_size :][: self.batch_size]  # (batch,)
        return self.x[index], self.y[index]

    def on_epoch_end(self) -> None:
        self.order = self.rng.permutation(len(self.x))  # (samples,)


class WindowBatches(keras.utils.PyDataset):
    """Batches of windows, each of which is known by its windows' numbers.

    Args:
        windows: the windows.
        batch_size: windows of a batch.
    """

    def __init__(self, windows: Windows, batch_size: int):
        super().__init__()
        self.windows = windows
        self.batch_size = batch_size

    def index(self, batch: int) -> np.ndarray:
        """Numbers of a batch's windows: int64, shape (batch,)."""
        raise NotImplementedError

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        index = self.index(batch)
        return self.windows.inputs(index), self.windows.targets(index)


class RandomWindows(WindowBatches):
    """Windows drawn at random with replacement, as the documents' generator draws them.

    A batch depends on the seed, the epoch and its number alone.

    Args:
        windows: the windows to draw from.
        batch_size: windows of a batch.
        batches: batches of an epoch.
        seed: seed of the draws.
    """

    def __init__(self, windows: Windows, batch_size: int, batches: int, seed: int):
        super().__init__(windows, batch_size)
        self.batches = batches
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.batches

    def index(self, batch: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, self.epoch, batch])
        return rng.integers(len(self.windows), size=self.batch_size)

    def on_epoch_end(self) -> None:
        self.epoch += 1


class EveryWindow(WindowBatches):
    """Every window exactly once, in order of time; the last batch may be smaller."""

    def __len__(self) -> int:
        return math.ceil(len(self.windows) / self.batch_size)

    def index(self, batch: int) -> np.ndarray:
        begin = batch * self.batch_size
        return np.arange(begin, min(begin + self.batch_size, len(self.windows)))
