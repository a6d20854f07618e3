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

from experiments.common.imdb import QUICK, ImdbProtocol, ImdbStudy, load_padded, train_for_study
from experiments.recall import sequences
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED

PARTS = (16, 4, 1)  # of which one is trained on
SYMBOLS, FILLERS, HALF, TESTED = 8, 8, 10, 2000  # of the made-up sequences


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and the training on made-up sequences."""

    shift_steps: int = setting(500, "training steps on made-up sequences", minimum=1)


def part_of(train: tuple[np.ndarray, np.ndarray], part: int) -> tuple[np.ndarray, np.ndarray]:
    """The first reviews, one in `part`, and these `part` times over."""
    x, y = (array[: len(array) // part] for array in train)
    return np.tile(x, (part, 1)), np.tile(y, part)


def train(protocol, run):
    import keras

    from harness.training.fit import evaluate
    from models.networks import dense_classifier, recurrent_classifier

    reviews = load_padded(protocol, run)
    few = len(reviews.train[0])
    if few < PARTS[0]:
        raise RunError(f"{few} training reviews are too few for 1/{PARTS[0]} of them.")
    parts, cells = (PARTS[:1], COMPARED[:1]) if run.sample else (PARTS, COMPARED)
    networks = {
        CELLS[cell].title: lambda cell=cell: recurrent_classifier(cell, *protocol.sizes)
        for cell in cells
    }
    networks["Dense"] = lambda: dense_classifier(*protocol.sizes, protocol.maxlen)
    rows = {name: [] for name in networks}
    for part in parts:
        splits = replace(reviews, train=part_of(reviews.train, part))
        for name, build in networks.items():
            keras.utils.set_random_seed(run.seed)
            model = build()
            train_for_study(protocol, run, splits, model, f"{name}, 1/{part}")
            rows[name].append(evaluate(model, reviews.test)["accuracy"])
    less = {
        f"{first} less {second}": np.subtract(rows[first], rows[second]).tolist()
        for first, second in (("SimpleRNN", "Dense"), ("GRU", "LSTM"))
        if first in rows
    }
    columns = ["all" if part == 1 else f"1/{part}" for part in parts]
    counts = [len(reviews.train[0]) // part for part in parts]
    series = [Series(name, counts, values) for name, values in rows.items()]
    axes = "Test accuracy by the number of training reviews", "training reviews", "accuracy"
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

    from harness.training.batches import DrawnBatches
    from harness.training.fit import evaluate, train_model
    from harness.training.optimizers import make_optimizer

    def drawn(rng, nearest: int, count: int):
        distances = rng.integers(nearest, nearest + HALF, count)  # from the end, (count,)
        return sequences(rng, distances, 2 * HALF, SYMBOLS, FILLERS)

    readers = {
        "SimpleRNN": lambda: [layers.SimpleRNN(32)],
        "Conv1D + pooling": lambda: [layers.Conv1D(32, 1), layers.GlobalMaxPooling1D()],
        "Dense": lambda: [layers.Flatten(), layers.Dense(32, activation="relu")],
    }
    rows = {}
    for name, make in readers.items():
        keras.utils.set_random_seed(run.seed)
        ids = keras.Input((2 * HALF,), dtype="int32")  # (batch, timesteps)
        stack = [layers.Embedding(SYMBOLS + FILLERS, 16), *make()]
        model = keras.Sequential([ids, *stack, layers.Dense(SYMBOLS, activation="softmax")])
        optimizer = make_optimizer("adam-keras-2.0", 0.003)
        model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        batches = DrawnBatches(lambda rng: drawn(rng, HALF, 128), steps, run.seed)
        train_model(run, model, batches, name=f"{name}, symbols in the first half")
        (rng,) = np.random.default_rng(run.seed).spawn(1)  # which no training step drew from
        tests = [drawn(rng, nearest, TESTED) for nearest in (HALF, 0)]
        rows[name] = [evaluate(model, test)["accuracy"] for test in tests]
    title = "Symbols named, trained on those in the first half of a sequence"
    return Table(title, ["first half", "second half"], rows)


EXPERIMENT = ImdbStudy(
    "training-size",
    "Training size and tied weights",
    protocol=Protocol(),
    sample=QUICK | {"batch_size": 874, "shift_steps": 100},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
