"""What Keras has no layer or function for: older kinds of LSTM, and the gates of Keras 2.

A cell computes one step, and `keras.layers.RNN` runs it over the sequence. It takes the state
(output `h` and carry `c`) and the input at one timestep, and returns the next output and state.
`models/recurrent_numpy.py` explains the same steps, with one matrix a gate and the same names
without `Cell`. Here the weights of all gates lie side by side, as in Keras's LSTM, so that
`x @ kernel` is one product for all of them.

Import this module before you load a saved model: the import registers all of it with Keras.
"""

from collections.abc import Callable

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="models")
def keras2_hard_sigmoid(x):
    """`0.2 x + 0.5`, cut off at 0 and 1: how gates were opened in Keras before 2.3.

    Keras 3's own `hard_sigmoid` is different: its slope is 1/6.
    """
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


GATES = {"sigmoid": keras.activations.sigmoid, "keras2-hard-sigmoid": keras2_hard_sigmoid}


def gate_function(gates: str) -> Callable:
    """The function to pass to a Keras layer as `recurrent_activation`, by its name in `GATES`."""
    if gates not in GATES:
        raise ValueError(f"gates must be one of {', '.join(GATES)}, not {gates!r}.")
    return GATES[gates]


class GatedCell(keras.layers.Layer):
    """The sums inside the gates, with Keras's weights and initial values.

    A subclass names its `gates`, one letter each, in the order of their weights. `units` is the
    length of the output and of the carry.
    """

    gates: str

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, units]  # h and c, for `keras.layers.RNN`

    def build(self, input_shape):
        width = len(self.gates) * self.units
        self.kernel = self.add_weight(
            (input_shape[-1], width), initializer="glorot_uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            (self.units, width), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight((width,), initializer=self._first_bias, name="bias")

    def _first_bias(self, shape, dtype=None):
        # The forget gate starts open, as in Keras; otherwise the carry would fade at once.
        parts = [(ops.ones if g == "f" else ops.zeros)((self.units,), dtype) for g in self.gates]
        return ops.concatenate(parts)  # (gates * units,)

    def sums(self, x, h):
        """`U h + W x + b` of each gate, shape (batch, units), in the order of `gates`."""
        z = ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent_kernel) + self.bias
        return ops.split(z, len(self.gates), axis=-1)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="models")
class DocumentLSTMCell(GatedCell):
    """The LSTM as the documents write it: the output reads the old carry through a matrix.

        c_t = i k + f c_{t-1}
        h_t = tanh(U_o h_{t-1} + W_o x_t + V_o c_{t-1} + b_o)

    Source: `recurrent-overview`, `r-slides`.
    """

    gates = "ifko"

    def build(self, input_shape):
        super().build(input_shape)
        # Orthogonal like the recurrent kernel, which also reads the state: from the start, the
        # output sees every direction of the carry equally well.
        self.carry_kernel = self.add_weight(
            (self.units, self.units), initializer="orthogonal", name="carry_kernel"
        )

    def call(self, x, states):
        h, c = states  # (batch, units) each
        i, f, k, o = self.sums(x, h)
        h = ops.tanh(o + ops.matmul(c, self.carry_kernel))
        c = ops.sigmoid(i) * ops.tanh(k) + ops.sigmoid(f) * c
        return h, [h, c]


@keras.saving.register_keras_serializable(package="models")
class LSTM1997Cell(GatedCell):
    """The first LSTM, without a forget gate: the carry only adds up.

        c_t = i k + c_{t-1}
        h_t = o tanh(c_t)

    Source: `hsv-ai-2019`.
    """

    gates = "iko"

    def call(self, x, states):
        h, c = states  # (batch, units) each
        i, k, o = self.sums(x, h)
        c = ops.sigmoid(i) * ops.tanh(k) + c
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]


@keras.saving.register_keras_serializable(package="models")
class PeepholeLSTMCell(GatedCell):
    """The LSTM of 2000: gates see the carry, each unit its own, and the output has no activation.

        i, f = sigmoid(U h_{t-1} + W x_t + p c_{t-1} + b)
        c_t = i k + f c_{t-1}
        h_t = sigmoid(U_o h_{t-1} + W_o x_t + p_o c_t + b_o) c_t

    Source: `hsv-ai-2019`.
    """

    gates = "ifko"

    def build(self, input_shape):
        super().build(input_shape)
        # TensorFlow's `PeepholeLSTMCell` too draws them at random, like the kernel.
        self.p_i, self.p_f, self.p_o = (
            self.add_weight((self.units,), initializer="glorot_uniform", name=f"peephole_{gate}")
            for gate in "ifo"
        )

    def call(self, x, states):
        h, c = states  # (batch, units) each
        i, f, k, o = self.sums(x, h)
        i, f = ops.sigmoid(i + self.p_i * c), ops.sigmoid(f + self.p_f * c)
        c = i * ops.tanh(k) + f * c
        h = ops.sigmoid(o + self.p_o * c) * c
        return h, [h, c]


@keras.saving.register_keras_serializable(package="models")
class LaggedRNNCell(keras.layers.Layer):
    """A SimpleRNN whose step reads its last few outputs, each through a matrix of its own.

        h_t = tanh(U_1 h_{t-1} + U_2 h_{t-2} + ... + W x_t + b)

    The matrices start as one orthogonal kernel, so that outputs are as large with any number of
    `lags`. With one, it is Keras's SimpleRNN.

    Source: `noobs-guide`.
    """

    def __init__(self, units: int, lags: int, **kwargs):
        super().__init__(**kwargs)
        self.units, self.lags = units, lags
        self.state_size = [units] * lags  # the last outputs, the newest first

    def build(self, input_shape):
        self.kernel = self.add_weight(
            (input_shape[-1], self.units), initializer="glorot_uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            (self.lags * self.units, self.units), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight((self.units,), initializer="zeros", name="bias")

    def call(self, x, states):
        past = ops.concatenate(states, axis=-1)  # (batch, lags * units)
        h = ops.tanh(
            ops.matmul(x, self.kernel) + ops.matmul(past, self.recurrent_kernel) + self.bias
        )
        return h, [h, *states[:-1]]

    def get_config(self):
        return {**super().get_config(), "units": self.units, "lags": self.lags}


def lagged_rnn(units: int, lags: int, **options) -> keras.layers.RNN:
    """A layer of `LaggedRNNCell`, with options of Keras's RNN layers."""
    return keras.layers.RNN(LaggedRNNCell(units, lags), **options)
