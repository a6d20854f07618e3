"""Gradients of a Keras model on any backend, read off a step of plain gradient descent.

With a learning rate of 1, one step of gradient descent changes each weight by minus its gradient.
No function of a backend is needed.
"""

from collections.abc import Callable

import keras
import numpy as np


def gradients(model: keras.Model, x, y: np.ndarray, loss: str | Callable) -> dict[str, np.ndarray]:
    """Gradients of the mean loss of one batch with respect to the trainable weights.

    The model is compiled anew, and gets its weights back. The loss is Keras's name of one, or a
    function of targets and outputs. Returns an array of each weight's shape, by the weight's path.
    """
    # one step of a model that is used once: not worth a graph
    model.compile(keras.optimizers.SGD(learning_rate=1.0), loss, run_eagerly=True)
    before = [weights.copy() for weights in model.get_weights()]
    trained = {w.path: keras.ops.convert_to_numpy(w).copy() for w in model.trainable_weights}
    model.train_on_batch(x, y)
    steps = {
        w.path: trained[w.path] - keras.ops.convert_to_numpy(w) for w in model.trainable_weights
    }
    model.set_weights(before)
    return steps


class InputOffset(keras.Layer):
    """Adds weights that are zero to its input, so that their gradient is that of the input.

    Since they start at zero, tiny gradients keep their digits: nothing large is subtracted.
    """

    def build(self, shape):
        self.offset = self.add_weight(shape=shape, initializer="zeros", name="offset")

    def call(self, x):
        return x + self.offset


def input_gradients(
    reader: keras.Model, x: np.ndarray, y: np.ndarray, loss: str | Callable
) -> np.ndarray:
    """Gradient of each sample's loss with respect to its own inputs.

    The inputs and the gradients have shape (batch, timesteps, features) and the precision in which
    to compute. `reader` is a model or layer, all of it trainable; its weights are left alone.
    """
    inputs = keras.Input(batch_shape=x.shape, dtype=x.dtype.name)  # (batch, timesteps, features)
    reader.trainable = False
    try:
        model = keras.Model(inputs, reader(InputOffset(dtype=x.dtype.name)(inputs)))
        (gradient,) = gradients(model, x, y, loss).values()
    finally:
        reader.trainable = True
    return gradient * len(x)  # the loss is a mean: each sample has 1 / batch of it


def decay_rate(norms: np.ndarray) -> float | None:
    """How often the norm halves in one step; negative if it grows, None below two steps.

    It is the slope of a straight line through the norm's logarithm, where it is not zero.
    """
    seen = np.flatnonzero(norms)  # (steps,)
    if len(seen) < 2:
        return None
    return -float(np.polyfit(seen, np.log2(norms[seen]), 1)[0])
