"""Recurrent layers for TensorFlow on a CPU, with the gradient through time written by hand.

Keras steps through the sequence in a graph loop and lets TensorFlow differentiate that loop, which
then stacks and unstacks every intermediate value. Here one loop goes forward and keeps what the
gradient needs, a second one goes back. XLA compiles both well, also where sequences are returned.

The formulas are those of `models/recurrent_numpy.py` and `models/backpropagation_numpy.py`, for
Keras's weights: the gates' columns side by side. What pays inside XLA's loops was measured: a small
product for each gate on the way forward, since taking a wide result apart costs more than the
product; one product for all gates on the way back; and no product hoisted out of the loops, where
its operands would no longer be in the cache.
"""

import tensorflow as tf


class Sigmoid:
    """What opens gates."""

    @staticmethod
    def forward(a):
        return tf.sigmoid(a)

    @staticmethod
    def backward(d, gate):
        """Gradient with respect to `a`, for that with respect to `gate = forward(a)`."""
        return d * gate * (1 - gate)


class HardSigmoid:
    """What opened gates before Keras 2.3: `0.2 a + 0.5`, cut off at 0 and 1."""

    @staticmethod
    def forward(a):
        return tf.clip_by_value(0.2 * a + 0.5, 0, 1)

    @staticmethod
    def backward(d, gate):
        return tf.where((gate > 0) & (gate < 1), 0.2 * d, 0)


class SimpleRNN:
    """`h_t = tanh(W x_t + U h_{t-1} + b)`; what it says of a step holds for all rules below.

    Args:
        gate: `Sigmoid` or `HardSigmoid`.

    Attributes:
        gates: how many sums read the input.
        kept: how many arrays `forward` keeps.
        further: names of the cell's weights beside kernel, recurrent kernel and bias.
    """

    gates, kept, further = 1, 0, ()

    def __init__(self, gate):
        self.gate = gate

    def forward(self, a, b, state, further):
        """One step.

        Args:
            a: `W x_t + bias` of each gate, shape (batch, units).
            b: `U h_{t-1}`, with the recurrent bias where there is one, likewise.
            state: `h_{t-1}` and, for an LSTM, `c_{t-1}`.
            further: the further weights.

        Returns:
            The new state, and `kept` further arrays for the way back; all (batch, units).
        """
        return (tf.tanh(a[0] + b[0]),), ()

    def backward(self, d_state, state, before, kept, further):
        """The same step back.

        Args:
            d_state: gradient of the loss with respect to the step's new state.
            state: that state.
            before: the state before the step.
            kept: what `forward` kept.
            further: the further weights.

        Returns:
            Gradients with respect to `a`, to `b`, to `before` but for the part through `b`, with
            None where there is no such part, and to `further`.
        """
        d = ((1 - state[0] ** 2) * d_state[0],)
        return d, d, (None,), ()


class LSTM(SimpleRNN):
    """Keras's LSTM: `c_t = f c_{t-1} + i k`, `h_t = o tanh(c_t)`; gates in the order i, f, k, o."""

    gates, kept = 4, 5

    def forward(self, a, b, state, further):
        i, f, k, o = (x + y for x, y in zip(a, b, strict=True))
        i, f, k, o = self.gate.forward(i), self.gate.forward(f), tf.tanh(k), self.gate.forward(o)
        c = f * state[1] + i * k
        q = tf.tanh(c)
        return (o * q, c), (i, f, k, o, q)

    def backward(self, d_state, state, before, kept, further):
        dh, dc = d_state
        i, f, k, o, q = kept
        dc = dc + dh * o * (1 - q**2)
        d = (
            self.gate.backward(dc * k, i),
            self.gate.backward(dc * before[1], f),
            dc * i * (1 - k**2),
            self.gate.backward(dh * q, o),
        )
        return d, d, (None, dc * f), ()


