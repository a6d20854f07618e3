"""What `numpy-check` compares: the NumPy definitions with Keras's layers and gradients.

All arrays are float32, Keras's own precision, but for finite differences, which need float64.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import layers

from harness.records.study_outputs import Lines, Series, Table
from harness.training.gradients import gradients, input_gradients
from models.backpropagation_numpy import backpropagate, feed_forward
from models.cells import CELLS, COMPARED, RecurrentLayer
from models.recurrent_numpy import LSTM, Affine, SimpleRNN, unfold

# Keras's layers and their NumPy twins, by the name in the tables
TWINS = {CELLS[name].title: CELLS[name] for name in COMPARED}
TWINS["GRU, reset before (Keras 2)"] = RecurrentLayer(
    "GRU, reset before", partial(layers.GRU, reset_after=False), "GRU"
)
# Formulas that Keras has no layer for
VARIANTS = {cell.title: cell for name, cell in CELLS.items() if name not in COMPARED}


def numpy_check_outputs(protocol, seed: int) -> list:
    """The tables and panels of the study.

    Args:
        protocol: how much is compared.
        seed: of shapes, weights and inputs.
    """
    rng = np.random.default_rng(seed)
    compared = layer_differences(rng, protocol)
    rows = {name: [max(d for _, d in pairs), len(pairs)] for name, pairs in compared.items()}
    rows["The documents' example (100 steps)"] = [demonstration_difference(rng), 1]
    by_hand = gradient_differences(rng, protocol.truncated)
    formulas = formula_differences(rng)
    steps = list(range(1, 101))
    return [
        Table("NumPy loop and Keras layer", ["largest difference", "shapes"], rows),
        Table(
            "Back-propagation through time by hand",
            ["largest difference"],
            {name: [value] for name, value in by_hand.items()},
        ),
        Table(
            "Parameters",
            ["parameters"],
            {name: [count] for name, count in counted_parameters().items()},
        ),
        Table(
            "Formulas that differ from Keras's LSTM, with the same weights",
            ["mean difference of the outputs", "at the first step", "at step 100"],
            {
                name: [float(curve.mean()), float(curve[0]), float(curve[-1])]
                for name, curve in formulas.items()
            },
        ),
        Lines(
            "NumPy loop and Keras layer, largest difference",
            "timesteps",
            "largest difference of the outputs",
            [
                Series(name, [t for t, _ in pairs], [d or None for _, d in pairs], dots=True)
                for name, pairs in compared.items()
            ],
            references={"bound": 1e-5},
            log_y=True,
        ),
        Lines(
            "Three formulas and Keras's LSTM, same weights",
            "timestep",
            "mean difference of the outputs",
            [Series(name, steps, curve.tolist()) for name, curve in formulas.items()],
        ),
    ]


def _layer(make: Callable, units: int, features: int, rng: np.random.Generator):
    """A Keras layer that returns sequences, with random weights of the size of Keras's own.

    Much larger weights would make the network chaotic. It would amplify the last bit, in which two
    orders of addition differ, and the comparison would measure only that.
    """
    layer = make(units, return_sequences=True)
    layer.build((None, None, features))
    sizes = [weights.shape[0] if weights.ndim > 1 else units for weights in layer.get_weights()]
    drawn = [
        rng.normal(0, size**-0.5, weights.shape)
        for size, weights in zip(sizes, layer.get_weights(), strict=True)
    ]
    layer.set_weights(drawn)
    return layer


def layer_differences(rng: np.random.Generator, protocol) -> dict[str, list[tuple[int, float]]]:
    """Largest difference of the outputs for random shapes.

    Args:
        rng: generator of shapes, weights and inputs.
        protocol: `shapes` and the most of `batch`, `timesteps`, `features`, `units`.

    Returns:
        By the layer's name, timesteps and largest difference for each shape.
    """
    twins = TWINS | VARIANTS
    differences: dict[str, list] = {name: [] for name in ["SimpleRNN, stack of 4", *twins]}
    most = (protocol.batch, protocol.timesteps, protocol.features, protocol.units)
    for _ in range(protocol.shapes):
        batch, timesteps, features, units = (int(rng.integers(1, m, endpoint=True)) for m in most)
        x = rng.normal(size=(batch, timesteps, features)).astype(np.float32)
        for name, cell in twins.items():
            layer = _layer(cell.make, units, features, rng)
            ours = unfold(cell.in_numpy(layer.get_weights()), x)  # (batch, timesteps, units)
            differences[name].append((timesteps, _largest(ours, layer(x))))
        stacked = _stack(rng, x, units)
        differences["SimpleRNN, stack of 4"].append((timesteps, stacked))
    return differences


def _stack(rng: np.random.Generator, x: np.ndarray, units: int) -> float:
    """Largest difference of four SimpleRNNs, each of which reads the outputs of the one below."""
    expected, ours = x, x
    for _ in range(4):
        layer = _layer(layers.SimpleRNN, units, ours.shape[-1], rng)
        expected = layer(expected)
        ours = unfold(SimpleRNN.from_keras(*layer.get_weights()), ours)
    return _largest(ours, expected)


def counted_parameters() -> dict[str, int]:
    """Parameters of the documents' layers, as Keras counts them."""
    sizes = {
        "Embedding(10000, 32)": (layers.Embedding(10_000, 32), (None, None)),
        "SimpleRNN(32) on 32 features": (layers.SimpleRNN(32), (None, None, 32)),
        "LSTM(32) on 32 features": (layers.LSTM(32), (None, None, 32)),
        "GRU(32) on 14 features": (layers.GRU(32), (None, None, 14)),
        "GRU(32) on 14 features, reset before (Keras 2)": (
            layers.GRU(32, reset_after=False),
            (None, None, 14),
        ),
    }
    for layer, shape in sizes.values():
        layer.build(shape)
    return {name: layer.count_params() for name, (layer, _) in sizes.items()}


