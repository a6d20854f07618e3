"""What a trained network computes while it reads a text, step by step, with the NumPy cells.

A short text is padded in front, and the network reads the padding as it reads words. So the state
in which it meets the first word is not zero. It is kept as the first column.
"""

from dataclasses import dataclass

import numpy as np

from explore.trained import TrainedNetwork
from harness.errors import RunError
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
GATES = "fiozr"  # the symbols of what lies between 0 and 1


@dataclass(frozen=True)
class Reading:
    """What one network computed. A column is a step; the first is the last step before the words.

    Attributes:
        network: the network.
        columns: what was read at each step, in words; before the words, how many steps there were.
        inside: what was computed at each step, by symbol, shape (columns, units). Units are ordered
            by their weight in the output layer, the largest first.
        output_weights: those weights, shape (units,).
        log_odds: what the output layer makes of the state after each step, shape (columns,).
        influence: log odds of the text minus those without the word, shape (columns,); nan where
            there is no word to leave out.
        linear: weights of the words in the linear model, shape (columns,); nan where it has none.
            None without a linear model.
        difference: between the probabilities by NumPy and by Keras.
    """

    network: TrainedNetwork
    columns: list[str]
    inside: dict[str, np.ndarray]
    output_weights: np.ndarray
    log_odds: np.ndarray
    influence: np.ndarray
    linear: np.ndarray | None
    difference: float

    @property
    def gates(self) -> dict[str, np.ndarray]:
        """What lies between 0 (shut) and 1 (open)."""
        return {symbol: values for symbol, values in self.inside.items() if symbol in GATES}

    @property
    def verdict(self) -> str:
        """What the network thinks of the whole text."""
        p = float(self.probability[-1])
        said = "positive" if p > 0.5 else "negative"
        return f"{self.network.title}: {said} ({p:.2f})"

    @property
    def probability(self) -> np.ndarray:
        """That the review is positive, after each step, shape (columns,)."""
        return sigmoid(self.log_odds)


def read(network: TrainedNetwork, cell: str, tokens: list[str], ids: list[int]) -> Reading:
    """Lets a network read a text.

    Args:
        network: of `models.imdb.recurrent` with one recurrent layer.
        cell: which one, a name of `models.cells.CELLS`.
        tokens: the start mark and the words, as they are to be shown.
        ids: their ids.

    Raises:
        RunError: NumPy and Keras do not agree.
    """
    import keras

    _, embedding, recurrent, classifier = network.model.layers
    (vectors,), (V, c) = embedding.get_weights(), classifier.get_weights()  # (units, 1), (1,)
    twin = CELLS[cell].in_numpy(recurrent.get_weights())
    maxlen = network.record.config["protocol"]["maxlen"]

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
    log_odds = (inside["h"] @ V[order] + c)[:, 0]  # (columns,)

    words = range(len(ids) - shown + (shown == len(ids)), len(ids))  # all but the start mark
    without = np.array([padded(ids[:place] + ids[place + 1 :]) for place in words])
    ends = unfold(twin, vectors[without], return_sequences=False)  # (words, units)
    influence = np.full(len(log_odds), np.nan)
    influence[-len(words) :] = log_odds[-1] - (ends @ V + c)[:, 0]

    by_keras = keras.ops.convert_to_numpy(network.model([np.array([padded(ids)])]))[0, 0]
    difference = abs(float(by_keras) - float(sigmoid(log_odds[-1])))
    if not difference <= LARGEST_DIFFERENCE:
        raise RunError(
            f"{network.path}: the NumPy cell and Keras differ by {difference:.1g} in the "
            "probability; it is not the network that its record describes."
        )
    start = f"{before} × padding" if shown == len(ids) else f"{before} earlier steps"
    return Reading(
        network=network,
        columns=[start][: len(trace) - shown] + tokens[-shown:],
        inside=inside,
        output_weights=V[order, 0],
        log_odds=log_odds,
        influence=influence,
        linear=None,
        difference=difference,
    )
