"""The documents' definitions as NumPy loops, compared with what Keras computes.

Source:     simple-rnn-blog, r-slides (the loop; claim numpy-rnn), recurrent-overview (LSTM through
            a carry), hsv-ai-2019 (the LSTM's history), noobs-guide (unfolding, back-propagation)
Claim:      "the NumPy loop is what the Keras layer computes"; unfolded over time, a recurrent
            network is a feed-forward one; the gradient of a shared weight is a sum over the steps.
Protocol:   random shapes, weights and inputs; the weights are copied from Keras's layers; largest
            difference of all outputs and of all gradients, in float32, Keras's own precision.
Deviations: none.
Expected:   about 1 minute on one CPU core.
"""

from dataclasses import dataclass

import numpy as np

from harness.experiment import Experiment, main
from harness.protocol import setting
from harness.records.run import made_data
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED, RecurrentLayer
from models.learning_numpy import backpropagate, feed_forward
from models.recurrent_numpy import LSTM, Affine, SimpleRNN, unfold

# Keras's layers, each with its NumPy twin, by the name in the tables
TWINS = {CELLS[name].title: CELLS[name] for name in COMPARED}
TWINS["GRU, reset before (Keras 2)"] = RecurrentLayer(
    "GRU, reset before", "GRU", "GRU", (("reset_after", False),)
)
# Formulas that Keras has no layer for
VARIANTS = {cell.title: cell for name, cell in CELLS.items() if name not in COMPARED}


@dataclass(frozen=True)
class Protocol:
    """How much is compared."""

    shapes: int = setting(50, "random shapes for each layer", minimum=1)
    batch: int = setting(4, "most sequences of a batch", minimum=1)
    timesteps: int = setting(60, "most timesteps of a sequence", minimum=1)
    features: int = setting(16, "most features of an input", minimum=1)
    units: int = setting(32, "most units of a layer", minimum=1)
    truncated: int = setting(5, "timesteps that the truncated gradient goes back", minimum=1)


def notes(protocol):
    return [
        "The documents' LSTM adds a matrix V_o, through which the output reads the old carry, and "
        "leaves out the product with tanh of the new carry; Keras's LSTM does neither.",
        "The LSTM of 1997 has no forget gate. Its carry only adds up, rounding errors with it: "
        "over many steps two ways of computing it part further than those of the others.",
        "The LSTM of 2000 lets its gates see the carry (peepholes) and leaves out the tanh of the "
        "output.",
        "In the documents' example (weights and inputs uniform in [0, 1)) every state soon is 1 in "
        "float32, whatever the loop computes: it shows shapes, and proves nothing.",
    ]


def train(protocol, run):
    run.write("data", made_data(run.sample, "Random shapes, weights and inputs."))
    run.add_layers("keras")
    rng = np.random.default_rng(run.seed)
    compared = layer_differences(rng, protocol)
    rows = {name: [max(d for _, d in pairs), len(pairs)] for name, pairs in compared.items()}
    rows["The documents' example (100 steps)"] = [demonstration_difference(rng), 1]
    by_hand = gradient_differences(rng, protocol.truncated)
    formulas = formula_differences(rng)
    curves = {name: curve.tolist() for name, curve in formulas.items()}
    steps = list(range(1, 101))
    run.finish_study(
        [
            Table("NumPy loop and Keras layer", ["largest difference", "shapes"], rows),
            Table("Back-propagation through time by hand", ["largest difference"], by_hand),
            Table("Parameters", ["parameters"], counted_parameters()),
            Table(
                "Formulas that differ from Keras's LSTM, with the same weights",
                ["mean difference of the outputs", "at the first step", "at step 100"],
                {name: [float(formulas[name].mean()), c[0], c[-1]] for name, c in curves.items()},
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
                [Series(name, steps, curve) for name, curve in curves.items()],
            ),
        ]
    )


# --- outputs of the layers -------------------------------------------------------------------


def random_layer(cell: RecurrentLayer, units: int, features: int, rng: np.random.Generator):
    """A Keras layer that returns sequences, with random weights of the size of Keras's own.

    Much larger weights would make the network chaotic. It would amplify the last bit, in which two
    orders of addition differ, and the comparison would measure only that.
    """
    layer = cell.make(units, return_sequences=True)
    layer.build((None, None, features))
    shapes = [weights.shape for weights in layer.get_weights()]
    sizes = [shape[0] if len(shape) > 1 else units for shape in shapes]
    drawn = [rng.normal(0, n**-0.5, shape) for n, shape in zip(sizes, shapes, strict=True)]
    layer.set_weights(drawn)
    return layer


