"""What a trained network computes while it reads a text, step by step, and the page that shows it.

A short text is padded in front, and the network reads the padding as it reads words. So the state
in which it meets the first word is not zero. It is kept as the first column.
"""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jinja2 import Environment
from matplotlib.colors import to_hex, to_rgb
from matplotlib.image import imsave

from explore.trained import TrainedNetwork
from harness.errors import RunError
from harness.reporting.table import Table
from models.cells import CELLS
from models.recurrent_numpy import sigmoid, steps, unfold

MOST_SHOWN = 40  # words that a figure can hold
LARGEST_DIFFERENCE = 1e-4  # of the probabilities by NumPy and by Keras, both in float32
NAMES = {
    "h": "state h",
    "c": "carry c",
    "k": "new content k",
    "f": "forget gate f",
    "i": "input gate i",
    "o": "output gate o",
    "z": "update gate z",
    "r": "reset gate r",
}
TEMPLATE = Path(__file__).with_suffix(".html")
# Blue stands for positive reviews and numbers, red for negative ones.
POSITIVE, NEGATIVE, SIGNED = "#4393C3", "#D6604D", "RdBu"
GATE = "viridis"
GATES = "fiozr"  # the symbols of what lies between 0 and 1


def two_decimals(value: float) -> str:
    """With two decimals and a true minus; nothing for nan."""
    return "" if np.isnan(value) else f"{value:.2f}".replace("-", "−")


@dataclass(frozen=True)
class Reading:
    """What one network computed; a column is a step, the first the last one before the words."""

    network: TrainedNetwork
    columns: list[str]  # what was read at each step; before the words, how many steps there were
    # By symbol, shape (columns, units). Units are in the order of their weights in the output
    # layer, the largest first; those weights have shape (units,).
    inside: dict[str, np.ndarray]
    output_weights: np.ndarray
    log_odds: np.ndarray  # what the output layer makes of the state after each step, (columns,)
    influence: np.ndarray  # log odds of the text minus those without the word, (columns,), or nan
    linear: np.ndarray | None  # what the word adds to the log odds of the linear model, likewise

    @property
    def verdict(self) -> str:
        """What the network thinks of the whole text."""
        p = float(self.probability[-1])
        said = "positive" if p > 0.5 else "negative"
        return f"{self.network.title}: {said} ({p:.2f})"

    @property
    def strengths(self) -> list[float]:
        """How strongly each column is to be coloured, from -1 (negative) to 1 (positive)."""
        influence = np.nan_to_num(self.influence)
        return (influence / (np.abs(influence).max() or 1)).tolist()

    @property
    def table(self) -> Table:
        """A row a step; gates as mean ± standard deviation of the units."""
        columns = {
            "step": self.columns,
            "positive": map(two_decimals, self.probability),
            "influence": map(two_decimals, self.influence),
        }
        if self.linear is not None:
            columns["linear"] = map(two_decimals, self.linear)
        for symbol, values in self.inside.items():
            if symbol not in GATES:
                continue
            pairs = zip(values.mean(axis=1), values.std(axis=1), strict=True)
            columns[f"{symbol} gate"] = (f"{mean:.2f}±{spread:.2f}" for mean, spread in pairs)
        rows = list(zip(*columns.values(), strict=True))
        return Table(list(columns), rows, title="After each step")

    @property
    def probability(self) -> np.ndarray:
        """That the review is positive, after each step, shape (columns,)."""
        return sigmoid(self.log_odds)


def read(
    network: TrainedNetwork, cell: str, labels: list[str], ids: list[int], linear=None
) -> Reading:
    """Lets a network with one recurrent layer, a `cell` of `models.cells.CELLS`, read a text.

    The labels are shown for the ids, of the start mark and the words; `linear` is what each of them
    adds in a linear model, shape (ids,), if there is one.
    """
    _, embedding, recurrent, classifier = network.model.layers
    (vectors,), (V, b) = embedding.get_weights(), classifier.get_weights()  # V: (units, 1)
    twin = CELLS[cell].in_numpy(recurrent.get_weights())
    maxlen = network.setting("maxlen")

    def padded(ids: list[int]) -> list[int]:
        return [0] * (maxlen - len(ids)) + ids[-maxlen:]

    shown = min(len(ids), maxlen, MOST_SHOWN)
    before = maxlen - shown
    trace = list(steps(twin, vectors[padded(ids)]))[max(before - 1, 0) :]
    computed = [dict(zip("hc", state, strict=False)) | gates for state, gates in trace]
    order = np.argsort(-V[:, 0])
    inside = {
        symbol: np.array([step[symbol] for step in computed])[:, order]  # (columns, units)
        for symbol in NAMES
        if symbol in computed[0]
    }
    log_odds = (inside["h"] @ V[order] + b)[:, 0]  # (columns,)
    by_keras = network.model.predict(np.array([padded(ids)]), verbose=0)  # (1, 1)
    difference = abs(by_keras[0, 0] - sigmoid(log_odds[-1]))
    if not difference <= LARGEST_DIFFERENCE:
        raise RunError(
            f"{network.path}: NumPy and Keras differ by {difference:.1g} in the probability; it is "
            "another network than its record describes."
        )
    places = range(max(len(ids) - shown, 1), len(ids))  # of the words, after the start mark
    without = np.array([padded(ids[:place] + ids[place + 1 :]) for place in places])
    ends = unfold(twin, vectors[without], return_sequences=False)  # (words, units)
    influence, added = np.full((2, len(log_odds)), np.nan)
    influence[-len(places) :] = log_odds[-1] - (ends @ V + b)[:, 0]
    if linear is not None:
        added[-len(places) :] = linear[list(places)]
    start = f"{before} × padding" if shown == len(ids) else f"{before} earlier steps"
    return Reading(
        network=network,
        columns=[start][: len(trace) - shown] + labels[-shown:],
        inside=inside,
        output_weights=V[order, 0],
        log_odds=log_odds,
        influence=influence,
        linear=None if linear is None else added,
    )


