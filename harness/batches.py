"""Batches of windows for Keras, gathered from one array when they are asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import keras
import numpy as np

if TYPE_CHECKING:
    from data.windows import Windows


class RandomWindows(keras.utils.PyDataset):
    """Windows drawn at random with replacement, as the documents' generator draws them.

    A batch depends on the seed, the epoch and its number alone, not on which batch came before.

    Args:
        windows: the windows to draw from.
        batch_size: windows of a batch.
        batches: batches of an epoch.
        seed: seed of the draws.
    """

    def __init__(self, windows: Windows, batch_size: int, batches: int, seed: int):
        super().__init__()
        self.windows = windows
        self.batch_size = batch_size
        self.batches = batches
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, self.epoch, batch])
        index = rng.integers(len(self.windows), size=self.batch_size)  # (batch,)
        return self.windows.inputs(index), self.windows.targets(index)

    def on_epoch_end(self) -> None:
        self.epoch += 1


class EveryWindow(keras.utils.PyDataset):
    """Every window exactly once, in order of time; the last batch may be smaller.

    Args:
        windows: the windows.
        batch_size: windows of a batch.
    """

    def __init__(self, windows: Windows, batch_size: int):
        super().__init__()
        self.windows = windows
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.windows) / self.batch_size)

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        begin = batch * self.batch_size
        index = np.arange(begin, min(begin + self.batch_size, len(self.windows)))  # (batch,)
        return self.windows.inputs(index), self.windows.targets(index)
