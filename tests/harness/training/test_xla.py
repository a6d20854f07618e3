"""The faster way to compute a layer gives what Keras's own gives, and leaves the model alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from harness.training.gradients import gradients
from harness.training.xla import accelerate, accelerate_updates
from models import imdb, jena
from models.lstm_cells import DocumentLSTMCell, LSTM1997Cell, PeepholeLSTMCell

SMALL = {"num_words": 50, "embedding": 8, "units": 8}
HARD = "keras2-hard-sigmoid"


def one_layer(layer):
    sequence = keras.Input((None, 5))
    return keras.Model(sequence, layers.Dense(1)(layer(sequence)))


def recurrent(model):
    return next(layer for layer in model.layers if isinstance(layer, layers.RNN))


def wide(model):
    """With weights so large that gates are cut off at both ends, and others are not."""
    layer = recurrent(model)
    first = model.layers[1]
    if isinstance(first, layers.Embedding):  # its vectors are small
        first.set_weights([20 * w for w in first.get_weights()])
    kernel, *others = layer.get_weights()
    layer.set_weights([3 * kernel, *others])
    return model


NETWORKS = {
    "SimpleRNN": lambda: imdb.recurrent("simple-rnn", **SMALL),
    "stack": lambda: imdb.recurrent("simple-rnn", **SMALL, depth=4),
    "LSTM": lambda: imdb.recurrent("lstm", **SMALL),
    "GRU": lambda: imdb.recurrent("gru", **SMALL),
    "Conv1D + LSTM": lambda: imdb.conv_lstm(**SMALL, dropout=0.25),
    "GRU on windows": lambda: jena.gru(features=5, units=8),
    "GRU with dropout": lambda: jena.gru(5, 8, dropout=0.2, recurrent_dropout=0.3),
    "LSTM with dropout": lambda: one_layer(layers.LSTM(8, dropout=0.3)),
    "LSTM of the documents": lambda: imdb.recurrent("lstm-document", **SMALL),
    "LSTM of 1997": lambda: imdb.recurrent("lstm-1997", **SMALL),
    "LSTM with peepholes": lambda: imdb.recurrent("lstm-peephole", **SMALL),
    "GRU, reset before": lambda: jena.gru(5, 8, reset_after=False),
    "GRU, reset before, with dropout": lambda: jena.gru(5, 8, 0.2, 0.3, reset_after=False),
    "LSTM, hard": lambda: wide(imdb.recurrent("lstm", **SMALL, gates=HARD)),
    "GRU, hard": lambda: wide(imdb.recurrent("gru", **SMALL, gates=HARD)),
    "Conv1D + LSTM, hard": lambda: wide(imdb.conv_lstm(**SMALL, gates=HARD)),
    "GRU, reset before, hard": lambda: wide(jena.gru(5, 8, reset_after=False, gates=HARD)),
}
DROPOUT = (
    "Conv1D + LSTM",
    "GRU with dropout",
    "LSTM with dropout",
    "GRU, reset before, with dropout",
    "Conv1D + LSTM, hard",
)


def batch(model, timesteps=30, samples=16):
    """Inputs and targets that suit the model."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (samples, 1)).astype(np.float32)  # (batch, 1)
    if model.inputs[0].dtype == "int32":
        return rng.integers(0, 50, (samples, timesteps), np.int32), y
    return rng.normal(size=(samples, timesteps, 5)).astype(np.float32), y


def twins(build):
    """The same network twice, with the same weights and seeds; the second one is accelerated."""
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        models.append(build())
    rng = np.random.default_rng(1)  # no bias is zero: each takes part
    weights = [w + rng.normal(0, 0.1, w.shape) for w in models[0].get_weights()]
    for model in models:
        model.set_weights(weights)
    accelerate(models[1])
    return models


def test_a_network_without_anything_to_replace_is_said_to_be_keras():
    assert accelerate(imdb.dense(**SMALL, maxlen=12)) == "keras"