def layer_differences(rng: np.random.Generator, protocol) -> dict[str, list[tuple[int, float]]]:
    """By the layer's name, timesteps and largest difference of the outputs for each shape."""
    twins = TWINS | VARIANTS
    differences: dict[str, list] = {name: [] for name in ["SimpleRNN, stack of 4", *twins]}
    most = (protocol.batch, protocol.timesteps, protocol.features, protocol.units)
    for _ in range(protocol.shapes):
        batch, timesteps, features, units = (int(rng.integers(1, m, endpoint=True)) for m in most)
        x = rng.normal(size=(batch, timesteps, features)).astype(np.float32)
        for name, cell in twins.items():
            layer = random_layer(cell, units, features, rng)
            ours = unfold(cell.in_numpy(layer.get_weights()), x)  # (batch, timesteps, units)
            differences[name].append((timesteps, _largest(ours, layer(x))))
        # four SimpleRNNs, each of which reads the outputs of the one below
        expected, ours = x, x
        for _ in range(4):
            layer = random_layer(CELLS["simple-rnn"], units, ours.shape[-1], rng)
            expected = layer(expected)
            ours = unfold(SimpleRNN.from_keras(*layer.get_weights()), ours)
        differences["SimpleRNN, stack of 4"].append((timesteps, _largest(ours, expected)))
    return differences


def demonstration_difference(rng: np.random.Generator) -> float:
    """The documents' example: 100 steps, 32 features, 64 units, all uniform in [0, 1)."""
    x = rng.random((1, 100, 32), dtype=np.float32)
    layer = CELLS["simple-rnn"].make(64, return_sequences=True)
    layer.build(x.shape)
    layer.set_weights([rng.random(weights.shape) for weights in layer.get_weights()])
    return _largest(unfold(SimpleRNN.from_keras(*layer.get_weights()), x), layer(x))


def formula_differences(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Mean absolute difference of each formula's outputs from those of Keras's LSTM, by timestep.

    The weights are as Keras draws them for 32 units on 32 features; what a formula has beyond them
    (`V_o`, peepholes) is drawn as the project's cell draws it, what it lacks is left out.
    """
    x = rng.normal(size=(8, 100, 32)).astype(np.float32)
    layer = CELLS["lstm"].make(32)
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


def counted_parameters() -> dict[str, list[int]]:
    """Parameters of the documents' layers, as Keras counts them."""
    from keras import layers

    before = layers.GRU(32, reset_after=False)
    built = {
        "Embedding(10000, 32)": (layers.Embedding(10_000, 32), (None, None)),
        "SimpleRNN(32) on 32 features": (layers.SimpleRNN(32), (None, None, 32)),
        "LSTM(32) on 32 features": (layers.LSTM(32), (None, None, 32)),
        "GRU(32) on 14 features": (layers.GRU(32), (None, None, 14)),
        "GRU(32) on 14 features, reset before (Keras 2)": (before, (None, None, 14)),
    }
    for layer, shape in built.values():
        layer.build(shape)
    return {name: [layer.count_params()] for name, (layer, _) in built.items()}


# --- gradients -------------------------------------------------------------------------------


def gradient_differences(rng: np.random.Generator, truncated: int) -> dict[str, list[float]]:
    """Largest differences of gradients by hand from automatic ones and finite differences."""
    timesteps, features, units = 4 * truncated, 6, 8
    layer = random_layer(CELLS["simple-rnn"], units, features, rng)
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
    finite = _finite_differences(cell, x, g)
    return {
        "all steps, weights: by hand and automatic": [_differ(full.shared(), weights)],
        "all steps, inputs: by hand and automatic": [_largest(full.x, of_inputs)],
        "all steps, weights: by hand and finite differences": [_differ(*finite)],
        f"{truncated} steps, weights: by hand and automatic": [_differ(short, truncated_weights)],
        "unfolded feed-forward network: its outputs and the loop's": [_largest(unfolded, h)],
    }


def weighted_sum(g, h):
    """A loss whose gradient with respect to the outputs h, (batch, timesteps, units), is g."""
    from keras import ops

    return ops.sum(g * h, axis=(-2, -1))  # (batch,)


def _automatic(layer, x: np.ndarray, g: np.ndarray) -> tuple[Affine, np.ndarray]:
    """Keras's gradients of the shared weights and of the inputs."""
    import keras

    from harness.training.gradients import gradients, input_gradients

    inputs = keras.Input(x.shape)
    model = keras.Model(inputs, layer(inputs))
    kernel, recurrent, bias = gradients(model, x[None], g[None], weighted_sum).values()
    of_inputs = input_gradients(layer, x[None], g[None], weighted_sum)[0]
    return Affine(kernel.T, recurrent.T, bias), of_inputs


def _automatic_truncated(layer, x, g, h, steps: int) -> Affine:
    """Keras's gradients where each output goes back `steps` steps, from a state held constant."""
    import keras

    from harness.training.gradients import gradients

    lasts = np.arange(steps, len(x))  # outputs that do not reach the start
    places = lasts[:, None] + np.arange(1 - steps, 1)  # (windows, steps)
    windows, targets = x[places], g[lasts][:, None]
    inputs, state = keras.Input(windows.shape[1:]), keras.Input(h.shape[1:])
    outputs = layer(inputs, initial_state=[state])[:, -1:]  # (windows, 1, units)
    model = keras.Model([inputs, state], outputs)
    far = gradients(model, [windows, h[lasts - steps]], targets, weighted_sum)
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


def _largest(a, b) -> float:
    from keras import ops

    return float(np.abs(np.asarray(a) - ops.convert_to_numpy(b)).max())


def _differ(a: Affine, b: Affine) -> float:
    return max(_largest(getattr(a, name), getattr(b, name)) for name in ("W", "U", "b"))


EXPERIMENT = Experiment(
    "numpy-check",
    "NumPy and Keras",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"shapes": 5},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
