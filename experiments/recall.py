"""Remember one symbol: accuracy against the number of steps since it was read.

Source:     recurrent-overview, hsv-ai-2019, r-slides (claim memory)
Claim:      "the last state it will remember, but a bunch of steps ago?": SimpleRNN loses distant
            inputs, LSTM does not.
Protocol:   sequences of meaningless ids with one symbol of eight among them, which the network
            names at the end. Each cell (32 units) is trained twice: on sequences of one distance
            alone, anew for each distance, and once on all distances up to the longest, short ones
            as often as long ones (log-uniform). As many training steps each time, adam.
Deviations: the documents argue and measure nothing; the task is the usual one of the literature.
Expected:   about 20 minutes on one CPU core.
"""

from dataclasses import dataclass
from functools import partial

from harness.command_line import main
from harness.experiment import Experiment
from harness.protocol import OPTIMIZERS, setting
from harness.records.run import made_data

ALONE, MIXED = "trained on this distance alone", "trained on all distances at once"


@dataclass(frozen=True)
class Protocol:
    """The task and its training."""

    symbols: int = setting(8, "symbols, of which one is to be remembered", minimum=2)
    fillers: int = setting(8, "other ids, which mean nothing", minimum=1)
    longest: int = setting(400, "steps over which a symbol is to be remembered at most", minimum=10)
    embedding: int = setting(16, "features of an id's vector", minimum=1)
    units: int = setting(32, "units of the recurrent layer", minimum=1)
    steps: int = setting(1000, "training steps of each network", minimum=1)
    batch_size: int = setting(128, "sequences a training step", minimum=1)
    optimizer: str = setting("adam", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.003, "step size of the optimizer", minimum=1e-8)
    tested: int = setting(2000, "new sequences that are tested at each distance", minimum=1)


def distances(longest: int, shortest: int = 1) -> list[int]:
    """The distances that are tested, about twice as far each time, up to the longest."""
    usual = (1, 2, 5, 10, 25, 50, 100, 200, 400, 800, 1600)
    return [d for d in usual if shortest <= d < longest] + [longest]


def notes(protocol):
    return [
        f"Each network is trained for {protocol.steps:,} steps of {protocol.batch_size:,} "
        "sequences; what it has not learnt by then it might learn later."
    ]


def train(protocol, run):
    import keras
    import numpy as np

    from data.recall import recall_sequences
    from harness.records.study_outputs import Lines, Series, Table
    from harness.training.batches import DrawnBatches
    from harness.training.fit import evaluate, train_model
    from models.recall import CELLS, recaller

    note = "Made-up sequences: one symbol among random fillers."
    run.write("data", made_data(run.sample, note))
    alone, mixed = distances(protocol.longest, shortest=10), distances(protocol.longest)
    kinds = (protocol.symbols, protocol.fillers)

    def accuracies(cell, name, longest, draw, at):
        """Trains one network on sequences of `longest` + 1 timesteps; its accuracy at distances."""
        keras.utils.set_random_seed(run.seed)
        model = recaller(cell, *kinds, protocol.embedding, protocol.units)

        def batch(rng):
            return recall_sequences(rng, draw(rng, protocol.batch_size), longest + 1, *kinds)

        train_model(
            model,
            train=DrawnBatches(batch, protocol.steps, run.seed),
            optimizer=protocol.optimizer,
            learning_rate=protocol.learning_rate,
            loss="sparse_categorical_crossentropy",
            metric="accuracy",
            epochs=1,
            name=f"{cell}, {name}",
        )
        (rng,) = np.random.default_rng(run.seed).spawn(1)  # sequences that no training step drew
        return {
            d: evaluate(
                model, recall_sequences(rng, np.full(protocol.tested, d), longest + 1, *kinds)
            )["accuracy"]
            for d in at
        }

    def one_distance(distance, rng, count):
        return np.full(count, distance)

    def any_distance(rng, count):
        return np.exp(rng.uniform(0, np.log(protocol.longest + 1), count)).astype(int)

    found = {ALONE: {}, MIXED: {}}
    for cell in CELLS:
        found[ALONE][cell] = {}
        for d in alone:
            draw = partial(one_distance, d)
            found[ALONE][cell] |= accuracies(cell, f"distance {d}", d, draw, [d])
        found[MIXED][cell] = accuracies(
            cell, "all distances", protocol.longest, any_distance, mixed
        )
    tables, panels = [], []
    for how, cells in found.items():
        tested = list(cells["SimpleRNN"])
        rows = {cell: list(values.values()) for cell, values in cells.items()}
        tables.append(Table(f"Recall accuracy, {how}", [f"{d:,} steps" for d in tested], rows))
        panels.append(
            Lines(
                how[0].upper() + how[1:],
                "steps since the symbol was read",
                "accuracy",
                [Series(cell, tested, values) for cell, values in rows.items()],
                references={"chance": 1 / protocol.symbols},
                log_x=True,
            )
        )
    run.finish_study([*tables, *panels])


EXPERIMENT = Experiment(
    name="recall",
    title="Recall of one symbol",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"longest": 25, "steps": 60, "tested": 500},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
