"""The update rules of Keras 2, which the published logs were made with, beside those of Keras 3.

The two versions differ in two places, and both matter to an embedding, most of whose weights have
gradients far below the square root of epsilon:

- *epsilon*: Keras 2 divides by `sqrt(v) + epsilon`, Keras 3's RMSprop by `sqrt(v + epsilon)`.
- *repeated words*: a batch reads most words more than once. TensorFlow hands their gradients over
  as one row for each reading. Keras 2 added the rows of a word and squared the sum; Keras 3 squares
  each row and adds the squares. On JAX and PyTorch the sum comes first whatever the version,
  because gradients arrive as whole matrices there.

Each class names its two choices; a rule with only one of Keras 2's is there to tell their effects
apart. The default epsilon is that of Keras 2.0.8, the version of the published logs; Keras 2.1
raised it to 1e-7.
"""

import keras
from keras import ops

KERAS_2_EPSILON = 1e-8


def summed(gradient):
    """A gradient as one array of the weight's shape, the rows of a repeated word added up."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.convert_to_tensor(gradient)  # adds the rows of `tf.IndexedSlices`
    return gradient


class RMSpropSummedRows(keras.optimizers.RMSprop):
    """Keras 3's RMSprop, but repeated words are added before they are squared."""

    def update_step(self, gradient, variable, learning_rate):
        """One update of one weight."""
        super().update_step(summed(gradient), variable, learning_rate)


class RMSpropEpsilonOutside(keras.optimizers.RMSprop):
    """Keras 3's RMSprop, but with Keras 2's epsilon outside the root.

    Args:
        learning_rate: step size.
        epsilon: added to the root.
        others: as for `keras.optimizers.RMSprop`; momentum and centring are not for this class.
    """

    def __init__(self, learning_rate=0.001, epsilon=KERAS_2_EPSILON, **kwargs):
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        """One update of one weight."""
        v = self._velocities[self._get_variable_index(variable)]
        # squares each row of a sparse gradient, as Keras 3 does
        self.assign(v, ops.add(self.rho * v, ops.multiply(1 - self.rho, ops.square(gradient))))
        g = summed(gradient)
        self.assign_sub(variable, learning_rate * g / (ops.sqrt(v) + self.epsilon))


class RMSpropKeras2(RMSpropEpsilonOutside):
    """RMSprop as Keras 2 computed it: `w -= lr g / (sqrt(v) + epsilon)`, `v` from whole gradients.

    `v = rho v + (1 - rho) g^2`, where `g` is the sum over all readings of a word. The arguments are
    those of the class above.

    Source: Keras 2.0.8, `keras/optimizers.py`.
    """

    def update_step(self, gradient, variable, learning_rate):
        """One update of one weight."""
        super().update_step(summed(gradient), variable, learning_rate)


class AdamKeras2(keras.optimizers.Adam):
    """Adam as Keras 2.0.8 computed it: whole gradients, and an epsilon of 1e-8.

    The formula is that of Keras 3, whose epsilon is 1e-7 and which, on TensorFlow, squares the rows
    of a repeated word before it adds them.

    Args:
        learning_rate: step size.
        epsilon: added to the root of the second moment.
        others: as for `keras.optimizers.Adam`.

    Source: Keras 2.0.8, `keras/optimizers.py`.
    """

    def __init__(self, learning_rate=0.001, epsilon=KERAS_2_EPSILON, **kwargs):
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        """One update of one weight."""
        super().update_step(summed(gradient), variable, learning_rate)


OPTIMIZERS = {
    "rmsprop-keras2": RMSpropKeras2,
    "rmsprop-epsilon-outside": RMSpropEpsilonOutside,
    "rmsprop-summed-rows": RMSpropSummedRows,
    "adam-keras2": AdamKeras2,
}


def adds_repeated_words(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether a rule needs an embedding's gradient only as the sum over all readings of a word."""
    rules = (RMSpropSummedRows, RMSpropKeras2, AdamKeras2, keras.optimizers.SGD)
    return isinstance(optimizer, rules)


def make_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """An optimizer by the name that the command line has for it.

    Args:
        name: one of `OPTIMIZERS`, or Keras's own `rmsprop`, `adam`, `sgd`.
        learning_rate: step size.
    """
    if name in OPTIMIZERS:
        return OPTIMIZERS[name](learning_rate)
    optimizer = keras.optimizers.get(name)
    optimizer.learning_rate = learning_rate
    return optimizer
