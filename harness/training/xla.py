"""Keras's own layers, computed faster with TensorFlow on a CPU; XLA compiles what is here.

A model keeps its layers, weights, configuration and saved file. Only the way in which some layers
and Adam compute is replaced, and only on the objects of the running process.

Keras steps through a sequence in a graph loop. TensorFlow differentiates that loop, and stacks
and unstacks every intermediate value for it. Here the forward pass is one loop that saves what the
gradient needs, and the backward pass is a second one. XLA compiles both well, even if the layer
returns sequences.

The formulas are those of `models/recurrent_numpy.py` and `models/learning_numpy.py`, for
Keras's weights: the gates' columns side by side. Three choices were measured inside XLA's loops.
The forward pass has a small product for each gate, since splitting a wide result costs more than
the product. The backward pass has one product for all gates. No product is hoisted out of the
loops, since its operands would then leave the cache.
"""

import keras
import tensorflow as tf

from models import keras_cells
from models.keras_cells import keras2_hard_sigmoid

# --- the cells: one step of each, forward and back


class Sigmoid:
    """The function that opens gates."""

    @staticmethod
    def forward(a):
        return tf.sigmoid(a)

    @staticmethod
    def backward(d, gate):
        """Gradient with respect to `a`, for that with respect to `gate = forward(a)`."""
        return d * gate * (1 - gate)


class HardSigmoid:
    """The function that opened gates before Keras 2.3: `0.2 a + 0.5`, cut off at 0 and 1."""

    @staticmethod
    def forward(a):
        return tf.clip_by_value(0.2 * a + 0.5, 0, 1)

    @staticmethod
    def backward(d, gate):
        return tf.where((gate > 0) & (gate < 1), 0.2 * d, 0)


class SimpleRNN:
    """`h_t = tanh(W x_t + U h_{t-1} + b)`; the other cells below have the same two methods."""

    gates = 1  # sums that read the input
    saved = 0  # arrays that `forward` saves for `backward`
    extra_weights = ()  # names of the cell's weights beside kernel, recurrent kernel and bias

    def __init__(self, gate):
        self.gate = gate  # `Sigmoid` or `HardSigmoid`

    def forward(self, a, b, state, extra):
        """One step: the new state, and the saved arrays; all (batch, units).

        Args:
            a: `W x_t + bias` of each gate, shape (batch, units).
            b: `U h_{t-1}`, with the recurrent bias where there is one, likewise.
            state: `h_{t-1}` and, for an LSTM, `c_{t-1}`.
            extra: the extra weights.
        """
        return (tf.tanh(a[0] + b[0]),), ()

    def backward(self, d_state, state, before, saved, extra):
        """The backward pass of the same step.

        Args:
            d_state: gradient of the loss with respect to the step's new state.
            state, before: that state, and the state before the step.
            saved, extra: the arrays that `forward` saved, and the extra weights.

        Returns:
            Gradients with respect to `a`; to `b`; to `before`, without the part through `b` and
            with None where nothing else is left; and to `extra`.
        """
        d = ((1 - state[0] ** 2) * d_state[0],)
        return d, d, (None,), ()


class LSTM(SimpleRNN):
    """Keras's LSTM: `c_t = f c_{t-1} + i k`, `h_t = o tanh(c_t)`; gates in the order i, f, k, o."""

    gates, saved = 4, 5

    def forward(self, a, b, state, extra):
        i, f, k, o = (x + y for x, y in zip(a, b, strict=True))
        i, f, k, o = self.gate.forward(i), self.gate.forward(f), tf.tanh(k), self.gate.forward(o)
        c = f * state[1] + i * k
        q = tf.tanh(c)
        return (o * q, c), (i, f, k, o, q)

    def backward(self, d_state, state, before, saved, extra):
        dh, dc = d_state
        i, f, k, o, q = saved
        dc = dc + dh * o * (1 - q**2)
        d = (
            self.gate.backward(dc * k, i),
            self.gate.backward(dc * before[1], f),
            dc * i * (1 - k**2),
            self.gate.backward(dh * q, o),
        )
        return d, d, (None, dc * f), ()


