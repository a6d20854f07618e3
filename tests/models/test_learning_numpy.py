"""Gradients by hand are Keras's automatic ones and those of finite differences."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.learning_numpy import backpropagate, feed_forward
from models.recurrent_numpy import Affine, SimpleRNN, unfold

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(0, 99))


def problem(shape):
    """A cell, a sequence, and the gradients of a loss `sum(output_gradients * outputs)`."""
    timesteps, features, units, seed = shape
    rng = np.random.default_rng(seed)
    shapes = ((units, features), (units, units), (units,))
    cell = SimpleRNN(Affine(*(rng.normal(0, 0.6, size=s) for s in shapes)))
    return cell, rng.normal(size=(timesteps, features)), rng.normal(size=(timesteps, units))


def difference(function, place, epsilon=1e-6):
    """Central finite differences of a number with respect to every entry of an array."""
    gradient = np.zeros_like(place)
    for index in np.ndindex(place.shape):
        kept = place[index]
        place[index] = kept + epsilon
        above = function()
        place[index] = kept - epsilon
        gradient[index] = (above - function()) / (2 * epsilon)
        place[index] = kept
    return gradient


@settings(max_examples=25, deadline=None)
@given(shape=SHAPES)
def test_finite_differences_agree(shape):
    cell, x, output_gradients = problem(shape)
    start = np.full(shape[2], 0.3)
    ours = backpropagate(cell, x, output_gradients, start)
    shared = ours.shared()

    def loss():
        return float((output_gradients * unfold(cell, x, (start,))).sum())

    for place, gradient in (
        (cell.hidden.W, shared.W),
        (cell.hidden.U, shared.U),
        (cell.hidden.b, shared.b),
        (x, ours.x),
        (start, ours.start),
    ):
        np.testing.assert_allclose(gradient, difference(loss, place), atol=1e-7)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="uses TensorFlow's gradient")
@settings(max_examples=10, deadline=None)
@given(shape=SHAPES)
def test_keras_automatic_gradients_agree(shape):
    import tensorflow as tf

    cell, x, output_gradients = problem(shape)
    layer = keras.layers.SimpleRNN(shape[2], return_sequences=True)
    layer.build((None, None, shape[1]))
    layer.set_weights([cell.hidden.W.T, cell.hidden.U.T, cell.hidden.b])
    with tf.GradientTape() as tape:
        outputs = layer(x[None].astype(np.float32))  # (1, timesteps, units)
        loss = tf.reduce_sum(outputs * output_gradients[None].astype(np.float32))
    expected = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    shared = backpropagate(cell, x, output_gradients).shared()
    for ours, theirs in zip((shared.W.T, shared.U.T, shared.b), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(shape=SHAPES)
def test_unfolded_it_is_a_feed_forward_network_with_tied_weights(shape):
    cell, x, output_gradients = problem(shape)
    hidden = cell.hidden
    copies = [Affine(hidden.W.copy(), hidden.U.copy(), hidden.b.copy()) for _ in x]
    np.testing.assert_array_equal(feed_forward(copies, x), unfold(cell, x))

    # the gradient of each copy by itself, the others held fast
    ours = backpropagate(cell, x, output_gradients)
    middle = len(x) // 2
    numeric = difference(
        lambda: float((output_gradients * feed_forward(copies, x)).sum()), copies[middle].U
    )
    np.testing.assert_allclose(ours.U[middle], numeric, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(shape=SHAPES, steps=st.integers(1, 12))
def test_truncated_gradients_see_only_the_last_steps(shape, steps):
    """Each output's gradient is that of a sequence which begins `steps` before it."""
    cell, x, output_gradients = problem(shape)
    h = unfold(cell, x)
    expected = np.zeros_like(cell.hidden.U)
    for last in range(len(x)):
        first = max(last - steps + 1, 0)
        alone = np.zeros_like(output_gradients[first : last + 1])
        alone[-1] = output_gradients[last]
        state = h[first - 1] if first else np.zeros(shape[2])
        expected += backpropagate(cell, x[first : last + 1], alone, state).shared().U
    truncated = backpropagate(cell, x, output_gradients, steps=steps)
    np.testing.assert_allclose(truncated.shared().U, expected, atol=1e-10)
    if steps >= len(x):
        whole = backpropagate(cell, x, output_gradients)
        np.testing.assert_allclose(truncated.start, whole.start, atol=1e-10)


def test_impossible_settings_are_refused():
    cell, x, output_gradients = problem((4, 2, 3, 0))
    with pytest.raises(ValueError, match="at least 1, not 0"):
        backpropagate(cell, x, output_gradients, steps=0)
    with pytest.raises(ValueError, match="do not fit outputs"):
        backpropagate(cell, x, output_gradients[1:])
    with pytest.raises(ValueError, match="3 layers cannot read 4 timesteps"):
        feed_forward([cell.hidden] * 3, x)
    with pytest.raises(ValueError, match="0 layers cannot read 0 timesteps"):
        feed_forward([], x[:0])
