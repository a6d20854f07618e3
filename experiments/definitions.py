"""What the documents define: shapes, counts, and what recurrent networks must and cannot do.

Source:     simple-rnn-blog, recurrent-overview, r-slides, hsv-ai-2019, noobs-guide
Claim:      sentences that one computation decides, such as "the weights do not change in testing";
            numpy-check and next-letter have the equations.
Protocol:   the sizes of the 500-word protocol and of the example in NumPy (100 steps, 32 and 64
            features), made-up inputs and weights; of the reviews, the shapes alone.
Deviations: none.
Expected:   seconds.
"""

from itertools import permutations

import numpy as np

from experiments.common.imdb import NetworkProtocol
from experiments.common.jena import WindowProtocol
from experiments.numpy_check import weighted_sum
from harness.experiment import Experiment, main
from harness.records.study_outputs import Table
from models.learning_numpy import backpropagate
from models.recurrent_numpy import LSTM, SimpleRNN, predictions, steps, unfold


def train(protocol, run):
    from data.imdb import load_imdb

    imdb = load_imdb(run.data_dir, num_words=protocol.num_words, sample=run.sample)
    run.write("data", imdb.provenance)
    run.add_layers("keras")
    rng = np.random.default_rng(run.seed)
    sizes = [file["bytes"] for file in imdb.provenance["files"]]
    counts = {"bytes of imdb.npz": sizes[0] if sizes else None} | counted(protocol)
    follows = positions(rng) | learning(rng) | reading(rng, protocol) | carry(rng)
    run.finish_study(
        [
            Table("Shapes", ["first axis", "second axis", "third axis"], shapes(protocol, imdb)),
            Table("Counts", ["count"], {name: [count] for name, count in counts.items()}),
            Table("What follows", ["number"], {name: [float(n)] for name, n in follows.items()}),
        ]
    )


def simple_rnn(rng: np.random.Generator, features: int, units: int) -> SimpleRNN:
    """A simple RNN with weights of the size of Keras's own, in float64."""
    shapes = (features, units), (units, units)
    return SimpleRNN.from_keras(*(rng.normal(0, s[0] ** -0.5, s) for s in shapes), np.zeros(units))


