"""Batches for Keras, made when they are asked for."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import keras
import numpy as np

if TYPE_CHECKING:
    from data.windows import Windows


class Batches(keras.utils.PyDataset):
    """Batches that depend on the epoch and their number alone, not on which one came before."""

    def __init__(self, batches: int):
        super().__init__()
        self.batches = batches  # of an epoch
        self.epoch = 0

    def at(self, epoch: int, batch: int) -> tuple[np.ndarray, ...]:
        """Inputs and targets of one batch, and weights where there are some."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, batch: int) -> tuple[np.ndarray, ...]:
        return self.at(self.epoch, batch)

    def on_epoch_end(self) -> None:
        self.epoch += 1


class DrawnBatches(Batches):
    """Batches that `draw` makes from a generator, seeded by the epoch and the batch."""

    def __init__(self, draw: Callable[[np.random.Generator], tuple], batches: int, seed: int):
        super().__init__(batches)
        self.draw, self.seed = draw, seed

    def at(self, epoch: int, batch: int) -> tuple[np.ndarray, ...]:
        return self.draw(np.random.default_rng([self.seed, epoch, batch]))


class WindowBatches(Batches):
    """Batches of windows, each of which is known by its windows' numbers."""

    def __init__(self, windows: Windows, batch_size: int, batches: int):
        super().__init__(batches)
        self.windows, self.batch_size = windows, batch_size

    def index(self, epoch: int, batch: int) -> np.ndarray:
        """Numbers of a batch's windows: int64, shape (batch,)."""
        raise NotImplementedError

    def at(self, epoch: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
        index = self.index(epoch, batch)
        return self.windows.inputs(index), self.windows.targets(index)


class RandomWindows(WindowBatches):
    """Windows drawn at random with replacement, as the documents' generator draws them."""

    def __init__(self, windows: Windows, batch_size: int, batches: int, seed: int):
        super().__init__(windows, batch_size, batches)
        self.seed = seed

    def index(self, epoch: int, batch: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, epoch, batch])
        return rng.integers(len(self.windows), size=self.batch_size)


class EveryWindow(WindowBatches):
    """Every window exactly once, in order of time; the last batch may be smaller."""

    def __init__(self, windows: Windows, batch_size: int):
        super().__init__(windows, batch_size, math.ceil(len(windows) / batch_size))

    def index(self, epoch: int, batch: int) -> np.ndarray:
        begin = batch * self.batch_size
        return np.arange(begin, min(begin + self.batch_size, len(self.windows)))


class ShuffledArrays(keras.utils.PyDataset):
    """Arrays in another order each epoch, drawn by the seed that Keras was given.

    With TensorFlow, Keras draws one order and repeats it in every epoch of a seeded training. The
    arrays have shape (samples, ...); the last batch may be smaller.
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


def batch_shape(samples: tuple | Batches, batch_size: int | None) -> tuple[int, ...]:
    """Shape of the inputs of a full batch; `batch_size` is that of arrays."""
    if isinstance(samples, tuple):
        x = samples[0]
        return min(batch_size or len(x), len(x)), *x.shape[1:]
    return samples[0][0].shape


def without_tuning(samples: tuple | Batches, batch_size: int, shuffle: bool, begun: int = 0):
    """The same batches as Keras makes of these samples, as a `tf.data.Dataset` that is not tuned.

    Keras feeds TensorFlow by `tf.data`. The tuner of TensorFlow 2.21 sleeps for ever longer spans,
    up to a minute, and nothing wakes it: an iterator that has ended waits for it. An epoch of 11
    seconds takes 20, and one of 21 seconds takes 41. With the tuner off, nothing waits.

    `batch_size` and `shuffle`, another order each epoch, are for `(x, y)` arrays. In a process that
    died, `begun` epochs have had their batches; the next ones follow.
    """
    import tensorflow as tf

    if isinstance(samples, tuple):
        dataset = _of_arrays(*samples, batch_size, shuffle)
    elif isinstance(samples, WindowBatches):
        dataset = _of_windows(samples, begun)
    else:
        dataset = _of_batches(samples, begun)
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = dataset.prefetch(1).with_options(options)
    for _ in range(begun if isinstance(samples, tuple) else 0):
        # TensorFlow draws an order for each iterator, in turn. Keras makes one when an epoch begins
        # and another when it ends.
        iter(dataset), iter(dataset)
    return dataset


def _of_arrays(x: np.ndarray, y: np.ndarray, batch_size: int, shuffle: bool):
    import tensorflow as tf

    x, y = tf.constant(x), tf.constant(y)
    index = tf.data.Dataset.range(len(x))
    if shuffle:
        index = index.shuffle(len(x), reshuffle_each_iteration=True)

    @tf.autograph.experimental.do_not_convert  # to find that nothing is to convert takes 0.4 s
    def gather(i):
        return tf.gather(x, i), tf.gather(y, i)

    return index.batch(batch_size).map(gather)


def _of_windows(batches: WindowBatches, begun: int):
    """Takes the windows' numbers from Python, an epoch at once, and gathers them in TensorFlow."""
    import tensorflow as tf

    windows = batches.windows
    series = tf.constant(windows.series)  # (rows, features)
    target = tf.constant(windows.series[:, windows.target_column])  # (rows,)
    last_rows, offsets = tf.constant(windows.last_rows), tf.constant(windows.offsets)

    @tf.autograph.experimental.do_not_convert
    def gather(index):
        rows = tf.gather(last_rows, index)  # (batch,)
        inputs = tf.gather(series, rows[:, None] + offsets)  # (batch, timesteps, features)
        return inputs, tf.gather(target, rows + windows.horizon)

    def numbers(epoch: int) -> list[np.ndarray]:
        return [np.concatenate([batches.index(epoch, batch) for batch in range(len(batches))])]

    index = _epochs(numbers, begun, tf.TensorSpec((None,), tf.int64))
    dataset = index.rebatch(batches.batch_size).map(gather)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def _of_batches(batches: Batches, begun: int):
    import tensorflow as tf

    signature = tuple(
        tf.TensorSpec((None, *part.shape[1:]), part.dtype)  # the last batch may be smaller
        for part in map(np.asarray, batches[0])
    )
    dataset = _epochs(
        lambda epoch: (batches.at(epoch, batch) for batch in range(len(batches))), begun, signature
    )
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def _epochs(make: Callable[[int], Iterable], begun: int, signature):
    """A dataset that is another epoch each time that Keras reads it, from epoch `begun` on."""
    import tensorflow as tf

    epochs = itertools.count(begun)
    return tf.data.Dataset.from_generator(lambda: make(next(epochs)), output_signature=signature)
