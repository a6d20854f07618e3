"""The faster ways to compute a layer give what Keras's own gives, and leave the model alone."""

import functools
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from commands import REPOSITORY
from keras import layers

from harness.training import native, xla
from harness.training.native import Form, Network, load, use_native_layers
from models import networks
from models.keras_cells import LSTM1997Cell

TIMESTEPS, WORDS, FEATURES, UNITS = 20, 60, 12, 16
SMALL = {"num_words": WORDS, "embedding": 32, "units": UNITS}
HARD = {"gates": "keras2-hard-sigmoid"}


def wide(model):
    """With weights so large that gates are cut off at both ends, and others are not."""
    layer = next(layer for layer in model.layers if isinstance(layer, layers.RNN))
    first = model.layers[1]
    if isinstance(first, layers.Embedding):  # its vectors are small
        first.set_weights([20 * w for w in first.get_weights()])
    kernel, *others = layer.get_weights()
    layer.set_weights([3 * kernel, *others])
    return model


NETWORKS = {
    "SimpleRNN": lambda: networks.recurrent_classifier("simple-rnn", **SMALL),
    "stack": lambda: networks.recurrent_classifier("simple-rnn", **SMALL, depth=3),
    "LSTM": lambda: networks.recurrent_classifier("lstm", **SMALL),
    "two LSTMs": lambda: networks.recurrent_classifier("lstm", **SMALL, depth=2),
    "LSTM, hard": lambda: wide(networks.recurrent_classifier("lstm", **SMALL, **HARD)),
    "GRU": lambda: networks.recurrent_classifier("gru", **SMALL),
    "GRU, hard": lambda: wide(networks.recurrent_classifier("gru", **SMALL, **HARD)),
    "GRU on numbers": lambda: networks.gru_forecaster(FEATURES, UNITS),
    # XLA alone
    "Conv1D + LSTM": lambda: networks.conv_lstm_classifier(**SMALL, dropout=0.0),
    "LSTM of the documents": lambda: networks.recurrent_classifier("lstm-document", **SMALL),
    "LSTM of 1997": lambda: networks.recurrent_classifier("lstm-1997", **SMALL),
    "LSTM with peepholes": lambda: networks.recurrent_classifier("lstm-peephole", **SMALL),
    "GRU on numbers, reset before": lambda: networks.gru_forecaster(
        FEATURES, UNITS, reset_after=False
    ),
    "GRU on numbers, reset before, hard": lambda: wide(
        networks.gru_forecaster(FEATURES, UNITS, reset_after=False, **HARD)
    ),
}
NATIVE = list(NETWORKS)[:8]
DROPOUT = {
    "Conv1D + LSTM": lambda: networks.conv_lstm_classifier(**SMALL, dropout=0.25),
    "GRU on numbers": lambda: networks.gru_forecaster(FEATURES, UNITS, 0.2, 0.3),
    "GRU on numbers, reset before": lambda: networks.gru_forecaster(
        FEATURES, UNITS, 0.2, 0.3, reset_after=False
    ),
}
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, native.COMPILERS)), reason="no C compiler"
)
BOTH_WAYS = [("fast", name) for name in NETWORKS]
BOTH_WAYS += [pytest.param("native", name, marks=needs_compiler) for name in NATIVE]


def built(build, how: str = "keras") -> keras.Model:
    """The same weights and seeds each time; no bias is zero, so that each takes part."""
    keras.utils.set_random_seed(3)
    model = build()
    rng = np.random.default_rng(3)
    model.set_weights([w + rng.normal(0, 0.1, w.shape) for w in model.get_weights()])
    if how == "native":
        assert use_native_layers(model, words_added=True)
    elif how == "fast":
        xla.accelerate(model)
    return model