class DocumentLSTM(SimpleRNN):
    """Of `models/keras_cells.py`: `c_t` as in the LSTM, `h_t = tanh(o + V c_{t-1})`."""

    gates, saved, extra_weights = 4, 3, ("carry_kernel",)

    def forward(self, a, b, state, extra):
        i, f, k, o = (x + y for x, y in zip(a, b, strict=True))
        i, f, k = self.gate.forward(i), self.gate.forward(f), tf.tanh(k)
        h = tf.tanh(o + tf.matmul(state[1], extra[0]))
        return (h, f * state[1] + i * k), (i, f, k)

    def backward(self, d_state, state, before, saved, extra):
        (dh, dc), c = d_state, before[1]
        i, f, k = saved
        do = dh * (1 - state[0] ** 2)
        di, df = self.gate.backward(dc * k, i), self.gate.backward(dc * c, f)
        d = (di, df, dc * i * (1 - k**2), do)
        dc = dc * f + tf.matmul(do, extra[0], transpose_b=True)
        return d, d, (None, dc), (tf.matmul(c, do, transpose_a=True),)


class LSTM1997(SimpleRNN):
    """Of `models/keras_cells.py`: `c_t = c_{t-1} + i k`, `h_t = o tanh(c_t)`; order i, k, o."""

    gates, saved = 3, 4

    def forward(self, a, b, state, extra):
        i, k, o = (x + y for x, y in zip(a, b, strict=True))
        i, k, o = self.gate.forward(i), tf.tanh(k), self.gate.forward(o)
        c = state[1] + i * k
        q = tf.tanh(c)
        return (o * q, c), (i, k, o, q)

    def backward(self, d_state, state, before, saved, extra):
        dh, dc = d_state
        i, k, o, q = saved
        dc = dc + dh * o * (1 - q**2)
        d = (self.gate.backward(dc * k, i), dc * i * (1 - k**2), self.gate.backward(dh * q, o))
        return d, d, (None, dc), ()


class PeepholeLSTM(SimpleRNN):
    """Of `models/keras_cells.py`: i and f see `c_{t-1}`, o sees `c_t`, and `h_t = o c_t`."""

    gates, saved, extra_weights = 4, 4, ("p_i", "p_f", "p_o")

    def forward(self, a, b, state, extra):
        i, f, k, o = (x + y for x, y in zip(a, b, strict=True))
        c, (p_i, p_f, p_o) = state[1], extra
        i, f = self.gate.forward(i + p_i * c), self.gate.forward(f + p_f * c)
        k = tf.tanh(k)
        c = f * c + i * k
        o = self.gate.forward(o + p_o * c)
        return (o * c, c), (i, f, k, o)

    def backward(self, d_state, state, before, saved, extra):
        (dh, dc), c = d_state, before[1]
        i, f, k, o = saved
        p_i, p_f, p_o = extra
        do = self.gate.backward(dh * state[1], o)
        dc = dc + dh * o + do * p_o
        di, df = self.gate.backward(dc * k, i), self.gate.backward(dc * c, f)
        d = (di, df, dc * i * (1 - k**2), do)
        d_peepholes = (tf.reduce_sum(s, axis=0) for s in (di * c, df * c, do * state[1]))
        return d, d, (None, dc * f + di * p_i + df * p_f), tuple(d_peepholes)


class GRU(SimpleRNN):
    """Keras 3's GRU, whose reset gate r scales a product; gates in the order z, r, k."""

    gates, saved = 3, 4

    def forward(self, a, b, state, extra):
        z, r = self.gate.forward(a[0] + b[0]), self.gate.forward(a[1] + b[1])
        k = tf.tanh(a[2] + r * b[2])
        return (z * state[0] + (1 - z) * k,), (z, r, k, b[2])

    def backward(self, d_state, state, before, saved, extra):
        (dh,), (h,) = d_state, before
        z, r, k, y = saved
        dk = dh * (1 - z) * (1 - k**2)
        dz = self.gate.backward(dh * (h - k), z)
        dr = self.gate.backward(dk * y, r)
        return (dz, dr, dk), (dz, dr, dk * r), (dh * z,), ()


