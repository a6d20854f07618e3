"""Back-propagation through time by hand, for the simple RNN of `recurrent_numpy`.

Unfolded over time, a recurrent network is a feed-forward network with one layer a timestep,
whose layers share their weights. So its gradient is found as in any feed-forward network, from the
last layer to the first; and since one weight stands in every layer, its gradient is the sum of what
its copies get. Each step back multiplies by `U` and by the slope of tanh: that product is what
vanishes or explodes over many steps.

Source: `noobs-guide` (unfolding, sum over steps), `hsv-ai-2019` (vanishing and exploding).
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
        start: of the state before the first input, shape (units,).
    """

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    x: np.ndarray
    start: np.ndarray

    def shared(self) -> Affine:
        """Gradients of the shared weights: the sums over the copies."""
        return Affine(self.W.sum(axis=0), self.U.sum(axis=0), self.b.sum(axis=0))


def backpropagate(
    cell: SimpleRNN,
    x: np.ndarray,
    output_gradients: np.ndarray,
    start: np.ndarray | None = None,
    steps: int | None = None,
) -> UnfoldedGradients:
    """Gradients of a loss that depends on the outputs of one sequence.

    Args:
        cell: the simple RNN.
        x: one sequence, shape (timesteps, features).
        output_gradients: of the loss with respect to each output, shape (timesteps, units).
        start: state before the first input, shape (units,); zeros if left out.
        steps: truncated: how many timesteps the gradient of each output goes back, its own
            included; all of them if left out.

    Returns:
        The gradients of every copy of the weights.

    Raises:
        ValueError: shapes that do not fit, or fewer than one step.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}.")
    start = cell.hidden.zeros(()) if start is None else start
    h = unfold(cell, x, (start,))  # (timesteps, units)
    if output_gradients.shape != h.shape:
        raise ValueError(f"output gradients {output_gradients.shape} do not fit outputs {h.shape}.")
    before = np.vstack([start, h[:-1]])  # (timesteps, units): the state that each step read
    slope = 1 - h**2  # (timesteps, units): of tanh

    at_sum = np.zeros_like(h)  # (timesteps, units): with respect to `U h + W x + b`
    at_start = np.zeros_like(start)  # (units,)
    if steps is None:
        flowing = np.zeros_like(start)  # (units,): what later steps send back to this output
        for t in reversed(range(len(x))):
            at_sum[t] = (output_gradients[t] + flowing) * slope[t]
            flowing = at_sum[t] @ cell.hidden.U
        at_start = flowing
    else:
        for last in range(len(x)):  # each output by itself, no further back than `steps`
            flowing = output_gradients[last]
            first = max(last - steps + 1, 0)
            for t in reversed(range(first, last + 1)):
                through = flowing * slope[t]
                at_sum[t] += through
                flowing = through @ cell.hidden.U
            if last < steps:
                at_start += flowing
    return UnfoldedGradients(
        W=at_sum[:, :, None] * x[:, None, :],
        U=at_sum[:, :, None] * before[:, None, :],
        b=at_sum,
        x=at_sum @ cell.hidden.W,
        start=at_start,
    )


def feed_forward(layers: list[Affine], x: np.ndarray) -> np.ndarray:
    """The unfolded network as what it is: a feed-forward network with one layer a timestep.

    Args:
        layers: the weights of each layer; a recurrent network's are all the same.
        x: the input of each layer, shape (timesteps, features).

    Returns:
        The outputs of all layers, shape (timesteps, units).

    Raises:
        ValueError: no layer, or not as many layers as timesteps: unlike a recurrent network, this
            one reads sequences of one length only.
    """
    if not len(layers) == len(x) > 0:
        raise ValueError(
            f"{len(layers)} layers cannot read {len(x)} timesteps; expected one layer each, and "
            "one timestep or more."
        )
    h = layers[0].zeros(())  # what the first layer gets from below
    outputs = []
    for layer, x_t in zip(layers, x, strict=True):
        h = np.tanh(layer(h, x_t))
        outputs.append(h)
    return np.stack(outputs)
