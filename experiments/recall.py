"""Remember one symbol: accuracy against the number of steps since it was read.

Source:     recurrent-overview, hsv-ai-2019, r-slides (claim memory)
Claim:      "The last state, it will remember, but bunch of steps ago? Fuggetaboutit.": SimpleRNN
            loses distant inputs, LSTM does not.
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


def build(protocol: Protocol, cell: str):
    """The network: it reads ids, and the last state of its recurrent layer is classified."""
    import keras
    from keras import layers

    ids = keras.Input((None,), dtype="int32", name="ids")  # (batch, timesteps)
    known = protocol.symbols + protocol.fillers
    x = layers.Embedding(known, protocol.embedding)(ids)  # (batch, timesteps, embedding)
    state = CELLS[cell].make(protocol.units)(x)  # (batch, units)
    symbol = layers.Dense(protocol.symbols, activation="softmax")(state)  # (batch, symbols)
    return keras.Model(ids, symbol, name="recall")


def accuracies(protocol, run, cell: str, distances: list[int]) -> list[float]:
    """Trains one network on one distance, or on all up to the last; its accuracy at each."""
    import keras

    from harness.training.batches import DrawnBatches
    from harness.training.fit import evaluate, train_model
    from harness.training.optimizers import make_optimizer

    keras.utils.set_random_seed(run.seed)
    model = build(protocol, cell)
    *several, longest = distances
    shape = longest + 1, protocol.symbols, protocol.fillers

    def batch(rng):
        count = protocol.batch_size
        drawn = np.full(count, longest)
        if several:
            drawn = np.exp(rng.uniform(0, np.log(longest + 1), count)).astype(int)
        return sequences(rng, drawn, *shape)

    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    batches = DrawnBatches(batch, protocol.steps, run.seed)
    name = "all distances" if several else f"distance {longest}"
    train_model(run, model, batches, name=f"{CELLS[cell].title}, {name}")
    (rng,) = np.random.default_rng(run.seed).spawn(1)  # sequences that no training step drew
    tests = [sequences(rng, np.full(protocol.tested, d), *shape) for d in distances]
    return [evaluate(model, test)["accuracy"] for test in tests]


def train(protocol, run):
    run.write("data", made_data(run.sample, "Made-up sequences: one symbol among random fillers."))
    far, all_distances = (distances_up_to(protocol.longest, shortest) for shortest in (10, 1))
    alone, mixed = {}, {}
    for cell in COMPARED:
        one_by_one = [accuracies(protocol, run, cell, [distance]) for distance in far]
        alone[CELLS[cell].title] = [accuracy for (accuracy,) in one_by_one]
        mixed[CELLS[cell].title] = accuracies(protocol, run, cell, all_distances)
    ways = [(ALONE, far, alone), (MIXED, all_distances, mixed)]
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
