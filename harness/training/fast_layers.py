"""Makes Keras's own layers compute faster with TensorFlow on a CPU, and changes nothing else.

A model keeps its layers, weights, configuration and saved file. Only the way in which some layers
and Adam compute is replaced, and only on the objects of the running process.
"""

import keras

from models import keras_cells
from models.keras_cells import keras2_hard_sigmoid


def accelerate(model: keras.Model) -> str:
    """Replaces how recurrent, dropout and pooling layers compute, where there is a faster way.

    Made for a model that XLA compiles. Results are Keras's but for rounding. Keras still computes a
    layer that has a mask or sequences of unknown length, or options that `fast_recurrence` lacks.

    Args:
        model: a model on the TensorFlow backend.

    Returns:
        `fast` if any layer computes in another way now, else `keras`.
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
    """Replaces how Adam updates an embedding, whose gradient is of a few of its rows.

    Keras writes that gradient out for all rows, twice, and then adds it to the averages. Here the
    averages are scaled and only the few rows are added to them. A third less passes through memory,
    which takes most of the time of an update of millions of weights. Results are Keras's but for
    rounding, even for a row that a batch reads twice: the squares of both gradients are added, not
    the square of their sum.

    Args:
        optimizer: any; only a plain Adam is changed.
    """
    import tensorflow as tf

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


def rule_of(layer: keras.layers.Layer):
    """The cell of `fast_recurrence` that computes the layer; None if there is none."""
    from harness.training import fast_recurrence as recurrence

    rules = {
        keras.layers.SimpleRNNCell: recurrence.SimpleRNN,
        keras.layers.LSTMCell: recurrence.LSTM,
        keras.layers.GRUCell: recurrence.GRU,
        keras_cells.DocumentLSTMCell: recurrence.DocumentLSTM,
        keras_cells.LSTM1997Cell: recurrence.LSTM1997,
        keras_cells.PeepholeLSTMCell: recurrence.PeepholeLSTM,
    }
    gates = {
        keras.activations.sigmoid: recurrence.Sigmoid,
        keras2_hard_sigmoid: recurrence.HardSigmoid,
    }
    kinds = keras.layers.RNN, keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU
    if type(layer) not in kinds or type(layer.cell) not in rules:
        return None
    cell = layer.cell  # one of the project's own has a tanh, a sigmoid and a bias, always
    gate = gates.get(getattr(cell, "recurrent_activation", keras.activations.sigmoid))
    known = (
        getattr(cell, "activation", keras.activations.tanh) is keras.activations.tanh
        and gate is not None
        and getattr(cell, "use_bias", True)
        and cell.compute_dtype == "float32"
        and not (layer.go_backwards or layer.stateful or layer.return_state)
    )
    if not known:
        return None
    before = not getattr(cell, "reset_after", True)
    return (recurrence.GRUResetBefore if before else rules[type(cell)])(gate)


def _loop(layer: keras.layers.RNN, rule):
    """What `keras.layers.RNN` calls to run its cell over a batch of sequences."""
    import tensorflow as tf

    from harness.training.fast_recurrence import GRUResetBefore, recur

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
        outputs = recur(
            rule,
            x,
            initial,
            kernel,
            recurrent,
            bias,
            extra,
            masks,
            state_masks,
            layer.return_sequences,
        )
        last = outputs[:, -1] if layer.return_sequences else outputs  # (batch, units)
        return last, outputs, []

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
    import tensorflow as tf

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
    import tensorflow as tf

    seed = tf.cast(owner.seed_generator.next(), tf.int32)
    return tf.nn.experimental.stateless_dropout(tf.ones_like(like), rate, seed, rng_alg="philox")
