"""Batches for TensorFlow without its automatic tuning, which makes every epoch wait at its end.

Keras feeds TensorFlow by `tf.data`. The tuner of TensorFlow 2.21 sleeps for ever longer spans, up
to a minute, and is not woken: an iterator that is done waits for it. An epoch of 11 seconds so
takes 20, one of 21 seconds 41. With the tuner off, nothing waits.
"""

import keras
import numpy as np


def without_tuning(samples: tuple | keras.utils.PyDataset, batch_size: int, shuffle: bool):
    """The same batches as Keras makes of these samples, as a `tf.data.Dataset`.

    Args:
        samples: `(x, y)` arrays, or a dataset of batches.
        batch_size: samples of a batch, for arrays.
        shuffle: draw arrays in another order each epoch.
    """
    import tensorflow as tf

    if isinstance(samples, tuple):
        dataset = _of_arrays(*samples, batch_size, shuffle)
    else:
        dataset = _of_batches(samples)
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(1).with_options(options)


def _of_arrays(x: np.ndarray, y: np.ndarray, batch_size: int, shuffle: bool):
    import tensorflow as tf

    x, y = tf.constant(x), tf.constant(y)
    index = tf.data.Dataset.range(len(x))
    if shuffle:
        index = index.shuffle(len(x), reshuffle_each_iteration=True)
    return index.batch(batch_size).map(lambda i: (tf.gather(x, i), tf.gather(y, i)))


def _of_batches(batches: keras.utils.PyDataset):
    import tensorflow as tf

    def epoch():
        for number in range(len(batches)):
            yield batches[number]
        batches.on_epoch_end()

    signature = tuple(
        tf.TensorSpec((None, *part.shape[1:]), part.dtype)  # the last batch may be smaller
        for part in map(np.asarray, batches[0])
    )
    dataset = tf.data.Dataset.from_generator(epoch, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
