"""How many reviews does each network need? And what weights of its own for each position cost.

Source:     recurrent-overview (LSTM and GRU), simple-rnn-blog (weights for each position)
Claim:      LSTM is for language and other complex tasks, GRU for simpler ones and for fewer data;
            a feed-forward network learns each position separately, which is redundant and
            inefficient.
Protocol:   SimpleRNN, LSTM, GRU and the feed-forward network of the 500-word protocol on the first
            1/16, 1/4 and all of the training reviews; the same validation and test reviews. Each
            takes as many training steps: an epoch reads the fewer reviews several times over, or
            fewer reviews would also be less training. Then made-up sequences: one symbol among
            fillers is to be named, which in training stands in the first half.
Deviations: the documents state it and measure nothing.
Expected:   about 9 minutes on one CPU core.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments import recall
from experiments.common.imdb import (
    QUICK,
    ImdbProtocol,
    ImdbStudy,
    load_padded,
    split_notes,
    trained,
)
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED

PARTS = (16, 4, 1)  # of which one is trained on
HALF = 10  # timesteps of half a made-up sequence


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and the training on made-up sequences."""

    shift_steps: int = setting(500, "training steps on made-up sequences", minimum=1)


def notes(protocol):
    fixed = "The 1/16 and the 1/4 of the reviews are the same for every seed: "
    fixed += "the spread over seeds does not say what other reviews would change."
    return [*split_notes(protocol), fixed]


def part_of(train: tuple[np.ndarray, np.ndarray], part: int) -> tuple[np.ndarray, np.ndarray]:
    """The first reviews, one in `part`, and these `part` times over."""
    x, y = (array[: len(array) // part] for array in train)
    return np.tile(x, (part, 1)), np.tile(y, part)


def train(protocol, run):
    from harness.training.fit import evaluate
    from models.networks import dense_classifier, recurrent_classifier

    reviews = load_padded(protocol, run)
    few = len(reviews.train[0])
    if few < PARTS[0]:
        raise RunError(f"{few} training reviews are too few for 1/{PARTS[0]} of them.")
    parts, cells = (PARTS[:1], COMPARED[:1]) if run.sample else (PARTS, COMPARED)
    sizes = protocol.sizes
    networks = {CELLS[cell].title: (recurrent_classifier, cell, *sizes) for cell in cells}
    networks["Dense"] = dense_classifier, *sizes, protocol.maxlen
    rows = {name: [] for name in networks}
    for part in parts:
        splits = replace(reviews, train=part_of(reviews.train, part))
        for name, network in networks.items():
            model = trained(protocol, run, splits, f"{name}, 1/{part}", *network)
            rows[name].append(evaluate(model, reviews.test)["accuracy"])
    less = {
        f"{first} less {second}": np.subtract(rows[first], rows[second]).tolist()
        for first, second in (("SimpleRNN", "Dense"), ("GRU", "LSTM"))
        if first in rows
    }
    columns = ["all" if part == 1 else f"1/{part}" for part in parts]
    counts = [few // part for part in parts]
    series = [Series(name, counts, values) for name, values in rows.items()]
    axes = "Test accuracy", "training reviews", "accuracy"
    run.finish_study(
        [
            Table("Test accuracy by the share of the training reviews", columns, rows),
            Table("Differences of these accuracies", columns, less),
            shift_table(protocol.shift_steps, run),
            Lines(*axes, series, references={"chance": 0.5}, log_x=True),
        ]
    )


def shift_table(steps: int, run) -> Table:
    """Accuracies where a symbol stands at positions of the training, and at others."""
    import keras
    from keras import layers

    from harness.training.fit import evaluate

    task = recall.Protocol(steps=steps)

    def drawn(rng, nearest: int, count: int = task.batch_size):
        distances = rng.integers(nearest, nearest + HALF, count)  # from the end, (count,)
        return recall.sequences(rng, distances, 2 * HALF, task.symbols, task.fillers)

    readers = {
        "SimpleRNN": lambda: [layers.SimpleRNN(task.units)],
        "Conv1D + pooling": lambda: [layers.Conv1D(task.units, 1), layers.GlobalMaxPooling1D()],
        "Dense": lambda: [layers.Flatten(), layers.Dense(task.units, activation="relu")],
    }
    rows = {}
    for name, make in readers.items():
        keras.utils.set_random_seed(run.seed)
        ids = keras.Input((2 * HALF,), dtype="int32")  # (batch, timesteps)
        stack = [layers.Embedding(task.symbols + task.fillers, task.embedding), *make()]
        model = keras.Sequential([ids, *stack, layers.Dense(task.symbols, activation="softmax")])
        what = f"{name}, symbols in the first half"
        recall.learn(task, run, model, lambda rng: drawn(rng, HALF), what)
        (rng,) = np.random.default_rng(run.seed).spawn(1)  # which no training step drew from
        tests = [drawn(rng, nearest, task.tested) for nearest in (HALF, 0)]
        rows[name] = [evaluate(model, test)["accuracy"] for test in tests]
    title = "Symbols named, trained on those in the first half of a sequence"
    return Table(title, ["first half", "second half"], rows)


EXPERIMENT = ImdbStudy(
    "training-size",
    "Training size and tied weights",
    protocol=Protocol(),
    sample=QUICK | {"batch_size": 874, "shift_steps": 100},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
