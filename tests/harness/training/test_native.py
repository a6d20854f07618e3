"""Recurrent layers in C: the results of plain Keras, and no trace where they cannot be had."""

import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from commands import REPOSITORY
from keras import layers

from harness.training import native, xla
from harness.training.native import Form, Network, load, use_native_layers
from models import imdb, jena

TIMESTEPS, WORDS, FEATURES, UNITS = 40, 60, 12, 16
BUILDERS = {
    "SimpleRNN": lambda: imdb.recurrent("simple-rnn", WORDS, 32, UNITS),
    "stack of four": lambda: imdb.recurrent("simple-rnn", WORDS, 32, UNITS, depth=4),
    "LSTM": lambda: imdb.recurrent("lstm", WORDS, 32, UNITS),
    "LSTM, two layers": lambda: imdb.recurrent("lstm", WORDS, 16, UNITS, depth=2),
    "LSTM, hard sigmoid": lambda: imdb.recurrent(
        "lstm", WORDS, 32, UNITS, gates="keras2-hard-sigmoid"
    ),
    "GRU": lambda: imdb.recurrent("gru", WORDS, 32, UNITS),
    "GRU on numbers": lambda: jena.gru(FEATURES, UNITS),
    "GRU with dropout": lambda: jena.gru(FEATURES, UNITS, dropout=0.2, recurrent_dropout=0.3),
}
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, native.COMPILERS)), reason="no C compiler"
)


def built(name: str, native: bool) -> keras.Model:
    """The same weights and dropout masks each time, none of them zero."""
    keras.utils.set_random_seed(3)
    model = BUILDERS[name]()
    rng = np.random.default_rng(3)
    model.set_weights([w + rng.normal(0, 0.1, w.shape) for w in model.get_weights()])
    assert not native or use_native_layers(model, words_added=True)
    return model


def reviews(rng: np.random.Generator, lengths: list[int]) -> np.ndarray:
    """Word ids padded in front, int32 of shape (len(lengths), TIMESTEPS)."""
    x = np.zeros((len(lengths), TIMESTEPS), np.int32)
    for row, length in zip(x, lengths, strict=True):
        row[TIMESTEPS - length :] = rng.integers(1, WORDS, length)
    return x


def batch(name: str, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    on_numbers = "numbers" in name or "dropout" in name
    size = (len(lengths), TIMESTEPS, FEATURES)
    x = rng.normal(size=size).astype(np.float32) if on_numbers else reviews(rng, lengths)
    return x, rng.normal(size=(len(lengths), 1)).astype(np.float32)


def loss_and_gradients(model: keras.Model, x, y, training: bool = True):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=training) - y) ** 2)
    found = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    return float(loss), [tf.convert_to_tensor(gradient).numpy() for gradient in found]


def expect_same(found, expected) -> None:
    """Loss and gradients within 1e-5, relative to the largest entry of each array."""
    assert found[0] == pytest.approx(expected[0], rel=1e-5)
    for ours, theirs in zip(found[1], expected[1], strict=True):
        assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


LENGTHS = [
    [*range(0, 40, 3), 40, 40],  # whole blocks
    [7, 0, 40, 12, 1],  # a partial one
    [40] * 9,  # no padding
    [0] * 8,  # nothing else
    [11],
]


@needs_compiler
@pytest.mark.parametrize("name", [name for name in BUILDERS if "dropout" not in name])
def test_loss_and_gradients_are_those_of_plain_keras(name):
    plain, ours = built(name, native=False), built(name, native=True)
    for lengths in LENGTHS if name in ("LSTM", "stack of four") else LENGTHS[:2]:
        x, y = batch(name, lengths)
        expect_same(loss_and_gradients(ours, x, y), loss_and_gradients(plain, x, y))


@needs_compiler
def test_dropout_computes_what_the_other_layers_compute_with_the_same_masks():

    x, y = batch("GRU with dropout", [40] * 11)
    other = built("GRU with dropout", native=False)
    xla.accelerate(other)  # draws its masks in the same way; plain Keras draws others
    ours = built("GRU with dropout", native=True)
    for _ in range(2):  # each batch has masks of its own
        expect_same(loss_and_gradients(ours, x, y), loss_and_gradients(other, x, y))
    assert np.allclose(ours(x), other(x), atol=1e-6)  # not in training: none


