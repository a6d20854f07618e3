"""How far the gradient of the loss reaches back: what a network can learn from distant words.

Source:     recurrent-overview, hsv-ai-2019, r-slides (claim memory)
Claim:      repeated products through the chain rule shrink or grow exponentially with distance;
            "The last state, it will remember, but bunch of steps ago? Fuggetaboutit.": SimpleRNN
            loses distant inputs, LSTM does not; the "constant error carousel" of the LSTM of 1997
            "deals with exploding and vanishing gradients".
Protocol:   the IMDB networks of the 500-word protocol, and those of older LSTMs; the norm of the
            loss gradient with respect to the word vector at each distance from the end, median of
            validation reviews that fill all 500 steps; before training, at the best validation
            epoch, and before training with the recurrent weights scaled up. Likewise that of the
            last state (an LSTM's carry) with respect to an earlier one, in a random direction.
            LSTM and GRU also before training with each gate's block of the recurrent weights
            orthogonal (Keras's initialiser leaves each at about half the gain), and LSTM with the
            forget gate's bias at 2, 3 and 4 (Keras: 1).
Deviations: the documents argue and measure nothing.
Expected:   about 12 minutes on one CPU core.
"""

from dataclasses import dataclass

import numpy as np

from experiments.common.imdb import SAMPLE, ImdbProtocol, ImdbStudy, load_padded, train_for_study
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED

BEFORE, AFTER = "before training", "after training"
BIASES = (2, 3, 4)  # of the forget gate; Keras has 1


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and what is measured."""

    reviews: int = setting(64, "reviews whose gradients are measured", minimum=1)
    scale: float = setting(1.5, "factor of the recurrent weights in the exploding case", minimum=1)


def in_float64(layer):
    """A copy of a layer, since training may have replaced how it computes; without its weights."""
    config = layer.get_config() | {"dtype": "float64"}
    if "cell" in config:  # one of the project's own
        config["cell"]["config"]["dtype"] = "float64"
    return type(layer).from_config(config)


def medians(gradients: np.ndarray) -> np.ndarray:
    """Median norm over reviews, the last timestep's first, of (reviews, timesteps, features).

    float64 of shape (timesteps,), since float32 ends before some of them do; 0 where it cannot be
    measured.
    """
    # by powers of two, which change no digit: the squares of small ones would be no numbers
    _, powers = np.frexp(np.abs(gradients).max(axis=-1))  # (reviews, timesteps)
    scaled = np.ldexp(gradients.astype(np.float64), -powers[..., None])
    norms = np.ldexp(np.linalg.norm(scaled, axis=-1), powers)  # (reviews, timesteps)
    found = np.median(norms[:, ::-1], axis=0)  # (timesteps,)
    # the smallest numbers lose digits; JAX computes in float32
    return np.where(found > 1e8 * np.finfo(gradients.dtype).tiny, found, 0)


def gradient_norms(model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Median norm of the loss gradient with respect to the word vectors, the last word's first.

    Of ids (reviews, timesteps) without padding and labels (reviews,); see `medians`.
    """
    import keras

    from harness.training.gradients import input_gradients

    word_vectors, *weights = model.get_weights()
    vectors = word_vectors[x].astype(np.float64)  # (reviews, timesteps, embedding)
    rest = map(in_float64, model.layers[2:])
    reader = keras.Sequential([keras.Input(vectors.shape[1:], dtype="float64"), *rest])
    reader.set_weights(weights)
    return medians(input_gradients(reader, vectors, y[:, None], "binary_crossentropy"))


def state_norms(model, x: np.ndarray) -> np.ndarray:
    """Likewise of the last state with respect to earlier ones, relative to itself at distance 0.

    The state is an LSTM's carry, else the output. Each review asks for one random direction of it.
    """
    import keras
    from keras import ops

    from harness.training.gradients import input_gradients

    word_vectors, *weights = model.get_weights()
    vectors = word_vectors[x].astype(np.float64)  # (reviews, timesteps, embedding)
    layer = in_float64(model.layers[2])
    layer.build((None, *vectors.shape[1:]))
    layer.set_weights(weights[:-2])  # but for those of the classifier
    cell = layer.cell

    class Offset(keras.Layer):
        """The cell, whose inputs also hold what is added to the state before each step."""

        state_size = cell.state_size

        def call(self, inputs, states, training=False):
            word, offset = ops.split(inputs, [vectors.shape[-1]], axis=-1)
            *h, c = states
            _, states = cell(word, [*h, c + offset])
            return states[-1], states

    zeros = np.zeros((*x.shape, cell.units))
    directions = np.random.default_rng(0).normal(size=(len(x), cell.units))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    gradients = input_gradients(
        keras.layers.RNN(Offset(dtype="float64"), dtype="float64"),
        np.concatenate([vectors, zeros], axis=-1),
        directions,
        lambda direction, state: ops.sum(direction * state, axis=-1),
    )[..., vectors.shape[-1] :]
    return np.concatenate([[1], medians(gradients)[:-1]])  # (timesteps,)


