"""Remember one symbol: accuracy against the number of steps since it was read.

Source:     recurrent-overview, hsv-ai-2019, r-slides (claim memory)
Claim:      "The last state, it will remember, but bunch of steps ago? Fuggetaboutit.": SimpleRNN
            loses distant inputs, LSTM does not; a "cell remembers values over arbitrary time
            intervals".
Protocol:   sequences of meaningless ids with one symbol of eight among them, which the network
            names at the end. Each cell (32 units) is trained twice: on sequences of one distance
            alone, anew for each distance, and once on all distances up to the longest, short ones
            as often as long ones (log-uniform). As many training steps each time, by the Adam of
            Keras 2.0.
Deviations: the documents argue and measure nothing; the task is the usual one of the literature.
Expected:   about 8 minutes on one CPU core.
"""

from dataclasses import dataclass

import numpy as np

from harness.experiment import Experiment, main
from harness.protocol import LARGE, OPTIMIZERS, setting
from harness.records.run import made_data
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED

ALONE, MIXED = "trained on this distance alone", "trained on all distances at once"


@dataclass(frozen=True)
class Protocol:
    """The task and its training."""

    symbols: int = setting(8, "number of symbols; one of them is to be remembered", minimum=2)
    fillers: int = setting(8, "number of filler ids, which mean nothing", minimum=1)
    longest: int = setting(400, "longest distance at which a symbol is recalled", minimum=10)
    embedding: int = setting(16, "size of the embedding", minimum=1, below=LARGE)
    units: int = setting(32, "units of the recurrent layer", minimum=1, below=LARGE)
    steps: int = setting(1000, "training steps of each network", minimum=1)
    batch_size: int = setting(128, "sequences a training step", minimum=1)
    optimizer: str = setting("adam-keras-2.0", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.003, "step size of the optimizer", minimum=1e-8)
    tested: int = setting(2000, "test sequences at each distance", minimum=1)


def notes(protocol):
    return [
        f"Each network is trained for {protocol.steps:,} steps of {protocol.batch_size:,} "
        "sequences; what it has not learnt by then it might learn later."
    ]


def sequences(rng, distances: np.ndarray, timesteps: int, symbols: int, fillers: int):
    """Fillers, and one symbol at each sequence's distance (steps) from its end.

    Ids of symbols are 0 to `symbols` - 1, those of fillers follow. Returns ids, int32 of shape
    (sequences, timesteps), and the symbols, int32 of shape (sequences,).
    """
    count = len(distances)
    ids = rng.integers(symbols, symbols + fillers, (count, timesteps), dtype=np.int32)
    answers = rng.integers(symbols, size=count, dtype=np.int32)
    ids[np.arange(count), timesteps - 1 - distances] = answers
    return ids, answers


def distances_up_to(longest: int, shortest: int) -> list[int]:
    """Each about twice the one before, up to the longest."""
    usual = (1, 2, 5, 10, 25, 50, 100, 200, 400, 800, 1600)
    return [d for d in usual if shortest <= d < longest] + [longest]


def build(protocol: Protocol, make, seed: int, depth: int = 1, unfolded: int = 0):
    """The network: it reads ids, and the last state of its recurrent layers is classified.

    `make` makes such a layer of so many units. If it is `unfolded`, the gradient goes so many steps
    back; the layer must have one state.
    """
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(seed)
    ids = keras.Input((None,), dtype="int32", name="ids")  # (batch, timesteps)
    known = protocol.symbols + protocol.fillers
    x = layers.Embedding(known, protocol.embedding)(ids)  # (batch, timesteps, embedding)
    for _ in range(depth - 1):
        x = make(protocol.units, return_sequences=True)(x)  # (batch, timesteps, units)
    layer, start = make(protocol.units), None
    if unfolded:
        start, x = [ops.stop_gradient(layer(x[:, :-unfolded]))], x[:, -unfolded:]
    state = layer(x, initial_state=start)  # (batch, units)
    symbol = layers.Dense(protocol.symbols, activation="softmax")(state)  # (batch, symbols)
    return keras.Model(ids, symbol, name="recall")


def learn(protocol, run, model, batch, name: str, clipnorm: float | None = None) -> None:
    """Trains a network on batches that `batch` draws from a generator.

    With a `clipnorm`, gradients whose norm over all weights is above it are shortened to it.
    """
    from harness.training.batches import DrawnBatches
    from harness.training.fit import train_model
    from harness.training.optimizers import make_optimizer

    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    optimizer.global_clipnorm = clipnorm
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    train_model(run, model, DrawnBatches(batch, protocol.steps, run.seed), name=name)


def accuracies(
    protocol, run, model, name: str, distances: list[int], farther=(), clipnorm=None
) -> list[float]:
    """Trains a network on one distance, or on all up to the last; its accuracy at each.

    Those at `farther` distances follow, which no sequence of the training had.
    """
    from harness.training.fit import evaluate

    *several, longest = distances
    known = protocol.symbols, protocol.fillers

    def batch(rng):
        count = protocol.batch_size
        drawn = np.full(count, longest)
        if several:
            drawn = np.exp(rng.uniform(0, np.log(longest + 1), count)).astype(int)
        return sequences(rng, drawn, longest + 1, *known)

    learn(protocol, run, model, batch, name, clipnorm)
    (rng,) = np.random.default_rng(run.seed).spawn(1)  # sequences that no training step drew
    found = []
    for distance in (*distances, *farther):
        drawn = np.full(protocol.tested, distance)
        test = sequences(rng, drawn, max(distance, longest) + 1, *known)
        found.append(evaluate(model, test)["accuracy"])
    return found


def train(protocol, run):
    run.write("data", made_data(run.sample, "Made-up sequences: one symbol among random fillers."))
    longest = protocol.longest
    far, all_distances = (distances_up_to(longest, shortest) for shortest in (10, 1))
    farther = [2 * longest, 4 * longest]
    alone, mixed = {}, {}
    for cell in COMPARED:
        name, make = CELLS[cell].title, CELLS[cell].make
        alone[name] = []
        for distance in far:
            model, what = build(protocol, make, run.seed), f"{name}, distance {distance}"
            alone[name] += accuracies(protocol, run, model, what, [distance])
        model, what = build(protocol, make, run.seed), f"{name}, all distances"
        mixed[name] = accuracies(protocol, run, model, what, all_distances, farther)
    ways = [(ALONE, far, alone), (MIXED, all_distances + farther, mixed)]
    chance = 1 / protocol.symbols
    run.finish_study([*(table(*way) for way in ways), *(panel(*way, chance) for way in ways)])


def table(how: str, distances: list[int], rows: dict[str, list[float]]) -> Table:
    """Accuracies by network at each distance, after one way of training."""
    return Table(f"Recall accuracy, {how}", [f"{d:,} steps" for d in distances], rows)


def panel(how: str, distances: list[int], rows: dict[str, list[float]], chance: float) -> Lines:
    """The same as curves."""
    return Lines(
        how[0].upper() + how[1:],
        "steps since the symbol was read",
        "accuracy",
        [Series(name, distances, values) for name, values in rows.items()],
        references={"chance": chance},
        log_x=True,
    )


EXPERIMENT = Experiment(
    "recall",
    "Recall of one symbol",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"longest": 25, "steps": 60, "tested": 500},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
