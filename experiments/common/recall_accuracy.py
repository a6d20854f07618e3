"""What `recall` measures and shows: accuracy against the steps since the symbol was read."""

from collections.abc import Callable

import keras
import numpy as np

from data.recall import recall_sequences
from harness.records.run import Run
from harness.records.study_outputs import Lines, Series, Table
from harness.training.batches import DrawnBatches
from harness.training.fit import evaluate, train_model
from harness.training.optimizers import make_optimizer
from models.cells import CELLS
from models.recall import recall_model


def distances(longest: int, shortest: int = 1) -> list[int]:
    """The distances to test: each about twice the one before, up to the longest."""
    usual = (1, 2, 5, 10, 25, 50, 100, 200, 400, 800, 1600)
    return [d for d in usual if shortest <= d < longest] + [longest]


def accuracies(
    protocol, run: Run, cell: str, name: str, longest: int, draw: Callable, at: list[int]
) -> dict[int, float]:
    """Trains one network, and tests it at several distances.

    Args:
        protocol: sizes and training.
        run: gives the seed of weights and sequences; receives which layers computed.
        cell: one of `models.cells.CELLS`.
        name: what it is trained on, for the lines that are printed.
        longest: the sequences have one timestep more.
        draw: gives the distances of the symbols of a training batch, from a generator and the
            number of sequences.
        at: the distances to test.

    Returns:
        Accuracy by distance.
    """
    keras.utils.set_random_seed(run.seed)
    kinds = (protocol.symbols, protocol.fillers)
    model = recall_model(cell, *kinds, protocol.embedding, protocol.units)

    def batch(rng):
        return recall_sequences(rng, draw(rng, protocol.batch_size), longest + 1, *kinds)

    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    batches = DrawnBatches(batch, protocol.steps, run.seed)
    train_model(run, model, batches, name=f"{CELLS[cell].title}, {name}")
    (rng,) = np.random.default_rng(run.seed).spawn(1)  # sequences that no training step drew
    tested = {
        d: recall_sequences(rng, np.full(protocol.tested, d), longest + 1, *kinds) for d in at
    }
    return {d: evaluate(model, sequences)["accuracy"] for d, sequences in tested.items()}


def recall_outputs(found: dict[str, dict[str, dict[int, float]]], chance: float) -> list:
    """The tables and panels of the study.

    Args:
        found: accuracy by distance, for each way of training and then each network.
        chance: accuracy of guessing.
    """
    tables, panels = [], []
    for how, networks in found.items():
        tested = list(next(iter(networks.values())))
        rows = {name: list(values.values()) for name, values in networks.items()}
        tables.append(Table(f"Recall accuracy, {how}", [f"{d:,} steps" for d in tested], rows))
        panels.append(
            Lines(
                how[0].upper() + how[1:],
                "steps since the symbol was read",
                "accuracy",
                [Series(name, tested, values) for name, values in rows.items()],
                references={"chance": chance},
                log_x=True,
            )
        )
    return [*tables, *panels]