class DocumentLSTM(SimpleRNN):
    """Of `models/lstm_cells.py`: `c_t` as in the LSTM, `h_t = tanh(o + V c_{t-1})`."""

    gates, kept, further = 4, 3, ("carry_kernel",)

    def forward(self, a, b, state, further):
        i, f, k, o = (x + y for x, y in zip(a, b, strict=True))
        i, f, k = self.gate.forward(i), self.gate.forward(f), tf.tanh(k)
        h = tf.tanh(o + tf.matmul(state[1], further[0]))
        return (h, f * state[1] + i * k), (i, f, k)

    def backward(self, d_state, state, before, kept, further):
        (dh, dc), c = d_state, before[1]
        i, f, k = kept
        do = dh * (1 - state[0] ** 2)
        d = (
            self.gate.backward(dc * k, i),
            self.gate.backward(dc * c, f),
            dc * i * (1 - k**2),
            do,
        )
        dc = dc * f + tf.matmul(do, further[0], transpose_b=True)
        return d, d, (None, dc), (tf.matmul(c, do, transpose_a=True),)


class LSTM1997(SimpleRNN):
    """Of `models/lstm_cells.py`: `c_t = c_{t-1} + i k`, `h_t = o tanh(c_t)`; order i, k, o."""

    gates, kept = 3, 4

    def forward(self, a, b, state, further):
        i, k, o = (x + y for x, y in zip(a, b, strict=True))
        i, k, o = self.gate.forward(i), tf.tanh(k), self.gate.forward(o)
        c = state[1] + i * k
        q = tf.tanh(c)
        return (o * q, c), (i, k, o, q)

    def backward(self, d_state, state, before, kept, further):
        dh, dc = d_state
        i, k, o, q = kept
        dc = dc + dh * o * (1 - q**2)
        d = (
            self.gate.backward(dc * k, i),
            dc * i * (1 - k**2),
            self.gate.backward(dh * q, o),
        )
        return d, d, (None, dc), ()


class PeepholeLSTM(SimpleRNN):
    """Of `models/lstm_cells.py`: i and f see `c_{t-1}`, o sees `c_t`, and `h_t = o c_t`."""

    gates, kept, further = 4, 4, ("p_i", "p_f", "p_o")

    def forward(self, a, b, state, further):
        i, f, k, o = (x + y for x, y in zip(a, b, strict=True))
        c, (p_i, p_f, p_o) = state[1], further
        i, f = self.gate.forward(i + p_i * c), self.gate.forward(f + p_f * c)
        k = tf.tanh(k)
        c = f * c + i * k
        o = self.gate.forward(o + p_o * c)
        return (o * c, c), (i, f, k, o)

    def backward(self, d_state, state, before, kept, further):
        (dh, dc), c = d_state, before[1]
        i, f, k, o = kept
        p_i, p_f, p_o = further
        do = self.gate.backward(dh * state[1], o)
        dc = dc + dh * o + do * p_o
        di, df = self.gate.backward(dc * k, i), self.gate.backward(dc * c, f)
        d = (di, df, dc * i * (1 - k**2), do)
        d_peepholes = (tf.reduce_sum(s, axis=0) for s in (di * c, df * c, do * state[1]))
        return d, d, (None, dc * f + di * p_i + df * p_f), tuple(d_peepholes)


class GRU(SimpleRNN):
    """Keras 3's GRU, whose reset gate r scales a product; gates in the order z, r, k."""

    gates, kept = 3, 4

    def forward(self, a, b, state, further):
        z, r = self.gate.forward(a[0] + b[0]), self.gate.forward(a[1] + b[1])
        k = tf.tanh(a[2] + r * b[2])
        return (z * state[0] + (1 - z) * k,), (z, r, k, b[2])

    def backward(self, d_state, state, before, kept, further):
        (dh,), (h,) = d_state, before
        z, r, k, y = kept
        dk = dh * (1 - z) * (1 - k**2)
        dz = self.gate.backward(dh * (h - k), z)
        dr = self.gate.backward(dk * y, r)
        return (dz, dr, dk), (dz, dr, dk * r), (dh * z,), ()