def redrawn(network) -> dict:
    """Untrained networks by name whose gates start otherwise than Keras's."""
    import keras

    networks = {}
    for cell in ("lstm", "gru"):
        model = networks[f"{CELLS[cell].title}, each gate orthogonal"] = network(cell)
        kernel, recurrent, bias = model.layers[2].get_weights()
        units = len(recurrent)
        gates = range(recurrent.shape[1] // units)
        drawn = [keras.initializers.Orthogonal()((units, units)) for _ in gates]
        recurrent = keras.ops.convert_to_numpy(keras.ops.concatenate(drawn, axis=-1))
        model.layers[2].set_weights([kernel, recurrent, bias])
    for value in BIASES:
        model = networks[f"LSTM, forget bias {value}"] = network("lstm")
        kernel, recurrent, bias = model.layers[2].get_weights()
        bias[len(recurrent) : 2 * len(recurrent)] = value  # in the order i, f, k, o
        model.layers[2].set_weights([kernel, recurrent, bias])
    return networks


def train(protocol, run):
    import keras

    from models.networks import recurrent_classifier

    reviews = load_padded(protocol, run)
    x, y = reviews.validation
    full = np.flatnonzero(x[:, 0])[: protocol.reviews]  # no padding: a word at every timestep
    if len(full) == 0:
        raise RunError(f"no validation review has {protocol.maxlen} words; use a lower --maxlen.")
    x, y = x[full], y[full].astype(np.float32)

    def network(cell):
        keras.utils.set_random_seed(run.seed)
        return recurrent_classifier(cell, *protocol.sizes)

    exploding = f"recurrent weights × {protocol.scale:g}, before training"
    curves, states = {BEFORE: {}, AFTER: {}, exploding: {}}, {}
    for cell in COMPARED if run.sample else CELLS:
        name, model = CELLS[cell].title, network(cell)
        curves[BEFORE][name] = gradient_norms(model, x, y)
        kernel, recurrent, *rest = model.layers[2].get_weights()
        model.layers[2].set_weights([kernel, recurrent * protocol.scale, *rest])
        curves[exploding][name] = gradient_norms(model, x, y)
        model.layers[2].set_weights([kernel, recurrent, *rest])
        train_for_study(protocol, run, reviews, model, name)
        curves[AFTER][name] = gradient_norms(model, x, y)
        states[f"{name}, {AFTER}"] = state_norms(model, x)
        states[f"{name}, {BEFORE}"] = state_norms(network(cell), x)
    words = {}
    for name, model in redrawn(network).items():
        words[name], states[name] = gradient_norms(model, x, y), state_norms(model, x)
    redrawn_title = "Gradient with respect to distant words, before training, gates drawn otherwise"
    state_title = "Gradient of the last state, an LSTM's carry, with respect to earlier ones"
    run.finish_study(
        [
            *outputs(curves),
            table(redrawn_title, "the last word", words),
            table(state_title, "itself", states),
        ]
    )


def table(title: str, relative_to: str, curves: dict[str, np.ndarray]) -> Table:
    """How fast norms of shape (timesteps,) shrink or grow, and how far, by network."""
    from harness.training.gradients import decay_rate

    marks = [d for d in (10, 100, 400) if d < len(next(iter(curves.values())))]
    distances = (f"log10 at distance {d}, relative to {relative_to}" for d in marks)
    rows = {}
    for name, norms in curves.items():
        rate = decay_rate(norms)
        half_life = 1 / rate if rate and rate > 0 else None
        doubling = -1 / rate if rate and rate < 0 else None
        far = (float(np.log10(norms[d] / norms[0])) if norms[d] else None for d in marks)
        rows[name] = [half_life, doubling, *far]
    return Table(title, ["halves every (steps)", "doubles every (steps)", *distances], rows)


def outputs(curves: dict[str, dict[str, np.ndarray]]) -> list:
    """The tables and panels, of norms of shape (timesteps,) by case and network."""
    from harness.training.gradients import decay_rate

    every, longer, panels = {}, {}, []
    for when, cells in curves.items():
        rates = {name: decay_rate(norms) for name, norms in cells.items()}
        every |= {f"{name}, {when}": norms for name, norms in cells.items()}
        for name in [name for name in cells if name != "SimpleRNN"]:
            known = rates[name] is not None and rates["SimpleRNN"]
            longer[f"{name}, {when}"] = [rates[name] / rates["SimpleRNN"] if known else None]
        axes = "distance from the last word (steps)", "norm of the loss gradient"
        series = [
            Series(name, [*range(len(norms))], [float(n) or None for n in norms])
            for name, norms in cells.items()
        ]
        panels.append(Lines(when[0].upper() + when[1:], *axes, series, log_y=True))
    title = "How fast the gradient shrinks, relative to SimpleRNN"
    return [
        table("Gradient with respect to distant words", "the last word", every),
        Table(title, ["halvings a step, as a multiple of SimpleRNN's"], longer),
        *panels,
    ]


EXPERIMENT = ImdbStudy(
    "gradient-flow",
    "Gradient flow",
    protocol=Protocol(),
    sample=SAMPLE | {"maxlen": 16},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