class GRUResetBefore(SimpleRNN):
    """The GRU of Keras 2.0: k reads `U (r h_{t-1})`, a product that must wait for r.

    So `b` is of z and r alone. The extra weights are that `U`, and k's dropout mask or 1, which is
    a constant.
    """

    gates, saved = 3, 3

    def forward(self, a, b, state, extra):
        z, r = self.gate.forward(a[0] + b[0]), self.gate.forward(a[1] + b[1])
        matrix, mask = extra
        k = tf.tanh(a[2] + tf.matmul(r * state[0] * mask, matrix))
        return (z * state[0] + (1 - z) * k,), (z, r, k)

    def backward(self, d_state, state, before, saved, extra):
        (dh,), (h,), (matrix, mask) = d_state, before, extra
        z, r, k = saved
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


def recur(rule, sequences, initial, weights, extra, masks, state_masks, all_steps: bool):
    """Runs a recurrent layer over sequences; differentiable once.

    Args:
        rule: a cell of this module.
        sequences: shape (batch, timesteps, features); the number of timesteps must be known.
        initial: the state before the first step, a list of shape (batch, units) each.
        weights: kernel, shape (features, gates * units); recurrent kernel, shape (units, n * units)
            of the n gates that read the state itself; bias, shape (gates * units,), or
            (2, gates * units) with the recurrent bias second.
        extra: the cell's extra weights, of any shape.
        masks: dropout mask of the features for each gate, shape (batch, features); None for none.
        state_masks: likewise of the state, shape (batch, units).
        all_steps: return the output of all steps, not of the last alone.

    Returns:
        Outputs, shape (batch, timesteps, units) or (batch, units).
    """
    timesteps = sequences.shape[1]
    two_biases = weights[2].shape.rank == 2
    states_count, units = len(initial), initial[0].shape[1]

    def array():
        return tf.TensorArray(tf.float32, timesteps)

    @tf.custom_gradient
    def run(sequences, kernel, recurrent_kernel, bias, *others):
        initial, extra = others[:states_count], others[states_count:]
        x = tf.transpose(sequences, (1, 0, 2))  # (timesteps, batch, features)
        bias_x, bias_h = tf.unstack(bias) if two_biases else (bias, None)
        from_input = _Products(kernel, bias_x, masks, units)
        from_state = _Products(recurrent_kernel, bias_h, state_masks, units)

        def step(t, state, states, stacks):
            a, b = from_input.forward(x[t]), from_state.forward(state[0])
            state, saved = rule.forward(a, b, state, extra)
            states = [s.write(t, new) for s, new in zip(states, state, strict=True)]
            return t + 1, state, states, [k.write(t, v) for k, v in zip(stacks, saved, strict=True)]

        start = (0, initial, [array() for _ in initial], [array() for _ in range(rule.saved)])
        _, last, states, stacks = tf.while_loop(lambda t, *_: t < timesteps, step, start)
        states = [s.stack() for s in states]  # (timesteps, batch, units)
        stacks = [k.stack() for k in stacks]  # (timesteps, batch, units)

        def gradient(d_outputs):
            if all_steps:
                d_steps = tf.transpose(d_outputs, (1, 0, 2))  # (timesteps, batch, units)
                d_outputs = tf.zeros_like(initial[0])

            def step_back(t, d_state, dx, d_kernel, d_recurrent, d_bias, d_extra):
                if all_steps:
                    d_state = (d_state[0] + d_steps[t], *d_state[1:])
                state = [s[t] for s in states]
                earlier = tf.maximum(t - 1, 0)
                before = [tf.where(t > 0, s[earlier], i) for s, i in zip(states, initial, strict=1)]
                da, db, direct, d_others = rule.backward(
                    d_state, state, before, [k[t] for k in stacks], extra
                )
                dx_t, dk = from_input.backward(x[t], da)
                dh, dr = from_state.backward(before[0], db)
                dh = dh if direct[0] is None else dh + direct[0]
                sums = [tf.reduce_sum(d, axis=0) for d in ((*da, *db) if two_biases else da)]
                d_bias = [total + s for total, s in zip(d_bias, sums, strict=True)]
                d_extra = [total + d for total, d in zip(d_extra, d_others, strict=True)]
                d_state, d_kernel, d_recurrent = (dh, *direct[1:]), d_kernel + dk, d_recurrent + dr
                return t - 1, d_state, dx.write(t, dx_t), d_kernel, d_recurrent, d_bias, d_extra

            start = (
                timesteps - 1,
                (d_outputs, *map(tf.zeros_like, initial[1:])),
                array(),
                tf.zeros_like(kernel),
                tf.zeros_like(recurrent_kernel),
                [tf.zeros_like(initial[0][0])] * (rule.gates * (1 + two_biases)),
                list(map(tf.zeros_like, extra)),
            )
            _, d_initial, dx, d_kernel, d_recurrent, d_bias, d_extra = tf.while_loop(
                lambda t, *_: t >= 0, step_back, start
            )
            dx = tf.transpose(dx.stack(), (1, 0, 2))  # (batch, timesteps, features)
            d_bias = tf.reshape(tf.concat(d_bias, 0), tf.shape(bias))
            return dx, d_kernel, d_recurrent, d_bias, *d_initial, *d_extra

        return (tf.transpose(states[0], (1, 0, 2)) if all_steps else last[0]), gradient

    return run(sequences, *weights, *initial, *extra)