class GRUResetBefore(SimpleRNN):
    """Keras 2's GRU: k reads `U (r h_{t-1})`, a product that must wait for r.

    So `b` is of z and r alone. What is further is that `U`, and k's dropout mask or 1, a constant.
    """

    gates, kept = 3, 3

    def forward(self, a, b, state, further):
        z, r = self.gate.forward(a[0] + b[0]), self.gate.forward(a[1] + b[1])
        matrix, mask = further
        k = tf.tanh(a[2] + tf.matmul(r * state[0] * mask, matrix))
        return (z * state[0] + (1 - z) * k,), (z, r, k)

    def backward(self, d_state, state, before, kept, further):
        (dh,), (h,), (matrix, mask) = d_state, before, further
        z, r, k = kept
        dk = dh * (1 - z) * (1 - k**2)
        dz = self.gate.backward(dh * (h - k), z)
        d_reset = tf.matmul(dk, matrix, transpose_b=True) * mask  # of r h
        dr = self.gate.backward(d_reset * h, r)
        d_matrix = tf.matmul(r * h * mask, dk, transpose_a=True)
        return (dz, dr, dk), (dz, dr), (dh * z + d_reset * r,), (d_matrix, tf.zeros_like(mask))


class _Products:
    """Products of all gates with one matrix, forward and back.

    Args:
        kernel: the gates' matrices side by side, shape (features, gates * units).
        bias: shape (gates * units,), or None.
        masks: a dropout mask of each gate for the features, shape (batch, features), or None.
        units: columns of one gate.
    """

    def __init__(self, kernel, bias, masks, units: int):
        self.kernel, self.masks = kernel, masks
        gates = kernel.shape[1] // units
        self.matrices = tf.split(kernel, gates, axis=1)  # (features, units) each
        self.biases = None if bias is None else tf.split(bias, gates)  # (units,) each

    def forward(self, x):
        """The sum of each gate, shape (batch, units), for x of shape (batch, features)."""
        inputs = [x * mask for mask in self.masks] if self.masks else [x] * len(self.matrices)
        sums = [tf.matmul(i, m) for i, m in zip(inputs, self.matrices, strict=True)]
        return [s + b for s, b in zip(sums, self.biases, strict=True)] if self.biases else sums

    def backward(self, x, d):
        """Gradients with respect to x and to the kernel, for those of each gate's sum."""
        if self.masks:
            parts = zip(d, self.matrices, self.masks, strict=True)
            dx = tf.add_n([tf.matmul(g, m, transpose_b=True) * mask for g, m, mask in parts])
            parts = zip(d, self.masks, strict=True)
            return dx, tf.concat([tf.matmul(x * m, g, transpose_a=True) for g, m in parts], 1)
        d = tf.concat(d, axis=1)  # (batch, gates * units)
        return tf.matmul(d, self.kernel, transpose_b=True), tf.matmul(x, d, transpose_a=True)


