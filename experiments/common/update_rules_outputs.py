"""What the study `update-rules` shows of the numbers that each Keras and backend measured.

`measured` is what `update_rules_backend` wrote, by the backend's name.
"""

import numpy as np

from experiments.common.update_rules_backend import WEIGHTS
from experiments.common.update_rules_example import (
    ADAM,
    IDS,
    RMSPROP,
    ROWS,
    VOCABULARY,
    WORDS,
    hand_rules,
)
from harness.errors import RunError
from harness.records.study_outputs import Heatmap, Lines, Series, Table
from harness.reporting.groups import PUBLISHED as PUBLISHED_NUMBERS
from harness.reporting.groups import load_published

TODAY, PUBLISHED_RULE = "rmsprop", "rmsprop-keras-2.0"
OLD = {"rmsprop-keras-2.0": "2.0's", "rmsprop-keras-2.10": "2.10's"}  # in the words of titles
PUBLISHED = "published log (Keras 2.0.8)"


def by_hand(versions, measured, learning_rate):
    """Which rule each version and each of our optimizers follows, and how far a word moves.

    Args:
        versions: weights after each step of the example by version and optimizer.
        measured: what the backends measured.
        learning_rate: step size.
    """
    batches = list(zip(IDS, ROWS.astype(float), strict=True))
    through, ours, maps, moved = [], [], [], {}
    for kind, names, rules in zip(("RMSprop", "Adam"), (RMSPROP, ADAM), hand_rules(), strict=True):
        by_rule = {
            rule: one.weights(batches, VOCABULARY, learning_rate) for rule, one in rules.items()
        }

        def table(title, found, by_rule=by_rule):
            title = f"{title}: largest difference from each rule by hand, relative"
            rows = {name: _differences(weights, by_rule) for name, weights in found.items()}
            return Table(title, list(by_rule), rows)

        found = {version: weights[kind] for version, weights in versions.items()}
        through.append(table(f"{kind} through the versions", found))
        title = f"How far the first step of {kind} moves a word, in learning rates, by version"
        steps = {version: _first(weights, learning_rate) for version, weights in found.items()}
        maps.append(Heatmap(title, list(WORDS.values()), steps))
        found = {
            f"{backend}, {name}": done["examples"][name]
            for backend, done in measured.items()
            for name in names
        }
        ours.append(table(f"{kind} of this project", found))
        moved |= {f"{kind}, {rule}": _first(w, learning_rate) for rule, w in by_rule.items()}
    title = "How far the first step moves a word by each rule, in learning rates"
    return [*through, Table(title, list(WORDS.values()), moved), *maps, *ours]


def _differences(weights, by_rule) -> list[float]:
    """Largest difference of the weights from those by each rule, relative to the largest weight."""
    weights = np.array(weights)  # (steps, words, features)
    return [float(np.abs(weights - w).max() / np.abs(w).max()) for w in by_rule.values()]


def _first(weights, learning_rate) -> list[float]:
    """How far the first step moved each of the read words, in learning rates."""
    return (-np.array(weights)[0, list(WORDS), 0] / learning_rate).tolist()


def first_step_outputs(measured, marks):
    """How far the weights of the LSTM move in its first steps."""
    columns = [f"step {step}" for step in marks]
    small, losses, embedding = {}, {}, {}
    ratios = {}  # by backend and rule, then by weight: one number a mark
    for backend, found in measured.items():
        sizes = {name: one["sizes"] for name, one in found["steps"].items()}
        for name in OLD:
            ratios[backend, name] = {
                weight: [
                    old / new if new else None  # a step too small for float32
                    for old, new in zip(sizes[name][weight], sizes[TODAY][weight], strict=True)
                ]
                for weight in WEIGHTS
            }
            embedding[f"{backend}, {name}"] = ratios[backend, name]["embedding"]
        for name, one in found["steps"].items():
            small[f"{backend}, {name}"] = one["small"]
            losses[f"{backend}, {name}"] = one["losses"]
    first = next(iter(measured))
    sizes = [measured[first]["steps"][name]["sizes"] for name in (*OLD, TODAY)]
    sizes += [ratios[first, name] for name in OLD]
    rows = {
        f"{weight}, {column}": [one[weight][at] for one in sizes]
        for weight in WEIGHTS
        for at, column in enumerate(columns)
    }
    names = [*(f"by {rule} rule" for rule in OLD.values()), "by 3.x's rule"]
    names += [f"{rule} / 3.x's" for rule in OLD.values()]
    return [
        Table(f"Mean size of a step, on {first}", names, rows),
        Table("The embedding's step as a multiple of that by 3.x's rule", columns, embedding),
        Table("Share of the embedding's read entries with sqrt(v) < sqrt(1e-7)", columns, small),
        Table("Training loss of each step's batch", columns, losses),
        Lines(
            f"Mean size of the first steps, on {first}",
            "training step",
            "multiple of the step by 3.x's rule",
            [
                Series(f"{weight}, {OLD[name]} rule", marks, ratios[first, name][weight])
                for weight in ("embedding", "kernel", "recurrent kernel")
                for name in OLD
            ],
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