def batch(name: str, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, or word ids padded in front to `TIMESTEPS`; and targets."""
    rng = np.random.default_rng(5)
    y = rng.normal(size=(len(lengths), 1)).astype(np.float32)
    if "numbers" in name:
        return rng.normal(size=(len(lengths), TIMESTEPS, FEATURES)).astype(np.float32), y
    x = np.zeros((len(lengths), TIMESTEPS), np.int32)
    for row, length in zip(x, lengths, strict=True):
        row[TIMESTEPS - length :] = rng.integers(1, WORDS, length)
    return x, y


def loss_and_gradients(model: keras.Model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    found = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    return float(loss), [tf.convert_to_tensor(gradient).numpy() for gradient in found]


def expect_same(found, expected) -> None:
    """Loss and gradients within 1e-5, relative to the largest entry of each array."""
    assert found[0] == pytest.approx(expected[0], rel=1e-5)
    for ours, theirs in zip(found[1], expected[1], strict=True):
        assert np.abs(theirs).max() > 1e-6
        assert np.abs(ours - theirs).max() <= 1e-6 + 1e-5 * np.abs(theirs).max()


SOME = [*range(0, 20, 2), 20, 20, 7]  # a whole block and a partial one, with all paddings
ODD = [[20] * 9, [0] * 8, [11]]  # no padding, nothing else, one review


@functools.cache  # both ways are compared with it
def by_plain_keras(name: str, lengths: tuple[int, ...]):
    return loss_and_gradients(built(NETWORKS[name]), *batch(name, lengths))


@pytest.mark.parametrize(("how", "name"), BOTH_WAYS)
def test_loss_and_gradients_are_those_of_plain_keras(how, name):
    ours = built(NETWORKS[name], how)
    if how == "fast":  # else plain Keras would be compared with itself
        found = [layer for layer in ours.layers if isinstance(layer, layers.RNN)]
        assert found
        assert all("inner_loop" in vars(layer) for layer in found)
    for lengths in [SOME, *(ODD if name in ("LSTM", "stack") and how == "native" else [])]:
        expected = by_plain_keras(name, tuple(lengths))
        expect_same(loss_and_gradients(ours, *batch(name, lengths)), expected)


TRAINED = [("fast", "Conv1D + LSTM"), pytest.param("fast", "stack", marks=pytest.mark.faults)]
TRAINED += [pytest.param("native", "LSTM", marks=needs_compiler)]


@pytest.mark.parametrize(("how", "name"), TRAINED)
def test_training_moves_the_weights_as_plain_keras_does(how, name, tmp_path):
    """By XLA where it compiles; and the saved model is a plain one."""
    x, y = batch(name, [*range(1, 21), *[20] * 12])  # two batches of one size
    models = [built(NETWORKS[name], way) for way in ("keras", how)]
    for model in models:
        compiled = how == "fast" and model is models[1]
        model.compile("sgd", "mse", jit_compile=compiled)
        model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    plain, fast = models
    fast.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in plain.layers]
    assert not any("inner_loop" in vars(layer) or "call" in vars(layer) for layer in loaded.layers)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), fast.predict(x, verbose=0), atol=1e-6)


DROPPING = [("fast", name, "keras") for name in DROPOUT]
DROPPING += [pytest.param("native", "GRU on numbers", "fast", marks=needs_compiler)]


@pytest.mark.parametrize(("how", "name", "like"), DROPPING)
def test_dropout_is_that_of_plain_keras_and_ends_with_the_training(how, name, like):
    """Without XLA, which draws other numbers in Keras; C and the other layers draw theirs alike."""
    x, y = batch(name, SOME)
    ours, plain = built(DROPOUT[name], how), built(DROPOUT[name], like)
    for _ in range(2):  # each batch has masks of its own
        expect_same(loss_and_gradients(ours, x, y), loss_and_gradients(plain, x, y))
    assert np.allclose(ours(x), plain(x), atol=1e-6)


# --- XLA


LEFT_TO_KERAS = {
    "backwards": lambda: layers.GRU(6, go_backwards=True),
    "other gates": lambda: layers.GRU(6, recurrent_activation="hard_sigmoid"),
    "other cell": lambda: layers.RNN(layers.StackedRNNCells([LSTM1997Cell(6)])),
    "no bias": lambda: layers.SimpleRNN(6, use_bias=False),
    "relu": lambda: layers.SimpleRNN(6, activation="relu"),
    "state returned": lambda: layers.LSTM(6, return_state=True),
    "no recurrent layer": lambda: layers.Dense(6),
}


@pytest.mark.parametrize("name", LEFT_TO_KERAS)
def test_a_layer_that_no_cell_here_knows_is_left_to_keras(name):
    assert xla.rule_of(LEFT_TO_KERAS[name]()) is None


@pytest.mark.parametrize("masked", [True, False])
def test_a_mask_or_an_unknown_length_is_left_to_keras(masked):
    def build():
        sequence = keras.Input((9 if masked else None, 5))
        read = layers.Masking(-1.0)(sequence) if masked else sequence
        return keras.Model(sequence, layers.Dense(1)(layers.LSTM(6)(read)))

    x = np.random.default_rng(0).normal(size=(4, 9, 5)).astype(np.float32)
    x[0, 4:] = -1
    plain, fast = (built(build, how).predict(x, verbose=0) for how in ("keras", "fast"))
    np.testing.assert_allclose(fast, plain, atol=1e-6)


def test_ten_updates_are_those_of_plain_adam():
    """Weights and averages; of an embedding whose rows a batch reads twice, once or not at all."""

    def build():
        ids = keras.Input((6,), dtype="int32")
        vectors = layers.Embedding(40, 3)(ids)  # (batch, 6, 3)
        return keras.Model(ids, layers.Dense(1)(layers.Flatten()(vectors)))

    rng = np.random.default_rng(0)
    draws = [(rng.integers(0, 40, (4, 6)), rng.normal(size=(4, 1))) for _ in range(10)]
    variables, by_keras = [], []
    for accelerated in (False, True):
        model, rule = built(build), keras.optimizers.Adam(0.01)
        plainly = rule.update_step

        def update_step(gradient, variable, learning_rate, plainly=plainly):
            by_keras[-1].add(tuple(variable.shape))
            plainly(gradient, variable, learning_rate)

        by_keras.append(set())
        rule.update_step = update_step
        if accelerated:
            xla.accelerate_updates(rule)
        model.compile(rule, "mse", jit_compile=True)
        for x, y in draws:
            model.train_on_batch(x, y)
        variables.append([value.numpy() for value in (*model.weights, *rule.variables)])
    for expected, found in zip(*variables, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert by_keras == [{(40, 3), (18, 1), (1,)}, {(18, 1), (1,)}]  # the embedding by this project


@pytest.mark.parametrize("timesteps", [12, 14, None])
def test_pooling_gives_what_plain_keras_gives(timesteps):
    """A last window that is not whole is left out; of a length not known before, too."""

    def build():
        sequence = keras.Input((timesteps, 3))
        return keras.Model(sequence, layers.MaxPooling1D(4)(sequence))

    x = np.random.default_rng(0).normal(size=(2, timesteps or 14, 3)).astype(np.float32)
    plain, fast = (built(build, how).predict(x, verbose=0) for how in ("keras", "fast"))
    assert plain.shape == (2, 3, 3)
    np.testing.assert_array_equal(fast, plain)


def test_dropout_keeps_its_share_and_the_mean_under_xla():
    fast = built(lambda: keras.Sequential([keras.Input((1000,)), layers.Dropout(0.25)]), "fast")
    compiled = tf.function(lambda x: fast(x, training=True), jit_compile=True)
    ones = np.ones((100, 1000), np.float32)
    dropped = [compiled(ones).numpy() for _ in range(2)]
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(4 / 3)}
    assert np.mean(dropped[0] == 0) == pytest.approx(0.25, abs=0.006)  # four standard errors
    assert (dropped[0] != dropped[1]).any()
    np.testing.assert_array_equal(fast(ones, training=False), ones)


# --- C

FORM = Form("SimpleRNN", layers=1, units=UNITS, features=16, embedded=True)


def weights(rng: np.random.Generator) -> list[np.ndarray]:
    shapes = [(WORDS, 16), (16, UNITS), (UNITS, UNITS), (UNITS,)]
    return [rng.normal(0, 0.3, shape).astype(np.float32) for shape in shapes]


@needs_compiler
def test_a_batch_whose_states_are_gone_is_computed_anew():
    arrays, network = weights(np.random.default_rng(1)), Network(FORM)
    (first, _), (second, _) = batch("reviews", [3, 9, 20]), batch("reviews", [5, 5])
    d_outputs = np.ones((3, UNITS), np.float32)
    network.forward(first, [], arrays, keep=True)
    number = network.number
    expected = network.backward(number, d_outputs, first, [], arrays)
    network.forward(second, [], arrays, keep=True)
    found = network.backward(number, d_outputs, first, [], arrays)
    number = network.number
    network.forward(second, [], arrays, keep=False)  # an evaluation in between
    again = network.backward(number, d_outputs, first, [], arrays)
    for ours, theirs, also in zip(found, expected, again, strict=True):
        assert np.array_equal(ours, theirs)
        assert np.array_equal(also, theirs)


@needs_compiler
def test_threads_share_the_work_and_change_no_more_than_rounding(monkeypatch):
    arrays, (x, _) = weights(np.random.default_rng(1)), batch("reviews", [*range(20), *range(20)])
    gradients = []
    for threads in (1, 3):
        monkeypatch.setattr(native, "threads", lambda n=threads: n)
        network = Network(FORM)
        outputs = network.forward(x, [], arrays, keep=True)
        gradients.append(network.backward(network.number, outputs, x, [], arrays))
    for one, three in zip(*gradients, strict=True):
        assert np.abs(one - three).max() <= 1e-5 * np.abs(one).max()


NOT_IN_C = {
    "word vectors of another width": lambda: networks.recurrent_classifier("lstm", 60, 30, UNITS),
    "units likewise": lambda: networks.recurrent_classifier("lstm", 60, 32, 20),
    "bidirectional": lambda: keras.Sequential(
        [keras.Input((5, 4)), layers.Bidirectional(layers.LSTM(UNITS)), layers.Dense(1)]
    ),
}
OTHERS = ("LSTM of 1997", "Conv1D + LSTM", "GRU on numbers, reset before")


@pytest.mark.parametrize("model", [*NOT_IN_C.values(), *(NETWORKS[name] for name in OTHERS)])
def test_other_networks_are_not_computed_in_c(model):
    assert not use_native_layers(model(), words_added=True)


def test_an_optimizer_that_needs_each_reading_of_a_word_is_left_to_keras():
    assert not use_native_layers(NETWORKS["LSTM"](), words_added=False)


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "LIBRARIES", tmp_path / "libraries")
    load.cache_clear()
    yield tmp_path / "libraries"
    load.cache_clear()


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_without_a_working_compiler_keras_computes(compiler, libraries, monkeypatch):
    monkeypatch.setenv("CC", compiler)
    assert not use_native_layers(NETWORKS["LSTM"](), words_added=True)
    assert not list(libraries.glob("*"))


@needs_compiler
def test_a_library_is_compiled_once_and_kept_where_there_is_a_place(libraries):
    libraries.write_text("a file in its place")
    assert load(FORM) is None
    libraries.unlink()
    made = set()
    for _ in range(2):
        load.cache_clear()
        assert load(FORM) is not None
        (path,) = libraries.iterdir()
        made.add(path.stat().st_mtime_ns)
    assert len(made) == 1


@pytest.mark.faults
@needs_compiler
def test_no_memory_is_read_or_written_beyond_an_array(tmp_path):
    compiler = next(filter(shutil.which, native.COMPILERS))
    sanitizers = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    if not all(map(os.path.isabs, sanitizers)):
        pytest.skip("the C compiler has no sanitizers")
    done = subprocess.run(
        [sys.executable, "tests/sanitized_recurrence.py", tmp_path],
        cwd=REPOSITORY,
        # Python itself never frees everything
        env=os.environ | {"LD_PRELOAD": ":".join(sanitizers), "ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(tmp_path.iterdir())) == 12
