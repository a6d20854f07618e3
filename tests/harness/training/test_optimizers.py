"""The update rules of Keras 2 and their mixtures with Keras 3's, beside NumPy by hand."""

import argparse
import contextlib
import io
import itertools
import re

import keras
import numpy as np
import pytest
from commands import REPOSITORY

from experiments.common.jena import GruProtocol
from harness.protocol import OPTIMIZERS as CHOICES
from harness.protocol import add_settings
from harness.records.record import RENAMED
from harness.training.optimizers import OPTIMIZERS, make_optimizer
from models.learning_numpy import Adam, RMSprop, added

RULES = {
    "rmsprop": RMSprop(1e-7, inside=True, squares_first=True),
    "rmsprop-keras-2.0": RMSprop(1e-8, inside=False, squares_first=False),
    "rmsprop-keras-2.10": RMSprop(1e-7, inside=False, squares_first=False),
    "rmsprop-epsilon-outside": RMSprop(1e-8, inside=False, squares_first=True),
    "rmsprop-epsilon-outside-1e-7": RMSprop(1e-7, inside=False, squares_first=True),
    "rmsprop-keras-2.11": RMSprop(1e-7, inside=True, squares_first=False),
    "adam": Adam(1e-7, squares_first=True),
    "adam-keras-2.0": Adam(1e-8, squares_first=False),
    "adam-keras-2.2": Adam(1e-7, squares_first=False),
}
WORDS, FEATURES, READINGS, STEPS = 7, 3, 9, 4
PAGE = REPOSITORY / "docs/rmsprop-through-the-versions.md"


def drawn(seed, size=1e-4):
    """Ids and rows of some steps: words 0 and 6 are never read, others several times."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, WORDS - 1, (STEPS, READINGS))
    return ids, rng.normal(0, size, (STEPS, READINGS, FEATURES)).astype(np.float32)


def steps_of(seed, size=1e-4):
    """The ids and the rows of each step."""
    return list(zip(*drawn(seed, size), strict=True))


def slices(ids, rows):
    """A gradient as TensorFlow hands it over: one row for each reading."""
    tf = pytest.importorskip("tensorflow")
    return tf.IndexedSlices(tf.constant(rows), tf.constant(ids), tf.constant([WORDS, FEATURES]))


def apply(optimizer, gradients):
    """The weights after each gradient, from zero."""
    weights = keras.Variable(np.zeros((WORDS, FEATURES)), dtype="float32")
    steps = []
    for gradient in gradients:
        optimizer.apply([gradient], [weights])
        steps.append(np.array(weights.numpy()))
    return np.stack(steps)


def assert_close(found, expected):
    """Equal but for float32's rounding; Adam's powers of beta take some digits more."""
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("size", [1e-5, 1e-1])
def test_gradients_are_applied_as_by_hand(name, size):
    """Rows of repeated words, as an embedding has them, and dense ones."""
    steps = steps_of(1, size)
    found = apply(make_optimizer(name, 0.001), [slices(*step) for step in steps])
    assert_close(found, RULES[name].weights(steps, WORDS, 0.001))
    assert not found[:, [0, -1]].any()  # not read, not moved
    dense = [added(*step, WORDS).astype(np.float32) for step in steps]
    found = apply(make_optimizer(name, 0.01), [keras.ops.array(g) for g in dense])
    every = np.arange(WORDS)  # each word once: nothing to add
    assert_close(found, RULES[name].weights([(every, g) for g in dense], WORDS, 0.01))


@pytest.mark.parametrize("name", ["rmsprop", "rmsprop-keras-2.0", "adam-keras-2.0"])
def test_fit_follows_the_rule(name):
    ids, rows = drawn(2)
    model = keras.Sequential(
        [
            keras.Input((READINGS,), dtype="int32"),
            keras.layers.Embedding(WORDS, FEATURES, embeddings_initializer="zeros"),
        ]
    )
    # the targets are the gradients
    loss = lambda y, outputs: keras.ops.sum(y * outputs)  # noqa: E731
    model.compile(make_optimizer(name, 0.001), loss, jit_compile=True)
    model.fit(ids, rows, batch_size=1, epochs=2, shuffle=False, verbose=0)
    steps = list(zip(ids, rows, strict=True)) * 2
    assert_close(model.get_weights()[0], RULES[name].weights(steps, WORDS, 0.001)[-1])


def test_all_rules_differ():
    differences = []
    for size in (1e-6, 1e-2):  # 1e-8 differs from 1e-7 on small gradients, squares on large ones
        steps = steps_of(3, size)
        last = [rule.weights(steps, WORDS, 0.001)[-1] for rule in RULES.values()]
        pairs = itertools.combinations(last, 2)
        differences.append([np.abs(a - b).max() / np.abs(a).max() for a, b in pairs])
    assert np.max(differences, axis=0).min() > 1e-2


@pytest.mark.parametrize("name", CHOICES)
def test_an_optimizer_is_made_by_its_name_with_its_learning_rate(name):
    optimizer = make_optimizer(name, 0.0123)
    assert float(optimizer.learning_rate) == pytest.approx(0.0123)
    kind = OPTIMIZERS.get(name, lambda: keras.optimizers.get(name))
    assert type(optimizer) is type(kind())


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_older_name_is_taken(old, new):
    parser = argparse.ArgumentParser()
    add_settings(parser, GruProtocol())
    assert parser.parse_args(["--optimizer", old]).optimizer == new


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        make_optimizer("nonsense", 0.001)


@pytest.fixture(scope="module")
def examples():
    """The page's programs, each with what the page says that it prints."""
    pattern = r"```python\n(.*?)```(?:\s+```text\n(.*?)```)?"
    return re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_programs_of_the_page_print_what_it_says(examples):
    shown = [(program, output) for program, output in examples if output]
    assert len(shown) == 2
    for program, output in shown:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(program, {})
        assert printed.getvalue() == output


def test_the_remedy_of_the_page_is_the_rule_of_keras_2(examples):
    (remedy,) = (program for program, _ in examples if "class " in program)
    names = {}
    exec(remedy, names)
    steps = steps_of(4)
    found = apply(names["Keras2RMSprop"](0.001, epsilon=1e-8), [slices(*s) for s in steps])
    assert_close(found, RULES["rmsprop-keras-2.0"].weights(steps, WORDS, 0.001))


def test_a_small_epsilon_is_nearly_the_remedy_for_dense_gradients():
    steps = steps_of(5)
    dense = [keras.ops.array(added(*step, WORDS).astype(np.float32)) for step in steps]
    found = apply(keras.optimizers.RMSprop(0.001, epsilon=1e-16), dense)
    expected = RULES["rmsprop-keras-2.0"].weights(steps, WORDS, 0.001)
    np.testing.assert_allclose(found, expected, atol=5e-3 * np.abs(expected).max())