def demonstration_difference(rng: np.random.Generator) -> float:
    """The documents' example: 100 steps, 32 features, 64 units, all uniform in [0, 1)."""
    x = rng.random((1, 100, 32), dtype=np.float32)
    layer = layers.SimpleRNN(64, return_sequences=True)
    layer.build(x.shape)
    layer.set_weights([rng.random(weights.shape) for weights in layer.get_weights()])
    return _largest(unfold(SimpleRNN.from_keras(*layer.get_weights()), x), layer(x))


def gradient_differences(rng: np.random.Generator, truncated: int) -> dict[str, float]:
    """Largest differences of gradients by hand from automatic ones and finite differences.

    Args:
        rng: generator of weights and inputs.
        truncated: timesteps that the truncated gradient goes back.
    """
    timesteps, features, units = 4 * truncated, 6, 8
    layer = _layer(layers.SimpleRNN, units, features, rng)
    cell = SimpleRNN.from_keras(*layer.get_weights())
    x = rng.normal(size=(timesteps, features)).astype(np.float32)
    # the loss is sum(g h): its gradient with respect to the outputs h is g
    g = rng.normal(size=(timesteps, units)).astype(np.float32)
    h = unfold(cell, x)  # (timesteps, units)

    full = backpropagate(cell, x, g)
    short = backpropagate(cell, x, g, steps=truncated).shared()
    weights, of_inputs = _automatic(layer, x, g)
    truncated_weights = _automatic_truncated(layer, x, g, h, truncated)
    unfolded = feed_forward([cell.hidden] * timesteps, x)
    return {
        "all steps, weights: by hand and automatic": _differ(full.shared(), weights),
        "all steps, inputs: by hand and automatic": _largest(full.x, of_inputs),
        "all steps, weights: by hand and finite differences": _differ(
            *_finite_differences(cell, x, g)
        ),
        f"{truncated} steps, weights: by hand and automatic": _differ(short, truncated_weights),
        "unfolded feed-forward network: its outputs and the loop's": _largest(unfolded, h),
    }


def _weighted_sum(g, h):
    return keras.ops.sum(g * h, axis=(-2, -1))  # (batch,)