# the gradients of all are compared below
SOME = ("stack", "Conv1D + LSTM", "GRU on windows", "LSTM of the documents", "LSTM with peepholes")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in SOME else pytest.mark.faults) for name in NETWORKS],
)
def test_ten_training_steps_are_those_of_plain_keras(name):
    """Losses and weights agree to 1e-4; for dropout without XLA, which draws other numbers."""
    losses, weights = [], []
    for model, xla in zip(twins(NETWORKS[name]), (False, name not in DROPOUT), strict=True):
        model.compile(
            keras.optimizers.RMSprop(0.001), keras.losses.MeanSquaredError(), jit_compile=xla
        )
        x, y = batch(model)
        losses.append([model.train_on_batch(x, y) for _ in range(10)])
        weights.append(model.get_weights())
    assert losses[0][0] != losses[0][-1]
    np.testing.assert_allclose(losses[1], losses[0], atol=1e-4)
    for plain, fast in zip(*weights, strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_plain_keras(name):
    models = twins(NETWORKS[name])
    # else plain Keras would be compared with itself
    found = [layer for layer in models[1].layers if isinstance(layer, layers.RNN)]
    assert found
    assert all("inner_loop" in vars(layer) for layer in found)
    plain, fast = (gradients(m, *batch(m, timesteps=12), "mse") for m in models)
    for path, expected in zip(plain, plain.values(), strict=True):
        assert np.abs(expected).max() > 1e-6, path
    for ours, expected in zip(fast.values(), plain.values(), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6 + 1e-5 * np.abs(expected).max())


EVERY_OUTPUT = {
    "stack": layers.SimpleRNN,
    "LSTM": layers.LSTM,
    "GRU on windows": layers.GRU,
    "GRU, reset before": lambda *args, **kwargs: layers.GRU(*args, reset_after=False, **kwargs),
    "LSTM of the documents": lambda units, **kwargs: layers.RNN(DocumentLSTMCell(units), **kwargs),
    "LSTM of 1997": lambda units, **kwargs: layers.RNN(LSTM1997Cell(units), **kwargs),
    "LSTM with peepholes": lambda units, **kwargs: layers.RNN(PeepholeLSTMCell(units), **kwargs),
}


@pytest.mark.parametrize("name", EVERY_OUTPUT)
def test_gradients_of_the_inputs_and_of_every_output(name):
    """The gradient with respect to the sequence itself, and from all steps of a returned one."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(4, 12, 5)), tf.float32)  # (batch, timesteps, features)
    g = tf.constant(rng.normal(size=(4, 12, 6)), tf.float32)  # (batch, timesteps, units)

    def build():
        sequence = keras.Input((12, 5))
        return keras.Model(sequence, EVERY_OUTPUT[name](6, return_sequences=True)(sequence))

    found = []
    for model in twins(build):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(g * model(x))
        found.append(tape.gradient(loss, x).numpy())
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


@pytest.mark.parametrize("name", ["stack", "Conv1D + LSTM", "LSTM with peepholes"])
def test_a_saved_model_is_a_plain_keras_model(name, tmp_path):
    """Nothing of the replacement is in the file; plain Keras loads it and predicts the same."""
    plain, fast = twins(NETWORKS[name])
    x, _ = batch(fast)
    fast.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in plain.layers]
    assert not any("inner_loop" in vars(layer) or "call" in vars(layer) for layer in loaded.layers)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), fast.predict(x, verbose=0), atol=1e-6)


UNKNOWN = {
    "mask": lambda x: layers.LSTM(6)(layers.Masking(-1.0)(x)),
    "backwards": lambda x: layers.GRU(6, go_backwards=True)(x),
    "other gates": lambda x: layers.GRU(6, recurrent_activation="hard_sigmoid")(x),
    "other cell": lambda x: layers.RNN(layers.StackedRNNCells([LSTM1997Cell(6)]))(x),
    "no bias": lambda x: layers.SimpleRNN(6, use_bias=False)(x),
    "relu": lambda x: layers.SimpleRNN(6, activation="relu")(x),
    "state returned": lambda x: layers.LSTM(6, return_state=True)(x)[2],
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_layer_that_is_set_up_otherwise_is_left_to_keras(name):
    def build():
        sequence = keras.Input((None, 5))
        return keras.Model(sequence, layers.Dense(1)(UNKNOWN[name](sequence)))

    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 9, 5)).astype(np.float32)  # (batch, timesteps, features)
    x[0, 4:] = -1
    losses = []
    for model in twins(build):
        model.compile("rmsprop", "mse", jit_compile=False)
        losses.append([model.train_on_batch(x, np.ones((4, 1))) for _ in range(3)])
    np.testing.assert_allclose(losses[1], losses[0], atol=1e-6)


@pytest.mark.parametrize("xla", [False, True])
def test_ten_updates_are_those_of_plain_adam(xla):
    """Weights and averages; of an embedding whose rows a batch reads twice, once or not at all."""

    def build():
        ids = keras.Input((6,), dtype="int32")
        vectors = layers.Embedding(40, 3)(ids)  # (batch, 6, 3)
        return keras.Model(ids, layers.Dense(1)(layers.Flatten()(vectors)))

    rng = np.random.default_rng(0)
    draws = [(rng.integers(0, 40, (4, 6)), rng.normal(size=(4, 1))) for _ in range(10)]
    rules = [keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01)]
    models = twins(build)
    plainly, updated = rules[1].update_step, []

    def update_step(gradient, variable, learning_rate):
        updated.append(tuple(variable.shape))
        plainly(gradient, variable, learning_rate)

    rules[1].update_step = update_step
    accelerate_updates(rules[1])
    for model, rule in zip(models, rules, strict=True):
        model.compile(rule, "mse", jit_compile=xla)
        for x, y in draws:
            model.train_on_batch(x, y)
    plain, fast = ([*m.weights, *r.variables] for m, r in zip(models, rules, strict=True))
    for expected, found in zip(plain, fast, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5, atol=1e-7)
    assert set(updated) == {(18, 1), (1,)}  # the dense layer; the embedding goes the other way


@pytest.mark.parametrize("timesteps", [12, 14, None])
def test_pooling_gives_what_plain_keras_gives(timesteps):
    """A last window that is not whole is left out; of a length not known before, too."""

    def build():
        sequence = keras.Input((timesteps, 3))
        return keras.Model(sequence, layers.MaxPooling1D(4)(sequence))

    x = np.random.default_rng(0).normal(size=(2, timesteps or 14, 3)).astype(np.float32)
    plain, fast = (model.predict(x, verbose=0) for model in twins(build))
    assert plain.shape == (2, 3, 3)
    np.testing.assert_array_equal(fast, plain)


def test_dropout_keeps_its_share_and_the_mean_under_xla():
    _, fast = twins(lambda: keras.Sequential([keras.Input((1000,)), layers.Dropout(0.25)]))
    compiled = tf.function(lambda x: fast(x, training=True), jit_compile=True)
    ones = np.ones((100, 1000), np.float32)
    dropped = [compiled(ones).numpy() for _ in range(2)]
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(4 / 3)}
    assert np.mean(dropped[0] == 0) == pytest.approx(0.25, abs=0.006)  # four standard errors
    assert (dropped[0] != dropped[1]).any()
    np.testing.assert_array_equal(fast(ones, training=False), ones)


def test_reviews_of_any_length_can_be_read():
    """Where the length is not known when the graph is made, Keras's own loop runs."""
    plain, fast = twins(NETWORKS["LSTM"])
    fast.compile("rmsprop", "mse", jit_compile=False)
    for timesteps in (3, 8, 13, 21):
        x, _ = batch(fast, timesteps)
        np.testing.assert_allclose(fast.predict_on_batch(x), plain.predict_on_batch(x), atol=1e-6)