@needs_compiler
def test_training_moves_the_weights_as_plain_keras_does():
    x, y = batch("LSTM", [*range(1, 41)])
    models = [built("LSTM", native) for native in (False, True)]
    for model in models:
        model.compile(keras.optimizers.SGD(0.1), "mse", steps_per_execution=2)
        model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        assert np.allclose(ours, theirs, atol=1e-6)
    assert np.allclose(*(model.predict(x, verbose=0) for model in models), atol=1e-6)


def arrays(rng: np.random.Generator, form: Form) -> list[np.ndarray]:
    shapes = [(WORDS, form.features), (form.features, form.units), (form.units,) * 2, (form.units,)]
    return [rng.normal(0, 0.3, shape).astype(np.float32) for shape in shapes]


@needs_compiler
def test_a_batch_whose_states_are_gone_is_computed_anew():
    form = Form("SimpleRNN", layers=1, units=UNITS, features=16, embedded=True)
    rng = np.random.default_rng(1)
    weights, network = arrays(rng, form), Network(form)
    first, second = reviews(rng, [3, 9, 20]), reviews(rng, [5, 5])
    d_outputs = np.ones((3, UNITS), np.float32)
    network.forward(first, [], weights, keep=True)
    number = network.number
    expected = network.backward(number, d_outputs, first, [], weights)
    network.forward(second, [], weights, keep=True)
    found = network.backward(number, d_outputs, first, [], weights)
    number = network.number
    network.forward(second, [], weights, keep=False)  # an evaluation in between
    again = network.backward(number, d_outputs, first, [], weights)
    for ours, theirs, also in zip(found, expected, again, strict=True):
        assert np.array_equal(ours, theirs)
        assert np.array_equal(also, theirs)


@needs_compiler
def test_threads_share_the_work_and_change_no_more_than_rounding(monkeypatch):
    form = Form("SimpleRNN", layers=1, units=UNITS, features=16, embedded=True)
    rng = np.random.default_rng(1)
    weights, x = arrays(rng, form), reviews(rng, [*range(0, 40)])
    gradients = []
    for threads in (1, 3):
        monkeypatch.setattr("harness.training.native.threads", lambda n=threads: n)
        network = Network(form)
        outputs = network.forward(x, [], weights, keep=True)
        gradients.append(network.backward(network.number, outputs, x, [], weights))
    for one, three in zip(*gradients, strict=True):
        assert np.abs(one - three).max() <= 1e-5 * np.abs(one).max()


@pytest.mark.parametrize(
    "model",
    [
        lambda: imdb.recurrent("lstm", WORDS, 30, UNITS),  # word vectors of another width
        lambda: imdb.recurrent("lstm", WORDS, 32, 20),  # units likewise
        lambda: imdb.recurrent("lstm-1997", WORDS, 32, UNITS),
        lambda: imdb.conv_lstm(WORDS, 16, UNITS),
        lambda: jena.gru(FEATURES, UNITS, reset_after=False),
        lambda: keras.Sequential(
            [keras.Input((5, 4)), layers.Bidirectional(layers.LSTM(UNITS)), layers.Dense(1)]
        ),
    ],
)
def test_other_networks_are_left_to_keras(model):
    assert not use_native_layers(model(), words_added=True)


def test_an_optimizer_that_needs_each_reading_of_a_word_is_left_to_keras():
    assert not use_native_layers(BUILDERS["LSTM"](), words_added=False)


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "LIBRARIES", tmp_path / "libraries")
    load.cache_clear()
    yield tmp_path / "libraries"
    load.cache_clear()


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_without_a_working_compiler_keras_computes(compiler, libraries, monkeypatch):
    monkeypatch.setenv("CC", compiler)
    assert not use_native_layers(BUILDERS["LSTM"](), words_added=True)
    assert not list(libraries.glob("*"))


@needs_compiler
def test_a_library_is_compiled_once_and_kept(libraries, monkeypatch):
    form = Form("SimpleRNN", layers=1, units=UNITS, features=16, embedded=True)
    assert load(form) is not None
    (path,) = libraries.iterdir()
    made = path.stat().st_mtime_ns
    load.cache_clear()
    assert load(form) is not None
    assert path.stat().st_mtime_ns == made


@needs_compiler
def test_a_folder_that_cannot_be_written_leaves_the_layers_to_keras(libraries):
    libraries.write_text("a file in its place")
    assert not use_native_layers(BUILDERS["LSTM"](), words_added=True)


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
