"""The recurrent layers of a model, computed by `native_recurrence.c`, for TensorFlow on a CPU.

An embedding and the recurrent layers above it become one operation, whose gradients go to Keras's
weights. The model stays what its builder made; only how it computes is replaced, on the objects of
the running process.
"""

from dataclasses import replace

import keras

from harness.training import fast_layers, fast_recurrence
from harness.training.native_library import CELLS, Form, load
from harness.training.native_network import Network

LANES = 16  # units and features of word vectors must be multiples of this


def is_chain(model: keras.Model) -> bool:
    """Whether each layer reads the one before and nothing else."""
    if len(getattr(model, "inputs", ())) != 1:  # a Sequential may have none before its first batch
        return False
    (below,) = model.inputs
    for layer in model.layers:
        if not isinstance(layer, keras.layers.InputLayer) and layer.input is not below:
            return False
        below = layer.output
    return True


def use_native_layers(model: keras.Model, words_added: bool) -> bool:
    """Lets the library compute the recurrent layers, if it can compute all of them.

    It can if they read the model's input, be it word ids through an embedding or numbers; the
    gradient of such an input is not asked for. An embedding gets the gradient of each word summed
    over its readings. From now on the layers are parts of this model only; another model needs
    copies, such as those of `model.from_config(model.get_config())`.

    Args:
        model: a model whose layers form a chain.
        words_added: whether the optimizer needs an embedding's gradient only in this form.

    Returns:
        Whether the model computes so now.
    """
    chain = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    embedding = chain.pop(0) if isinstance(chain[0], keras.layers.Embedding) else None
    layers = [layer for layer in chain if isinstance(layer, keras.layers.RNN)]
    if not layers or layers != chain[: len(layers)] or not is_chain(model):
        return False
    form = _form(embedding, layers)
    if form is None or (form.embedded and not words_added) or load(form) is None:
        return False
    if embedding is not None:
        embedding.call = lambda ids: ids[..., None]  # looked up by the library
    for layer in layers[:-1]:
        layer.call = lambda sequences, **_: sequences
    layers[-1].call = _call(form, embedding, layers)
    return True


def _form(embedding: keras.layers.Embedding | None, layers: list) -> Form | None:
    """What the library must be compiled for; None where it does not know the layers."""
    rules, cells = [fast_layers.rule_of(layer) for layer in layers], [r.cell for r in layers]
    rule, units, features = rules[0], cells[0].units, layers[0].input.shape[-1]
    alike = {
        (type(r), getattr(r, "gate", None), c.units) for r, c in zip(rules, cells, strict=True)
    }
    rates = [getattr(c, name, 0) for c in cells for name in ("dropout", "recurrent_dropout")]
    known = (
        type(rule).__name__ in CELLS
        and len(alike) == 1
        and [layer.return_sequences for layer in layers] == [True] * (len(layers) - 1) + [False]
        and units % LANES == 0
        and (embedding is None or (features % LANES == 0 and not embedding.mask_zero))
        and not (any(rates) and len(layers) > 1)
    )
    if not known:
        return None
    return Form(
        cell=type(rule).__name__,
        layers=len(layers),
        units=units,
        features=features,
        embedded=embedding is not None,
        hard_sigmoid=rule.gate is fast_recurrence.HardSigmoid,
        dropout=any(rates),
    )


def _call(form: Form, embedding: keras.layers.Embedding | None, layers: list):
    """What Keras calls for the last layer: the operation on the lowest layer's inputs."""
    import tensorflow as tf

    in_training = Network(form)
    otherwise = Network(replace(form, dropout=False)) if form.dropout else in_training
    cell = layers[-1].cell

    def call(sequences, initial_state=None, mask=None, training=False):
        # ids (batch, timesteps), or numbers (batch, timesteps, features)
        x = tf.cast(sequences[..., 0], tf.int32) if form.embedded else sequences
        weights = [embedding.embeddings] if form.embedded else []
        for layer in layers:
            weights += [layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias]
        weights = list(map(tf.convert_to_tensor, weights))
        masks = []
        if training and form.dropout:
            states = tf.ones((tf.shape(x)[0], form.units))
            masks = [
                _masks(cell, x[:, 0], cell.dropout),
                _masks(cell, states, cell.recurrent_dropout),
            ]
        network = in_training if training else otherwise
        return _operation(network, x, masks, weights, keep=bool(training))

    return call


def _masks(cell, like, rate: float):
    """Dropout masks of all gates, shape (batch, gates, width), drawn as `fast_layers` does."""
    import tensorflow as tf

    gates = cell.kernel.shape[1] // cell.units
    if not rate:
        return tf.ones((tf.shape(like)[0], gates, like.shape[1]))
    masks = fast_layers.cell_masks(cell)(like, rate)
    return tf.stack(masks if isinstance(masks, list) else [masks] * gates, axis=1)


def _operation(network: Network, x, masks: list, weights: list, keep: bool):
    """The layers as one operation, differentiable once with respect to the weights.

    Returns:
        The last layer's last output, shape (batch, units).
    """
    import tensorflow as tf

    def forward(x, *arrays):
        outputs = network.forward(x, arrays[: len(masks)], arrays[len(masks) :], keep)
        return outputs, network.number

    def backward(number, d_outputs, x, *arrays):
        parts = arrays[: len(masks)], arrays[len(masks) :]
        return network.backward(int(number), d_outputs, x, *parts)

    @tf.custom_gradient
    def run(*weights):
        arrays = [x, *masks, *weights]
        outputs, number = tf.numpy_function(forward, arrays, [tf.float32, tf.int64])
        outputs.set_shape((x.shape[0], network.form.units))

        def gradient(d_outputs):
            found = tf.numpy_function(
                backward, [number, d_outputs, *arrays], [tf.float32] * len(weights)
            )
            for one, weight in zip(found, weights, strict=True):
                one.set_shape(weight.shape)
            return found

        return outputs, gradient

    return run(*weights)
