"""How a recurrent network learns, by hand: gradients through time, and the rules that use them.

Unfolded over time, a recurrent network is a feed-forward network with one layer a timestep,
whose layers share their weights. So its gradient is found as in any feed-forward network, from the
last layer to the first; and since one weight stands in every layer, its gradient is the sum of what
its copies get. Each step back multiplies by `U` and by the slope of tanh: that product is what
vanishes or explodes over many steps. It is done here for the simple RNN of `recurrent_numpy`.

RMSprop and Adam then change the weights, by a rule that went through several versions in Keras.
They are written here for an embedding, where the versions differ most.

Source: `noobs-guide` (unfolding, sum over steps), `hsv-ai-2019` (vanishing and exploding); for the
rules, keras/optimizers.py of Keras 2.0.8 to 2.2.4 and keras/src/optimizers of Keras 3.
"""

from dataclasses import dataclass

import numpy as np

from models.recurrent_numpy import Affine, SimpleRNN, unfold


@dataclass(frozen=True)
class UnfoldedGradients:
    """Gradients of a loss, for each layer of the unfolded network by itself.

    Attributes:
        W: of the copies of W, shape (timesteps, units, features).
        U: of the copies of U, shape (timesteps, units, units).
        b: of the copies of b, shape (timesteps, units).
        x: of the inputs, shape (timesteps, features).
    """

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    x: np.ndarray

    def shared(self) -> Affine:
        """Gradients of the shared weights: the sums over the copies."""
        return Affine(self.W.sum(axis=0), self.U.sum(axis=0), self.b.sum(axis=0))


def backpropagate(
    cell: SimpleRNN, x: np.ndarray, output_gradients: np.ndarray, steps: int | None = None
) -> UnfoldedGradients:
    """Gradients of a loss that depends on the outputs of one sequence, read from zeros on.

    Args:
        cell: the simple RNN.
        x: one sequence, shape (timesteps, features).
        output_gradients: of the loss with respect to each output, shape (timesteps, units).
        steps: truncated: how many timesteps the gradient of each output goes back, its own
            included; all of them if left out.

    Raises:
        ValueError: shapes that do not fit, or fewer than one step.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}.")
    h = unfold(cell, x)  # (timesteps, units)
    if output_gradients.shape != h.shape:
        raise ValueError(f"output gradients {output_gradients.shape} do not fit outputs {h.shape}.")
    before = np.vstack(
        [cell.hidden.zeros(()), h[:-1]]
    )  # (timesteps, units): the state that each step read
    slope = 1 - h**2  # (timesteps, units): of tanh

    at_sum = np.zeros_like(h)  # (timesteps, units): with respect to `U h + W x + b`
    if steps is None:
        flowing = np.zeros_like(h[0])  # (units,): what later steps send back to this output
        for t in reversed(range(len(x))):
            at_sum[t] = (output_gradients[t] + flowing) * slope[t]
            flowing = at_sum[t] @ cell.hidden.U
    else:
        for last in range(len(x)):  # each output by itself, no further back than `steps`
            flowing = output_gradients[last]
            for t in reversed(range(max(last - steps + 1, 0), last + 1)):
                through = flowing * slope[t]
                at_sum[t] += through
                flowing = through @ cell.hidden.U
    return UnfoldedGradients(
        W=at_sum[:, :, None] * x[:, None, :],
        U=at_sum[:, :, None] * before[:, None, :],
        b=at_sum,
        x=at_sum @ cell.hidden.W,
    )


def feed_forward(layers: list[Affine], x: np.ndarray) -> np.ndarray:
    """The unfolded network as what it is: a feed-forward network with one layer a timestep.

    Args:
        layers: the weights of each layer; a recurrent network's are all the same.
        x: the input of each layer, shape (timesteps, features).

    Returns:
        The outputs of all layers, shape (timesteps, units).

    Raises:
        ValueError: not as many layers as timesteps: unlike a recurrent network, this one reads
            sequences of one length only.
    """
    if not len(layers) == len(x) > 0:
        raise ValueError(f"{len(layers)} layers cannot read {len(x)} timesteps; give one each.")
    h = layers[0].zeros(())  # what the first layer gets from below
    outputs = []
    for layer, x_t in zip(layers, x, strict=True):
        h = np.tanh(layer(h, x_t))
        outputs.append(h)
    return np.stack(outputs)


# --- update rules ----------------------------------------------------------------------------
# A batch reads some words, each perhaps several times, and every reading has a gradient of its own:
# a row. The rules differ in when the rows of a word are added, before or after they are squared,
# and in the value and the place of epsilon.


def added(ids: np.ndarray, rows: np.ndarray, words: int) -> np.ndarray:
    """The rows of each of `words` words added up: float64 of shape (words, features).

    `ids` are the words of the readings, shape (readings,); rows have shape (readings, features).
    """
    total = np.zeros((words, rows.shape[1]))
    np.add.at(total, ids, rows)
    return total


def _squares(rule, ids, rows, words):
    if rule.squares_first:
        return added(ids, np.asarray(rows, float) ** 2, words)
    return added(ids, rows, words) ** 2


@dataclass(frozen=True)
class RMSprop:
    """`v = rho v + (1 - rho) g²`, then `w -= learning_rate g / root`.

    Attributes:
        epsilon: keeps the root from zero.
        inside: the root is `sqrt(v + epsilon)`, else `sqrt(v) + epsilon`.
        squares_first: rows are squared before those of a word are added.
        rho: share of `v` that stays.
    """

    epsilon: float
    inside: bool
    squares_first: bool
    rho: float = 0.9

    def weights(self, batches, words: int, learning_rate: float) -> np.ndarray:
        """What the weights become that begin at zero.

        Args:
            batches: ids and rows of each step, as for `added`.
            words: size of the vocabulary.
            learning_rate: step size.

        Returns:
            float64 of shape (steps, words, features).
        """
        w = v = 0.0
        steps = []
        for ids, rows in batches:
            v = self.rho * v + (1 - self.rho) * _squares(self, ids, rows, words)
            root = np.sqrt(v + self.epsilon) if self.inside else np.sqrt(v) + self.epsilon
            w = w - learning_rate * added(ids, rows, words) / root
            steps.append(w)
        return np.stack(steps)


@dataclass(frozen=True)
class Adam:
    """Running means `m` of g and `v` of g², both corrected for their start at zero.

    Attributes:
        epsilon: added to the root of `v`.
        squares_first: rows are squared before those of a word are added.
        beta_1, beta_2: shares of `m` and `v` that stay.
    """

    epsilon: float
    squares_first: bool
    beta_1: float = 0.9
    beta_2: float = 0.999

    def weights(self, batches, words: int, learning_rate: float) -> np.ndarray:
        """As `RMSprop.weights`."""
        w = m = v = 0.0
        steps = []
        for step, (ids, rows) in enumerate(batches, start=1):
            m = self.beta_1 * m + (1 - self.beta_1) * added(ids, rows, words)
            v = self.beta_2 * v + (1 - self.beta_2) * _squares(self, ids, rows, words)
            correction = np.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
            w = w - learning_rate * correction * m / (np.sqrt(v) + self.epsilon)
            steps.append(w)
        return np.stack(steps)
