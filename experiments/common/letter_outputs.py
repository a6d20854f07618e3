"""What the study `next-letter` shows of its trained network."""

import keras
import numpy as np

from data.words import without_memory
from harness.records.study_outputs import Heatmap, Table
from models.backpropagation_numpy import feed_forward
from models.recurrent_numpy import SimpleRNN, predictions, unfold


def next_letter_outputs(model, words, letters, x, following, weights):
    """Predictions and states of the network, and the same computed in two other ways.

    Args:
        model: as `models.text.letter_model` makes it, trained.
        words: the words.
        letters: their different letters.
        x, following, weights: the words as arrays, see `data.words.one_hot`.
    """
    # The textbook's loop makes the figure, with the trained weights.
    cell = SimpleRNN.from_keras(*model.layers[1].get_weights())
    kernel, bias = model.layers[2].get_weights()
    h = unfold(cell, x)  # (words, timesteps, units)
    p = predictions(h, kernel.T, bias)  # (words, timesteps, letters)
    copies = np.stack([feed_forward([cell.hidden] * x.shape[1], row) for row in x])
    expected = keras.ops.convert_to_numpy(model(x))  # (words, timesteps, letters)

    real = weights > 0  # (words, timesteps): positions of letters
    starts = [word[:end] for word in words for end in range(1, len(word))]
    right = np.take_along_axis(p, following[..., None], -1)[..., 0][real]  # (positions,)
    marks = [letters[i] for i in following[real]]
    columns = [start[-1] for start in starts]

    def rows(names, values):
        return {name: values[real][:, i].tolist() for i, name in enumerate(names)}

    units = [f"unit {i}" for i in range(1, cell.hidden.b.size + 1)]
    accuracy = float((p.argmax(-1) == following)[real].mean())
    return [
        Table(
            "Next letters that are right",
            ["share"],
            {"SimpleRNN": [accuracy], "at best, from the last letter": [without_memory(words)]},
        ),
        Table(
            "Probability of the letter that follows",
            ["probability"],
            {
                f"{start} → {mark}": [float(value)]
                for start, mark, value in zip(starts, marks, right, strict=True)
            },
        ),
        Table(
            "The same computation three times",
            ["largest difference"],
            {
                "predictions: NumPy loop and Keras": [float(np.abs(p - expected).max())],
                "states: unfolded feed-forward network and loop": [float(np.abs(copies - h).max())],
            },
        ),
        Heatmap(
            "p: probability of the next letter (framed: the right one)",
            columns,
            rows(letters, p),
            marks,
        ),
        Heatmap("h: state after each letter", columns, rows(units, h)),
        Heatmap(
            "x: letters read, one-hot, unfolded over time from left to right",
            columns,
            rows(letters, x),
        ),
    ]
