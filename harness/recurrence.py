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


class SimpleRNN:
    """`h_t = tanh(W x_t + U h_{t-1} + b)`."""

    gates, kept = 1, 0

    @staticmethod
    def forward(a, b, state):
        """One step.

        Args:
            a: `W x_t + bias` of each gate, shape (batch, units).
            b: `U h_{t-1}`, with the recurrent bias where there is one, likewise.
            state: `h_{t-1}` and, for an LSTM, `c_{t-1}`.

        Returns:
            The new state, and `kept` further arrays for the way back; all (batch, units).
        """
        return (tf.tanh(a[0] + b[0]),), ()

    @staticmethod
    def backward(d_state, state, before, kept):
        """The same step back.

        Args:
            d_state: gradient of the loss with respect to the step's new state.
            state: that state.
            before: the state before the step.
            kept: what `forward` kept.

        Returns:
            Gradients with respect to `a`, to `b`, and to `before` but for the part through `b`;
            None where there is no such part.
        """
        d = ((1 - state[0] ** 2) * d_state[0],)
        return d, d, (None,)


class LSTM:
    """Keras's LSTM: `c_t = f c_{t-1} + i k`, `h_t = o tanh(c_t)`; gates in the order i, f, k, o."""

    gates, kept = 4, 5

    @staticmethod
    def forward(a, b, state):
        i, f, k, o = (x + y for x, y in zip(a, b, strict=True))
        i, f, k, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(k), tf.sigmoid(o)
        c = f * state[1] + i * k
        q = tf.tanh(c)
        return (o * q, c), (i, f, k, o, q)

    @staticmethod
    def backward(d_state, state, before, kept):
        dh, dc = d_state
        i, f, k, o, q = kept
        dc = dc + dh * o * (1 - q**2)
        d = (
            dc * k * i * (1 - i),
            dc * before[1] * f * (1 - f),
            dc * i * (1 - k**2),
            dh * q * o * (1 - o),
        )
        return d, d, (None, dc * f)


class GRU:
    """Keras 3's GRU, whose reset gate r scales a product; gates in the order z, r, k."""

    gates, kept = 3, 4

    @staticmethod
    def forward(a, b, state):
        z, r = tf.sigmoid(a[0] + b[0]), tf.sigmoid(a[1] + b[1])
        k = tf.tanh(a[2] + r * b[2])
        return (z * state[0] + (1 - z) * k,), (z, r, k, b[2])

    @staticmethod
    def backward(d_state, state, before, kept):
        (dh,), (h,) = d_state, before
        z, r, k, y = kept
        dk = dh * (1 - z) * (1 - k**2)
        dz = dh * (h - k) * z * (1 - z)
        dr = dk * y * r * (1 - r)
        return (dz, dr, dk), (dz, dr, dk * r), (dh * z,)


class _Products:
    """Products of all gates with one matrix, forward and back.

    Args:
        kernel: the gates' matrices side by side, shape (features, gates * units).
        bias: shape (gates * units,), or None.
        masks: a dropout mask of each gate for the features, shape (batch, features), or None.
        gates: number of gates.
    """

    def __init__(self, kernel, bias, masks, gates: int):
        self.kernel, self.masks = kernel, masks
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
    rule, sequences, initial, kernel, recurrent_kernel, bias, masks, state_masks, all_steps: bool
):
    """Runs a recurrent layer over sequences; differentiable once.

    Args:
        rule: `SimpleRNN`, `LSTM` or `GRU` of this module.
        sequences: shape (batch, timesteps, features); the number of timesteps must be known.
        initial: the state before the first step, a list of shape (batch, units) each.
        kernel: shape (features, gates * units).
        recurrent_kernel: shape (units, gates * units).
        bias: shape (gates * units,), or (2, gates * units) with the recurrent bias second.
        masks: dropout mask of the features for each gate, shape (batch, features); None for none.
        state_masks: likewise of the state, shape (batch, units).
        all_steps: return the output of all steps, not of the last alone.

    Returns:
        Outputs, shape (batch, timesteps, units) or (batch, units).
    """
    timesteps = sequences.shape[1]
    two_biases = bias.shape.rank == 2

    def array():
        return tf.TensorArray(tf.float32, timesteps)

    @tf.custom_gradient
    def run(sequences, kernel, recurrent_kernel, bias, *initial):
        x = tf.transpose(sequences, (1, 0, 2))  # (timesteps, batch, features)
        bias_x, bias_h = tf.unstack(bias) if two_biases else (bias, None)
        from_input = _Products(kernel, bias_x, masks, rule.gates)
        from_state = _Products(recurrent_kernel, bias_h, state_masks, rule.gates)

        def step(t, state, states, keeps):
            a, b = from_input.forward(x[t]), from_state.forward(state[0])
            state, kept = rule.forward(a, b, state)
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

            def step_back(t, d_state, dx, d_kernel, d_recurrent, d_bias):
                if all_steps:
                    d_state = (d_state[0] + d_steps[t], *d_state[1:])
                state = [s[t] for s in states]
                earlier = tf.maximum(t - 1, 0)
                before = [tf.where(t > 0, s[earlier], i) for s, i in zip(states, initial, strict=1)]
                da, db, direct = rule.backward(d_state, state, before, [k[t] for k in keeps])
                dx_t, dk = from_input.backward(x[t], da)
                dh, dr = from_state.backward(before[0], db)
                dh = dh if direct[0] is None else dh + direct[0]
                sums = [tf.reduce_sum(d, axis=0) for d in ((*da, *db) if two_biases else da)]
                d_bias = [total + s for total, s in zip(d_bias, sums, strict=True)]
                d_state = (dh, *direct[1:])
                return t - 1, d_state, dx.write(t, dx_t), d_kernel + dk, d_recurrent + dr, d_bias

            start = (
                timesteps - 1,
                (d_outputs, *map(tf.zeros_like, initial[1:])),
                array(),
                tf.zeros_like(kernel),
                tf.zeros_like(recurrent_kernel),
                [tf.zeros_like(initial[0][0])] * (rule.gates * (1 + two_biases)),
            )
            _, d_initial, dx, d_kernel, d_recurrent, d_bias = tf.while_loop(
                lambda t, *_: t >= 0, step_back, start
            )
            dx = tf.transpose(dx.stack(), (1, 0, 2))  # (batch, timesteps, features)
            d_bias = tf.reshape(tf.concat(d_bias, 0), tf.shape(bias))
            return dx, d_kernel, d_recurrent, d_bias, *d_initial

        return (tf.transpose(states[0], (1, 0, 2)) if all_steps else last[0]), gradient

    return run(sequences, kernel, recurrent_kernel, bias, *initial)