def shapes(protocol, imdb) -> dict[str, list[int | None]]:
    """Sizes of the axes, None where any size will do, as in Keras's summaries."""
    import keras

    vectors = keras.Input((None, protocol.embedding))  # (batch, timesteps, embedding)
    example = unfold(simple_rnn(np.random.default_rng(0), 32, 64), np.ones((100, 32)))
    rows = {"NumPy example, outputs": example.shape}
    for name, every in (("last output", False), ("all outputs", True)):
        layer = keras.layers.SimpleRNN(protocol.units, return_sequences=every)
        rows[f"SimpleRNN, {name}"] = layer(vectors).shape
    for name, reviews in (("training", imdb.x_train), ("test", imdb.x_test)):
        for words in (protocol.maxlen, max(protocol.maxlen // 5, 1)):
            shape = keras.utils.pad_sequences(reviews, words).shape
            rows[f"{name} reviews, {words} words"] = shape
    return {name: [*shape, *[None] * (3 - len(shape))] for name, shape in rows.items()}


def counted(protocol) -> dict[str, int]:
    """Parameters, axes, letters, orders of words; Jena's numbers by the published arithmetic."""
    from models.networks import recurrent_classifier

    network = recurrent_classifier("simple-rnn", *protocol.sizes)
    letters = steps(simple_rnn(np.random.default_rng(0), 7, 4), np.eye(7))  # of "namaska"
    parameters = [layer.count_params() for layer in network.layers]
    jena = WindowProtocol()
    an_hour, delay = 6, 144  # rows, one every ten minutes
    lookback = int(an_hour * jena.lookback_hours)
    samples = jena.validation_rows - (jena.train_rows + 1) - lookback
    last_input = range(0, lookback, an_hour)[-1]
    return {
        "parameters of the word vectors and SimpleRNN": sum(parameters[:3]),
        "parameters of Dense(1)": parameters[3],
        "axes of the word vectors of (batch, words)": len(network.layers[1].output.shape),
        "orders of three words that their codes tell apart": len({*permutations((4, 5, 6))}),
        "different letters of namaskar": len({*"namaskar"}),
        "iterations over the seven letters of namaska": sum(1 for _ in letters),
        "hours from the last input to the target": (lookback + delay - last_input) // an_hour,
        "val_steps": samples,
        "batches of 128 that read each sample once": -(-samples // 128),
    }


def positions(rng: np.random.Generator) -> dict[str, float]:
    """Outputs at every position, and the inputs on which they depend."""
    import keras
    from keras import layers, ops

    from harness.training.gradients import input_gradients

    timesteps = 100
    x = rng.normal(size=(timesteps, 32))
    cell = simple_rnn(rng, 32, 64)
    outputs = unfold(cell, x)  # (timesteps, units)
    p = predictions(outputs, rng.normal(size=(8, 64)), rng.normal(size=8))
    every, last = (
        layers.SimpleRNN(64, return_sequences=one, dtype="float64") for one in (True, False)
    )
    for layer in (every, last):
        layer.build((None, *x.shape))
        layer.set_weights([cell.hidden.W.T, cell.hidden.U.T, cell.hidden.b])
    difference = outputs[-1] - ops.convert_to_numpy(last(x[None]))[0]  # (units,)
    # each sample asks for the gradient of another output
    asked = np.eye(timesteps)[..., None] * rng.normal(size=64)  # (outputs, timesteps, units)
    gradients = input_gradients(every, np.repeat(x[None], timesteps, 0), asked, weighted_sum)
    effects = np.abs(gradients).max(axis=-1)  # (outputs, inputs)
    try:
        layers.SimpleRNN(4)(layers.SimpleRNN(4)(keras.Input((None, 3))))
        refused = 0
    except ValueError:
        refused = 1
    return {
        "p_t: sum over the classes, less 1": np.abs(p.sum(axis=-1) - 1).max(),
        "NumPy's last output, less Keras's without return_sequences": np.abs(difference).max(),
        "a stack whose lower layer returns no sequence is refused (1: yes)": refused,
        "output t: largest derivative by a later input": np.triu(effects, 1).max(),
        "output t: smallest derivative by an input up to t": effects[np.tril_indices(100)].min(),
    }


def learning(rng: np.random.Generator, timesteps: int = 20) -> dict[str, float]:
    """A step of SGD on the copies of a weight, one a timestep, tied and untied."""
    import keras

    from harness.training.gradients import gradients

    cell = simple_rnn(rng, 6, 8)
    x, g = (rng.normal(size=(timesteps, n)) for n in (6, 8))
    layer = keras.layers.SimpleRNN(8, return_sequences=True, dtype="float64")
    inputs = keras.Input(x.shape, dtype="float64")
    model = keras.Model(inputs, layer(inputs))
    layer.set_weights([cell.hidden.W.T, cell.hidden.U.T, cell.hidden.b])
    _, shared, _ = gradients(model, x[None], g[None], weighted_sum).values()
    copies = backpropagate(cell, x, g).U  # (timesteps, units, units)
    mean = copies.mean(axis=0)
    tied = np.broadcast_to(cell.hidden.U - copies.sum(axis=0), copies.shape)
    return {
        f"gradient of a shared weight over its copies' mean, {timesteps} steps": (
            (shared.T * mean).sum() / (mean * mean).sum()
        ),
        "largest difference of two copies after a step, untied": np.ptp(-copies, axis=0).max(),
        "largest difference of two copies after a step, tied": np.ptp(tied, axis=0).max(),
    }


def reading(rng: np.random.Generator, protocol) -> dict[str, float]:
    """Whether testing changes weights, or a review the prediction of the next one."""
    import keras

    from harness.training.fit import evaluate
    from models.networks import dense_classifier, recurrent_classifier

    model = recurrent_classifier("simple-rnn", *protocol.sizes)
    model.compile("rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    reviews = rng.integers(1, protocol.num_words, (4, 20))
    before = [weights.copy() for weights in model.get_weights()]
    evaluate(model, (reviews, np.array([0, 1, 0, 1])))
    moved = [np.abs(a - b).max() for a, b in zip(before, model.get_weights(), strict=True)]
    embedding, classifier = model.layers[1], model.layers[3]
    states = keras.layers.SimpleRNN(protocol.units, stateful=True)
    ids = keras.Input(batch_shape=(1, 20))
    stateful = keras.Model(ids, classifier(states(embedding(ids))))
    states.set_weights(model.layers[2].get_weights())

    def change(network) -> float:
        first, *_, again = (float(network(one[None])[0, 0]) for one in (*reviews, reviews[0]))
        return abs(again - first)

    return {
        "largest change of a weight in testing": max(moved),
        "change of a review's probability by the reviews before it": change(model),
        "change of a review's probability by them, feed-forward": change(
            dense_classifier(*protocol.sizes, 20)
        ),
        "change of a review's probability by them, stateful": change(stateful),
    }


def carry(rng: np.random.Generator) -> dict[str, float]:
    """An LSTM's carry as one weighted sum of all that was written, and what its weights can be."""
    shapes = (8, 4 * 16), (16, 4 * 16), (4 * 16,)
    cell = LSTM.from_keras(*(rng.normal(0, 0.3, shape) for shape in shapes))
    states, gates = zip(*steps(cell, rng.normal(size=(50, 8))), strict=True)
    written = np.stack([gate["i"] * gate["k"] for gate in gates])  # (timesteps, units)
    forget = np.stack([gate["f"] for gate in gates])  # (timesteps, units)
    # what was written at t counts as much as all forget gates after t let through
    weights = np.vstack([np.cumprod(forget[:0:-1], axis=0)[::-1], np.ones((1, 16))])
    _, last = states[-1]
    differences = (weights * written).sum(axis=0) - last  # (units,)
    return {
        "carry, less a sum weighted by products of forget gates": np.abs(differences).max(),
        "weight of a state in the carry, over that of the next: largest": (
            (weights[:-1] / weights[1:]).max()
        ),
    }


EXPERIMENT = Experiment(
    "definitions",
    "Definitions",
    dataset="imdb",
    role="study",
    protocol=NetworkProtocol(),
    sample={"num_words": 250, "maxlen": 28},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