def recur(
    rule,
    sequences,
    initial,
    kernel,
    recurrent_kernel,
    bias,
    further,
    masks,
    state_masks,
    all_steps: bool,
):
    """Runs a recurrent layer over sequences; differentiable once.

    Args:
        rule: a rule of this module.
        sequences: shape (batch, timesteps, features); the number of timesteps must be known.
        initial: the state before the first step, a list of shape (batch, units) each.
        kernel: shape (features, gates * units).
        recurrent_kernel: shape (units, n * units), of the n gates that read the state itself.
        bias: shape (gates * units,), or (2, gates * units) with the recurrent bias second.
        further: the rule's further weights, of any shape.
        masks: dropout mask of the features for each gate, shape (batch, features); None for none.
        state_masks: likewise of the state, shape (batch, units).
        all_steps: return the output of all steps, not of the last alone.

    Returns:
        Outputs, shape (batch, timesteps, units) or (batch, units).
    """
    timesteps = sequences.shape[1]
    two_biases = bias.shape.rank == 2
    states_count, units = len(initial), initial[0].shape[1]

    def array():
        return tf.TensorArray(tf.float32, timesteps)

    @tf.custom_gradient
    def run(sequences, kernel, recurrent_kernel, bias, *others):
        initial, further = others[:states_count], others[states_count:]
        x = tf.transpose(sequences, (1, 0, 2))  # (timesteps, batch, features)
        bias_x, bias_h = tf.unstack(bias) if two_biases else (bias, None)
        from_input = _Products(kernel, bias_x, masks, units)
        from_state = _Products(recurrent_kernel, bias_h, state_masks, units)

        def step(t, state, states, keeps):
            a, b = from_input.forward(x[t]), from_state.forward(state[0])
            state, kept = rule.forward(a, b, state, further)
            states = [s.write(t, new) for s, new in zip(states, state, strict=True)]
            return t + 1, state, states, [k.write(t, v) for k, v in zip(keeps, kept, strict=True)]

        start = (0, initial, [array() for _ in initial], [array() for _ in range(rule.kept)])
        _, last, states, keeps = tf.while_loop(lambda t, *_: t < timesteps, step, start)
        states = [s.stack() for s in states]  # (timesteps, batch, units)
        keeps = [k.stack() for k in keeps]  # (timesteps, batch, units)

        def gradient(d_outputs):
            if all_steps:
                d_steps = tf.transpose(d_outputs, (1, 0, 2))  # (timesteps, batch, units)
                d_outputs = tf.zeros_like(initial[0])

            def step_back(t, d_state, dx, d_kernel, d_recurrent, d_bias, d_further):
                if all_steps:
                    d_state = (d_state[0] + d_steps[t], *d_state[1:])
                state = [s[t] for s in states]
                earlier = tf.maximum(t - 1, 0)
                before = [tf.where(t > 0, s[earlier], i) for s, i in zip(states, initial, strict=1)]
                da, db, direct, d_others = rule.backward(
                    d_state, state, before, [k[t] for k in keeps], further
                )
                dx_t, dk = from_input.backward(x[t], da)
                dh, dr = from_state.backward(before[0], db)
                dh = dh if direct[0] is None else dh + direct[0]
                sums = [tf.reduce_sum(d, axis=0) for d in ((*da, *db) if two_biases else da)]
                d_bias = [total + s for total, s in zip(d_bias, sums, strict=True)]
                d_further = [total + d for total, d in zip(d_further, d_others, strict=True)]
                d_state, d_kernel, d_recurrent = (dh, *direct[1:]), d_kernel + dk, d_recurrent + dr
                return t - 1, d_state, dx.write(t, dx_t), d_kernel, d_recurrent, d_bias, d_further

            start = (
                timesteps - 1,
                (d_outputs, *map(tf.zeros_like, initial[1:])),
                array(),
                tf.zeros_like(kernel),
                tf.zeros_like(recurrent_kernel),
                [tf.zeros_like(initial[0][0])] * (rule.gates * (1 + two_biases)),
                list(map(tf.zeros_like, further)),
            )
            _, d_initial, dx, d_kernel, d_recurrent, d_bias, d_further = tf.while_loop(
                lambda t, *_: t >= 0, step_back, start
            )
            dx = tf.transpose(dx.stack(), (1, 0, 2))  # (batch, timesteps, features)
            d_bias = tf.reshape(tf.concat(d_bias, 0), tf.shape(bias))
            return dx, d_kernel, d_recurrent, d_bias, *d_initial, *d_further

        return (tf.transpose(states[0], (1, 0, 2)) if all_steps else last[0]), gradient

    return run(sequences, kernel, recurrent_kernel, bias, *initial, *further)
