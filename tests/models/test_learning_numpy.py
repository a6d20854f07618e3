"""Gradients by hand are those of finite differences; unfolded, a network is a feed-forward one."""

import numpy as np
import pytest

from models.learning_numpy import backpropagate, feed_forward
from models.recurrent_numpy import Affine, SimpleRNN, unfold

SHAPES = [(1, 1, 1), (2, 3, 1), (9, 4, 5)]  # timesteps, features, units


def problem(timesteps, features, units):
    """A cell, a sequence, and the gradients of a loss `sum(output_gradients * outputs)`."""
    rng = np.random.default_rng(0)
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


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_finite_differences_and_an_unfolded_network_is_a_feed_forward_one(shape):
    cell, x, output_gradients = problem(*shape)
    hidden = cell.hidden
    ours = backpropagate(cell, x, output_gradients)
    shared = ours.shared()

    def loss():
        return float((output_gradients * unfold(cell, x)).sum())

    for place, gradient in (
        (hidden.W, shared.W),
        (hidden.U, shared.U),
        (hidden.b, shared.b),
        (x, ours.x),
    ):
        np.testing.assert_allclose(gradient, difference(loss, place), atol=1e-7)

    copies = [Affine(hidden.W.copy(), hidden.U.copy(), hidden.b.copy()) for _ in x]
    np.testing.assert_array_equal(feed_forward(copies, x), unfold(cell, x))
    # the gradient of each copy by itself, the others held fast
    middle = len(x) // 2
    numeric = difference(
        lambda: float((output_gradients * feed_forward(copies, x)).sum()), copies[middle].U
    )
    np.testing.assert_allclose(ours.U[middle], numeric, atol=1e-7)


@pytest.mark.parametrize("steps", [1, 4, 12])
def test_truncated_gradients_see_only_the_last_steps(steps):
    """Of an output's gradient, what reaches the copies of the weights further back is left out."""
    cell, x, output_gradients = problem(9, 4, 5)
    expected = np.zeros_like(cell.hidden.U)
    for last in range(len(x)):
        alone = np.zeros_like(output_gradients)
        alone[last] = output_gradients[last]
        expected += backpropagate(cell, x, alone).U[max(last - steps + 1, 0) :].sum(axis=0)
    truncated = backpropagate(cell, x, output_gradients, steps=steps)
    np.testing.assert_allclose(truncated.shared().U, expected, atol=1e-10)


def test_impossible_settings_are_refused():
    cell, x, output_gradients = problem(4, 2, 3)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        backpropagate(cell, x, output_gradients, steps=0)
    with pytest.raises(ValueError, match="do not fit outputs"):
        backpropagate(cell, x, output_gradients[1:])
    with pytest.raises(ValueError, match="3 layers cannot read 4 timesteps"):
        feed_forward([cell.hidden] * 3, x)
    with pytest.raises(ValueError, match="0 layers cannot read 0 timesteps"):
        feed_forward([], x[:0])