def linear_additions(pipeline, ids: list[int]) -> np.ndarray:
    """What each word adds to the log odds by itself in a linear model, apart from its bigrams.

    It is the word's coefficient times its tf-idf weight in this text. A word that occurs several
    times has the same share of it at each place. Shape (ids,); nan for words that are not counted.
    """
    counts, classifier = pipeline
    tfidf = counts.transform([ids]).toarray()[0]  # (features,)
    added, columns = tfidf * classifier.coef_[0], counts.vocabulary_
    return np.array(
        [added[columns[str(n)]] / ids.count(n) if str(n) in columns else np.nan for n in ids]
    )


def count_parameters(network: TrainedNetwork) -> Table:
    """How the parameters of a classifier with one recurrent layer are counted."""
    _, embedding, recurrent, output = network.model.layers
    kernel, _, bias, *more = recurrent.get_weights()
    units, features = recurrent.output.shape[-1], kernel.shape[0]
    sums, biases = kernel.shape[1] // units, bias.size // kernel.shape[1]

    formula = f"{units} × ({features} + {units}) + "
    formula += f"{units}" if biases == 1 else f"{biases} × {units}"  # Keras's GRU has two
    formula = formula if sums == 1 else f"{sums} × ({formula})"
    if more:  # a matrix that reads the carry, or peepholes of several gates
        formula += f" + {units if len(more) == 1 else len(more)} × {units}"
    rows = [
        ("word vectors", f"{embedding.input_dim:,} × {features}", embedding),
        (network.title, formula, recurrent),
        ("output", f"{units} + 1", output),
    ]
    counted = [(name, how, f"{layer.count_params():,}") for name, how, layer in rows]
    title = f"{network.model.count_params():,} parameters"
    return Table(("layer", "weights", "parameters"), counted, "llr", title)


# --- the page, in one file without scripts or network ------------------------------------------


def page(title: str, readings: list[Reading], notes: list[str]) -> bytes:
    """The page in HTML. Words are escaped, whatever they hold.

    The title is the text that was read; the notes are what else a reader must know, in sentences.
    """
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    influences = [reading.influence for reading in readings]
    influences += [reading.linear for reading in readings if reading.linear is not None]
    largest = max(float(np.nanmax(np.abs(values), initial=0.01)) for values in influences)
    functions = {"heatmaps": partial(heatmaps, largest=largest), "shade": shade}
    template = environment.from_string(TEMPLATE.read_text("utf-8"), functions)
    content = {"title": title, "readings": readings, "notes": notes, "count": count_parameters}
    return template.render(content).encode()


def shade(strength: float) -> str:
    """The colour behind a word: blue or red, paler for a weaker strength, none below a tenth."""
    if abs(strength) < 0.1:
        return ""
    full = np.array(to_rgb(POSITIVE if strength > 0 else NEGATIVE))
    return to_hex(1 - abs(strength) * (1 - full))


def heatmaps(reading: Reading, largest: float) -> Iterator[tuple[str, str, list]]:
    """What is drawn of a reading, a column a step: name, range of the colours, and images.

    Influences have a scale up to `largest`. A row is a unit; those of positive output weight are an
    image of their own, above the others.
    """
    yield _heatmap("probability of a positive review", reading.probability[:, None], SIGNED, 0, 1)
    yield _heatmap("influence", reading.influence[:, None], SIGNED, -largest, largest)
    if reading.linear is not None:
        yield _heatmap("linear", reading.linear[:, None], SIGNED, -largest, largest)
    positive = int((reading.output_weights > 0).sum())
    for symbol, values in reading.inside.items():
        if symbol in GATES:  # its own range, as most gates move little
            name = f"{NAMES[symbol]}, mean {values.mean():.2f}"
            yield _heatmap(name, values, GATE, values.min(), values.max(), positive)
        else:
            high = np.abs(values).max()
            yield _heatmap(NAMES[symbol], values, SIGNED, -high, high, positive)


def _heatmap(
    name: str, values: np.ndarray, colours: str, low: float, high: float, first: int = 1
) -> tuple[str, str, list[tuple[int, str]]]:
    """Values (columns, rows) as images, each with its number of rows: the `first`, the others."""
    images = []
    for rows in filter(len, np.split(values.T, [first])):
        file = io.BytesIO()
        imsave(file, rows, cmap=colours, vmin=low, vmax=high, metadata={"Software": None})
        code = base64.b64encode(file.getvalue()).decode()
        images.append((len(rows), f"data:image/png;base64,{code}"))
    return name, f"{two_decimals(low)} to {two_decimals(high)}", images