# --- what they replace


def accelerate(model: keras.Model) -> str:
    """Replaces how recurrent, dropout and pooling layers compute, where there is a faster way.

    The model is one that XLA is to compile. Results are Keras's but for rounding. Keras still
    computes a layer that has a mask or sequences of unknown length, or options that no cell of this
    module has. Returns `fast` if any layer computes in another way now, else `keras`.
    """
    replaced = False
    for layer in model.layers:
        rule = rule_of(layer)
        if rule is not None:
            layer.inner_loop = _loop(layer, rule)
            if hasattr(layer.cell, "dropout"):
                layer.cell._create_dropout_mask = cell_masks(layer.cell)
        elif type(layer) is keras.layers.Dropout and layer.noise_shape is None:
            layer.call = _dropout(layer)
        elif type(layer) is keras.layers.MaxPooling1D and _side_by_side(layer):
            layer.call = _pooling(layer)
        else:
            continue
        replaced = True
    return "fast" if replaced else "keras"


def accelerate_updates(optimizer: keras.optimizers.Optimizer) -> None:
    """Replaces how a plain Adam updates an embedding, whose gradient is of a few of its rows.

    Keras writes that gradient out for all rows, twice, and then adds it to the averages. Here the
    averages are scaled and only the few rows are added to them. A third less passes through memory,
    which takes most of the time of an update of millions of weights. Results are Keras's but for
    rounding, even for a row that a batch reads twice: the squares of both gradients are added, not
    the square of their sum.
    """
    if type(optimizer) is not keras.optimizers.Adam or optimizer.amsgrad:
        return
    keras_update_step = optimizer.update_step

    def update_step(gradient, variable, learning_rate):
        if not isinstance(gradient, tf.IndexedSlices):
            return keras_update_step(gradient, variable, learning_rate)
        beta_1, beta_2 = optimizer.beta_1, optimizer.beta_2
        number = optimizer._get_variable_index(variable)
        momentum, velocity = optimizer._momentums[number], optimizer._velocities[number]
        rows, values = gradient.indices[:, None], gradient.values  # (n, 1), (n, features)
        step = tf.cast(optimizer.iterations + 1, values.dtype)
        rate = learning_rate * tf.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        m = tf.tensor_scatter_nd_add(beta_1 * momentum, rows, (1 - beta_1) * values)
        v = tf.tensor_scatter_nd_add(beta_2 * velocity, rows, (1 - beta_2) * values**2)
        momentum.assign(m)
        velocity.assign(v)
        variable.assign_sub(rate * m / (tf.sqrt(v) + optimizer.epsilon))

    optimizer.update_step = update_step


CELLS = {
    keras.layers.SimpleRNNCell: SimpleRNN,
    keras.layers.LSTMCell: LSTM,
    keras.layers.GRUCell: GRU,
    keras_cells.DocumentLSTMCell: DocumentLSTM,
    keras_cells.LSTM1997Cell: LSTM1997,
    keras_cells.PeepholeLSTMCell: PeepholeLSTM,
}
GATES = {keras.activations.sigmoid: Sigmoid, keras2_hard_sigmoid: HardSigmoid}
LAYERS = (keras.layers.RNN, keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU)


