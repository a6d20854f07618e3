"""The next letter of a word: after seven letters of "namaskar", the eighth.

Source:     noobs-guide
Claim:      after "namaska" a recurrent network says "r", though what followed the earlier "a"s was
            another letter each time: it remembers what came before.
Protocol:   one-hot letters, one SimpleRNN, softmax over the word's letters at every position;
            trained on that word.
Deviations: the document leaves units, optimizer and number of steps open.
Expected:   seconds.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data.errors import DataError, shown
from harness.experiment import Experiment, main
from harness.protocol import LARGE, OPTIMIZERS, setting
from harness.records.run import made_data
from harness.records.study_outputs import Heatmap, Table
from models.learning_numpy import feed_forward
from models.recurrent_numpy import SimpleRNN, predictions, unfold

LONGEST = 100  # letters


@dataclass(frozen=True)
class Protocol:
    """The word and the training."""

    word: str = setting("namaskar", "the word, or several words with commas between them")
    units: int = setting(16, "units of the SimpleRNN", minimum=1, below=LARGE)
    steps: int = setting(300, "training steps", minimum=1)
    optimizer: str = setting("adam", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.01, "step size of the optimizer", minimum=1e-8)


def different_words(text: str) -> list[str]:
    """The different words of a text with commas; every beginning must have one continuation."""
    words = list(dict.fromkeys(text.split(",")))
    continued: dict[str, str] = {}  # beginning -> the first word that continues it
    for word in words:
        if not 2 <= len(word) <= LONGEST:
            raise DataError(
                f"--word: '{shown(word, 20)}' has {len(word):,} letters and no next letter to "
                f"learn; give words of two to {LONGEST} letters."
            )
        for end in range(1, len(word)):
            other = continued.setdefault(word[:end], word)
            if other[end] != word[end]:
                raise DataError(
                    f"--word: '{word[:end]}' goes on with '{other[end]}' in {other} and with "
                    f"'{word[end]}' in {word}; nothing that was read tells which, so no network "
                    "can learn both. Leave one of the words out."
                )
    return words


def different_letters(words: list[str]) -> list[str]:
    """The different letters of the words: what may follow; a DataError if there is only one."""
    letters = list(dict.fromkeys("".join(words)))
    if len(letters) == 1:
        raise DataError(
            f"--word: in {','.join(words)} nothing but '{letters[0]}' can follow, so there is "
            "nothing to predict; give a word of two different letters or more."
        )
    return letters


def one_hot(words: list[str], letters: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The letters, those that follow, and their weights: zeros where a shorter word is padded."""
    shape = len(words), max(map(len, words)) - 1  # (words, timesteps)
    x = np.zeros((*shape, len(letters)), np.float32)
    following, weights = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    for row, word in enumerate(words):
        for t, (letter, after) in enumerate(pairwise(word)):
            x[row, t, letters.index(letter)] = 1
            following[row, t], weights[row, t] = letters.index(after), 1
    return x, following, weights


def without_memory(words: list[str]) -> float:
    """Share of the next letters that a bigram model gets right at best."""
    pairs = Counter(pair for word in words for pair in pairwise(word))
    best = {first: max(n for (f, _), n in pairs.items() if f == first) for first, _ in pairs}
    return sum(best.values()) / pairs.total()


def train(protocol, run):
    words = different_words(protocol.word)
    letters = different_letters(words)

    import keras
    from keras import layers

    from harness.training.batches import DrawnBatches
    from harness.training.fit import train_model
    from harness.training.optimizers import make_optimizer

    run.write("data", made_data(run.sample, f"The letters of {', '.join(words)}."))
    x, following, weights = one_hot(words, letters)
    # p_t = softmax(V h_t + c) says after each letter which comes next
    read = keras.Input((None, len(letters)), name="letters")  # (batch, timesteps, letters)
    h = layers.SimpleRNN(protocol.units, return_sequences=True)(read)  # (batch, timesteps, units)
    p = layers.Dense(len(letters), activation="softmax")(h)  # (batch, timesteps, letters)
    model = keras.Model(read, p, name="letters")
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    batches = DrawnBatches(lambda _: (x, following, weights), protocol.steps, run.seed)
    train_model(run, model, batches, name="SimpleRNN")
    run.finish_study(outputs(model, words, letters, x, following, weights))


def outputs(model, words: list[str], letters: list[str], x, following, weights) -> list:
    """Predictions and states of the trained network, and the same computed in two other ways."""
    from keras import ops

    # The textbook's loop makes the figure, with the trained weights.
    cell = SimpleRNN.from_keras(*model.layers[1].get_weights())
    kernel, bias = model.layers[2].get_weights()
    h = unfold(cell, x)  # (words, timesteps, units)
    p = predictions(h, kernel.T, bias)  # (words, timesteps, letters)
    by_keras = ops.convert_to_numpy(model(x))
    copies = np.stack([feed_forward([cell.hidden] * x.shape[1], row) for row in x])

    real = weights > 0  # (words, timesteps): positions of letters
    starts = [word[:end] for word in words for end in range(1, len(word))]
    marks = [letters[i] for i in following[real]]
    right = np.take_along_axis(p, following[..., None], -1)[real]  # (positions, 1)
    accuracy = float((p.argmax(-1) == following)[real].mean())

    def table(title: str, column: str, values: dict) -> Table:
        return Table(title, [column], {name: [float(value)] for name, value in values.items()})

    def heatmap(title: str, names: list[str], values: np.ndarray, marks=()) -> Heatmap:
        rows = dict(zip(names, values[real].T.tolist(), strict=True))
        return Heatmap(title, [start[-1] for start in starts], rows, list(marks))

    best = without_memory(words)
    followed = zip(starts, marks, right[:, 0], strict=True)
    differences = {
        "predictions: NumPy loop and Keras": np.abs(p - by_keras).max(),
        "states: unfolded feed-forward network and loop": np.abs(copies - h).max(),
    }
    return [
        table(
            "Next letters that are right",
            "share",
            {"SimpleRNN": accuracy, "at best, from the last letter": best},
        ),
        table(
            "Probability of the letter that follows",
            "probability",
            {f"{start} → {mark}": value for start, mark, value in followed},
        ),
        table("The same computation three times", "largest difference", differences),
        heatmap("p: probability of the next letter (framed: the right one)", letters, p, marks),
        heatmap("h: state after each letter", [f"unit {i + 1}" for i in range(h.shape[-1])], h),
        heatmap("x: letters read, one-hot, unfolded over time from left to right", letters, x),
    ]


EXPERIMENT = Experiment(
    "next-letter", "Next letter", dataset="made", role="study", protocol=Protocol(), train=train
)

if __name__ == "__main__":
    main(EXPERIMENT)
