"""Batches for TensorFlow without its automatic tuning, which delays the end of every epoch.

Keras feeds TensorFlow by `tf.data`. The tuner of TensorFlow 2.21 sleeps for ever longer spans, up
to a minute, and nothing wakes it: an iterator that has ended waits for it. An epoch of 11 seconds
takes 20, and one of 21 seconds takes 41. With the tuner off, nothing waits.
"""

import itertools
from collections.abc import Callable, Iterable

import keras
import numpy as np

from harness.training.batches import WindowBatches


def without_tuning(
    samples: tuple | keras.utils.PyDataset, batch_size: int, shuffle: bool, begun: int = 0
):
    """The same batches as Keras makes of these samples, as a `tf.data.Dataset`.

    Args:
        samples: `(x, y)` arrays, or a dataset of batches.
        batch_size: samples of a batch, for arrays.
        shuffle: draw arrays in another order each epoch.
        begun: epochs that have had their batches in a process that died; the next ones follow.
    """
    import tensorflow as tf

    if isinstance(samples, tuple):
        dataset = _of_arrays(*samples, batch_size, shuffle)
    elif isinstance(samples, WindowBatches):
        dataset = _of_windows(samples)
    else:
        dataset = _of_batches(samples)
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = dataset.prefetch(1).with_options(options)
    for _ in range(begun):
        if isinstance(samples, tuple):
            # TensorFlow draws an order for each iterator, in turn. Keras makes one when an epoch
            # begins and another when it ends.
            iter(dataset), iter(dataset)
        else:
            samples.on_epoch_end()
    return dataset


def _of_arrays(x: np.ndarray, y: np.ndarray, batch_size: int, shuffle: bool):
    import tensorflow as tf

    x, y = tf.constant(x), tf.constant(y)
    index = tf.data.Dataset.range(len(x))
    if shuffle:
        index = index.shuffle(len(x), reshuffle_each_iteration=True)
    return index.batch(batch_size).map(lambda i: (tf.gather(x, i), tf.gather(y, i)))


def _of_windows(batches: WindowBatches):
    """Takes the windows' numbers from Python, an epoch at once, and gathers them in TensorFlow."""
    import tensorflow as tf

    windows = batches.windows
    series = tf.constant(windows.series)  # (rows, features)
    target = tf.constant(windows.series[:, windows.target_column])  # (rows,)
    last_rows, offsets = tf.constant(windows.last_rows), tf.constant(windows.offsets)

    def gather(index):
        rows = tf.gather(last_rows, index)  # (batch,)
        inputs = tf.gather(series, rows[:, None] + offsets)  # (batch, timesteps, features)
        return inputs, tf.gather(target, rows + windows.horizon)

    epochs = _epochs(batches, lambda: [np.concatenate([*map(batches.index, range(len(batches)))])])
    numbers = tf.data.Dataset.from_generator(
        epochs, output_signature=tf.TensorSpec((None,), tf.int64)
    )
    dataset = numbers.rebatch(batches.batch_size).map(gather)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def _of_batches(batches: keras.utils.PyDataset):
    import tensorflow as tf

    signature = tuple(
        tf.TensorSpec((None, *part.shape[1:]), part.dtype)  # the last batch may be smaller
        for part in map(np.asarray, batches[0])
    )
    epochs = _epochs(batches, lambda: map(batches.__getitem__, range(len(batches))))
    dataset = tf.data.Dataset.from_generator(epochs, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def _epochs(batches: keras.utils.PyDataset, make: Callable[[], Iterable]) -> Callable:
    """A generator function: one epoch a call. It also tells the batches of each epoch's end.

    That happens when the next epoch begins: Keras takes the last batch and does not ask for more.
    """
    begun = itertools.count()

    def epoch():
        if next(begun):
            batches.on_epoch_end()
        yield from make()

    return epoch