def _automatic(layer, x: np.ndarray, g: np.ndarray) -> tuple[Affine, np.ndarray]:
    """Keras's gradients of the shared weights and of the inputs."""
    inputs = keras.Input(x.shape)
    model = keras.Model(inputs, layer(inputs))
    kernel, recurrent, bias = gradients(model, x[None], g[None], _weighted_sum).values()
    of_inputs = input_gradients(layer, x[None], g[None], _weighted_sum)[0]
    return Affine(kernel.T, recurrent.T, bias), of_inputs


def _automatic_truncated(layer, x, g, h, steps: int) -> Affine:
    """Keras's gradients where each output goes back `steps` steps, from a state held constant."""
    lasts = np.arange(steps, len(x))  # outputs that do not reach the start
    places = lasts[:, None] + np.arange(1 - steps, 1)  # (windows, steps)
    windows, targets = x[places], g[lasts][:, None]
    inputs, state = keras.Input(windows.shape[1:]), keras.Input(h.shape[1:])
    outputs = layer(inputs, initial_state=[state])[:, -1:]  # (windows, 1, units)
    model = keras.Model([inputs, state], outputs)
    far = gradients(model, [windows, h[lasts - steps]], targets, _weighted_sum)
    near, _ = _automatic(layer, x[:steps], g[:steps])
    kernel, recurrent, bias = (mean * len(windows) for mean in far.values())
    return Affine(near.W + kernel.T, near.U + recurrent.T, near.b + bias)


def _finite_differences(cell: SimpleRNN, x, g, epsilon: float = 1e-6) -> tuple[Affine, Affine]:
    """The gradients by hand in float64, and (loss(w + epsilon) - loss(w - epsilon)) / 2 epsilon."""
    weights = Affine(*(w.astype(np.float64) for w in (cell.hidden.W, cell.hidden.U, cell.hidden.b)))
    exact, x, g = SimpleRNN(weights), x.astype(np.float64), g.astype(np.float64)
    differences = []
    for array in (weights.W, weights.U, weights.b):
        slopes = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            kept, losses = array[index], []
            for sign in (1, -1):
                array[index] = kept + sign * epsilon
                losses.append((g * unfold(exact, x)).sum())
            array[index] = kept
            slopes[index] = (losses[0] - losses[1]) / (2 * epsilon)
        differences.append(slopes)
    return backpropagate(exact, x, g).shared(), Affine(*differences)


def formula_differences(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """How far the outputs of each formula are from those of Keras's LSTM with the same weights.

    The weights are as Keras draws them for 32 units on 32 features; what a formula has beyond them
    (`V_o`, peepholes) is drawn as the project's cell draws it, what it lacks is left out.

    Returns:
        By the formula's name, the mean absolute difference at each of 100 timesteps.
    """
    x = rng.normal(size=(8, 100, 32)).astype(np.float32)
    layer = layers.LSTM(32)
    layer.build(x.shape)
    kernel, recurrent, bias = layer.get_weights()
    usual = unfold(LSTM.from_keras(kernel, recurrent, bias), x)  # (batch, timesteps, units)
    curves = {}
    for name, cell in VARIANTS.items():
        variant = cell.make(32)
        variant.build(x.shape)
        own = variant.get_weights()
        gates = own[0].shape[-1] // 32
        keep = [0, 1, 2, 3] if gates == 4 else [0, 2, 3]  # of i, f, k, o
        shared = [
            np.concatenate([np.split(w, 4, -1)[g] for g in keep], -1) for w in layer.get_weights()
        ]
        outputs = unfold(cell.in_numpy([*shared, *own[3:]]), x)
        curves[name] = np.abs(outputs - usual).mean(axis=(0, 2))  # (timesteps,)
    return curves


def _largest(a, b) -> float:
    return float(np.abs(np.asarray(a) - keras.ops.convert_to_numpy(b)).max())


def _differ(a: Affine, b: Affine) -> float:
    return max(_largest(getattr(a, name), getattr(b, name)) for name in ("W", "U", "b"))
