"""The update rules of Keras through its versions; the published logs were made with that of 2.0.8.

They differ in three things, which matter to an embedding, most of whose weights have gradients far
below the square root of epsilon:

- *epsilon's place*: up to 2.10 RMSprop divides by `sqrt(v) + epsilon`, from 2.11 on by
  `sqrt(v + epsilon)`.
- *epsilon's value*: 1e-8 up to 2.1.2, then 1e-7.
- *repeated words*: a batch reads most words more than once. TensorFlow hands their gradients over
  as one row for each reading. Keras up to 2.15 adds the rows of a word and squares the sum; Keras 3
  squares each row and adds the squares. On JAX and PyTorch the sum comes first in Keras 3, too,
  because gradients arrive as whole matrices there.

A rule is named after one version that has it: `rmsprop-keras-2.10` is that of 2.1.3 to 2.10. The
rules with `epsilon-outside` in their name were never Keras's; they tell the effects apart.
"""

from functools import partial

import keras
from keras import ops

EPSILON_OF_2_0 = 1e-8  # of Keras up to 2.1.2; later 1e-7


def summed(gradient):
    """A gradient as one array of the weight's shape, the rows of a repeated word added up."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.convert_to_tensor(gradient)  # adds the rows of `tf.IndexedSlices`
    return gradient


class SummedRows:
    """Makes a rule add the rows of a repeated word, then square, on any backend."""

    def update_step(self, gradient, variable, learning_rate):
        """One update of one weight."""
        super().update_step(summed(gradient), variable, learning_rate)


class RMSpropSummedRows(SummedRows, keras.optimizers.RMSprop):
    """RMSprop of Keras 2.11 to 2.15, and of 3.x on JAX and PyTorch."""


class RMSpropEpsilonOutside(keras.optimizers.RMSprop):
    """RMSprop of Keras 3 on the same backend, but with epsilon outside the root.

    Momentum and centring are not for this class.
    """

    def update_step(self, gradient, variable, learning_rate):
        """One update of one weight."""
        v = self._velocities[self._get_variable_index(variable)]
        # squares each row of a sparse gradient, as Keras 3 does on TensorFlow
        self.assign(v, ops.add(self.rho * v, ops.multiply(1 - self.rho, ops.square(gradient))))
        g = summed(gradient)
        self.assign_sub(variable, learning_rate * g / (ops.sqrt(v) + self.epsilon))


class RMSpropKeras2(SummedRows, RMSpropEpsilonOutside):
    """RMSprop of Keras 1.1 to 2.10: `w -= lr g / (sqrt(v) + epsilon)`, `v` from whole gradients.

    `v = rho v + (1 - rho) g^2`, where `g` is the sum over all readings of a word.

    Source: `keras/optimizers.py` of Keras 2.0.8 (epsilon 1e-8); `optimizer_v2/rmsprop.py` of 2.10
    (1e-7).
    """


class AdamKeras2(SummedRows, keras.optimizers.Adam):
    """Adam of Keras up to 2.15, whose formula is that of Keras 3.

    Source: `keras/optimizers.py` of Keras 2.0.8 (epsilon 1e-8) and of 2.2.4 (1e-7).
    """


OPTIMIZERS = {
    "rmsprop-keras-2.0": partial(RMSpropKeras2, epsilon=EPSILON_OF_2_0),
    "rmsprop-keras-2.10": RMSpropKeras2,
    "rmsprop-keras-2.11": RMSpropSummedRows,
    "rmsprop-epsilon-outside": partial(RMSpropEpsilonOutside, epsilon=EPSILON_OF_2_0),
    "rmsprop-epsilon-outside-1e-7": RMSpropEpsilonOutside,
    "adam-keras-2.0": partial(AdamKeras2, epsilon=EPSILON_OF_2_0),
    "adam-keras-2.2": AdamKeras2,
}


def adds_repeated_words(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether a rule needs an embedding's gradient only as the sum over all readings of a word."""
    return isinstance(optimizer, SummedRows | keras.optimizers.SGD)


def make_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """An optimizer by the command line's name, one of `OPTIMIZERS` or Keras's own."""
    if name in OPTIMIZERS:
        return OPTIMIZERS[name](learning_rate)
    optimizer = keras.optimizers.get(name)
    optimizer.learning_rate = learning_rate
    return optimizer