def rule_of(layer: keras.layers.Layer) -> SimpleRNN | None:
    """The cell of this module that computes the layer; None if there is none."""
    if type(layer) not in LAYERS or type(layer.cell) not in CELLS:
        return None
    cell = layer.cell  # one of the project's own has a tanh, a sigmoid and a bias, always
    gate = GATES.get(getattr(cell, "recurrent_activation", keras.activations.sigmoid))
    known = (
        getattr(cell, "activation", keras.activations.tanh) is keras.activations.tanh
        and gate is not None
        and getattr(cell, "use_bias", True)
        and cell.compute_dtype == "float32"
        and not (layer.go_backwards or layer.stateful or layer.return_state)
    )
    if not known:
        return None
    rule = CELLS[type(cell)] if getattr(cell, "reset_after", True) else GRUResetBefore
    return rule(gate)


def _loop(layer: keras.layers.RNN, rule: SimpleRNN):
    """What `keras.layers.RNN` calls to run its cell over a batch of sequences."""
    cell, keras_loop = layer.cell, layer.inner_loop

    def for_each_gate(masks):  # one for all of them where Keras drew one, or none
        return masks if masks is None or isinstance(masks, list) else [masks] * rule.gates

    def inner_loop(sequences, initial_state, mask, training=False):
        if mask is not None or sequences.shape[1] is None:
            return keras_loop(sequences, initial_state, mask, training)
        x = tf.convert_to_tensor(sequences)  # (batch, timesteps, features)
        initial = [tf.convert_to_tensor(state) for state in initial_state]  # (batch, units) each
        weights = cell.kernel, cell.recurrent_kernel, cell.bias
        kernel, recurrent, bias = map(tf.convert_to_tensor, weights)
        extra = [tf.convert_to_tensor(getattr(cell, name)) for name in rule.extra_weights]
        drops = training and hasattr(cell, "dropout")
        masks = for_each_gate(cell.get_dropout_mask(x[:, 0]) if drops else None)
        state_masks = for_each_gate(cell.get_recurrent_dropout_mask(initial[0]) if drops else None)
        if isinstance(rule, GRUResetBefore):  # k does not read the state itself
            recurrent, matrix = tf.split(recurrent, [2 * cell.units, cell.units], axis=1)
            extra = [matrix, state_masks[2] if state_masks else tf.ones(())]
            state_masks = state_masks and state_masks[:2]
        weights, every = (kernel, recurrent, bias), layer.return_sequences
        outputs = recur(rule, x, initial, weights, extra, masks, state_masks, every)
        return outputs[:, -1] if every else outputs, outputs, []  # the last is (batch, units)

    return inner_loop


def _dropout(layer: keras.layers.Dropout):
    def call(inputs, training=False):
        return inputs * _keep(layer, inputs, layer.rate) if training and layer.rate else inputs

    return call


def _side_by_side(layer: keras.layers.MaxPooling1D) -> bool:
    return (
        layer.pool_size == layer.strides
        and layer.padding == "valid"
        and layer.data_format == "channels_last"
    )


def _pooling(layer: keras.layers.MaxPooling1D):
    """A maximum along an axis, whose gradient XLA computes faster than that of a pooling.

    Equally large values share the gradient; in Keras the first one gets all of it.
    """
    (size,), keras_call = layer.pool_size, layer.call

    def call(inputs):
        if inputs.shape[1] is None:
            return keras_call(inputs)
        windows, features = inputs.shape[1] // size, inputs.shape[2]
        whole = inputs[:, : windows * size]  # (batch, windows * size, features)
        return tf.reduce_max(tf.reshape(whole, (-1, windows, size, features)), axis=2)

    return call


def cell_masks(cell):
    """What Keras calls for the masks of a sequence: one for each gate, or one for all of them."""

    def create(like, rate):
        gates = getattr(cell, "dropout_mask_count", None)
        return [_keep(cell, like, rate) for _ in range(gates)] if gates else _keep(cell, like, rate)

    return create


def _keep(owner, like, rate: float):
    """A dropout mask, 0 or 1 / (1 - rate), from the seed generator of its layer or cell.

    The algorithm is named: TensorFlow's choice for XLA on a CPU takes a hundred times longer.
    """
    seed = tf.cast(owner.seed_generator.next(), tf.int32)
    return tf.nn.experimental.stateless_dropout(tf.ones_like(like), rate, seed, rng_alg="philox")
