"""What the study `update-rules` shows of the numbers that each backend measured.

`measured` is what `update_rules_backend` wrote, by the backend's name.
"""

import numpy as np

from experiments.common.update_rules_backend import WEIGHTS
from experiments.common.update_rules_example import ADAM, EXAMPLE, RMSPROP, WORDS, hand_rules
from harness.errors import RunError
from harness.records.study_outputs import Lines, Series, Table
from harness.reporting.analysis.published import PUBLISHED as PUBLISHED_NUMBERS
from harness.reporting.analysis.published import load_published

KERAS_2, KERAS_3 = "rmsprop-keras-2.0", "rmsprop"
PUBLISHED = "published log (Keras 2.0.8)"


def by_hand(measured, learning_rate):
    """Which rule each optimizer follows, and how far a word moves by each rule."""
    batches = [
        (np.array(ids), np.array(rows, np.float32).astype(float))
        for ids, rows in zip(EXAMPLE["ids"], EXAMPLE["rows"], strict=True)
    ]
    tables, moved = [], {}
    for kind, names, rules in zip(("RMSprop", "Adam"), (RMSPROP, ADAM), hand_rules(), strict=True):
        expected = {
            rule: one.weights(batches, EXAMPLE["words"], learning_rate)
            for rule, one in rules.items()
        }
        rows = {}
        for backend, found in measured.items():
            for name in names:
                weights = np.array(found["examples"][name])  # (steps, words, features)
                rows[f"{backend}, {name}"] = [
                    float(np.abs(weights - hand).max() / np.abs(hand).max())
                    for hand in expected.values()
                ]
        title = f"{kind}: largest difference between Keras and each rule by hand, relative"
        tables.append(Table(title, list(expected), rows))
        for rule, hand in expected.items():
            steps = -hand[0, list(WORDS), 0] / learning_rate
            moved[f"{kind}: {rule}"] = steps.tolist()
    title = "How far the first step moves a word, in learning rates"
    return [*tables, Table(title, list(WORDS.values()), moved)]


def first_step_outputs(measured, marks):
    """How far the weights of the LSTM move in its first steps."""
    columns = [f"step {step}" for step in marks]
    ratios, small, losses = {}, {}, {}
    for backend, found in measured.items():
        new, old = found["steps"][KERAS_3], found["steps"][KERAS_2]
        ratios[backend] = {
            weight: [
                a / b if b else None  # a step too small for float32
                for a, b in zip(old["sizes"][weight], new["sizes"][weight], strict=True)
            ]
            for weight in WEIGHTS
        }
        for name, one in ((KERAS_3, new), (KERAS_2, old)):
            small[f"{backend}, {name}"] = one["small"]
            losses[f"{backend}, {name}"] = one["losses"]
    first = next(iter(measured))
    new, old = (measured[first]["steps"][name]["sizes"] for name in (KERAS_3, KERAS_2))
    sizes = {
        f"{weight}, {column}": [old[weight][at], new[weight][at], ratios[first][weight][at]]
        for weight in WEIGHTS
        for at, column in enumerate(columns)
    }
    embedding = {backend: by_weight["embedding"] for backend, by_weight in ratios.items()}
    return [
        Table(
            f"Mean size of a step, on {first}",
            ["Keras 2's rule", "Keras 3's rule", "Keras 2's as a multiple of Keras 3's"],
            sizes,
        ),
        Table("The embedding's step, Keras 2's as a multiple of Keras 3's", columns, embedding),
        Table("Share of the embedding's read entries with sqrt(v) < sqrt(1e-7)", columns, small),
        Table("Training loss of each step's batch", columns, losses),
        Lines(
            f"Mean size of the first steps, on {first}",
            "training step",
            "Keras 2's rule, as a multiple of Keras 3's",
            [Series(weight, marks, values) for weight, values in ratios[first].items()],
            references={"the same": 1.0},
            log_x=True,
            log_y=True,
        ),
    ]


def published_losses(epochs):
    """The published log's training losses.

    Raises:
        RunError: the file of the published numbers has none.
    """
    losses = load_published(PUBLISHED_NUMBERS).experiments["imdb-lstm"].loss
    if not losses:
        raise RunError("experiments/published.toml has no `loss` under [imdb-lstm].")
    return list(losses[:epochs])


def training(measured, published):
    """Training losses of each epoch, beside the `published` ones, or None on other data."""
    curves = {
        f"{backend}, {name}": values
        for backend, found in measured.items()
        for name, values in found["curves"].items()
    }
    if published:
        curves[PUBLISHED] = published  # last, so that its dots lie on the curves
    length = max(map(len, curves.values()))
    rows = {name: values + [None] * (length - len(values)) for name, values in curves.items()}
    places = list(range(1, length + 1))
    series = [Series(name, places, values, dots=name == PUBLISHED) for name, values in rows.items()]
    return [
        Table("Training loss of each epoch", [f"epoch {place}" for place in places], rows),
        Lines("Training loss of the LSTM on each backend", "epoch", "training loss", series),
    ]
