"""The next letter of a word: after seven letters of "namaskar", the eighth.

Source:     noobs-guide
Claim:      after "namaska" a recurrent network says "r", though what followed the earlier "a"s was
            another letter each time: it remembers what came before.
Protocol:   one-hot letters, one SimpleRNN, softmax over the word's letters at every position;
            trained on that word.
Deviations: the document leaves units, optimizer and number of steps open.
Expected:   seconds.
"""

from dataclasses import dataclass

from harness.command_line import main
from harness.experiment import Experiment
from harness.protocol import OPTIMIZERS, setting
from harness.records.run import made_data


@dataclass(frozen=True)
class Protocol:
    """The word and the training."""

    word: str = setting("namaskar", "the word, or several words with commas between them")
    units: int = setting(16, "units of the SimpleRNN", minimum=1)
    steps: int = setting(300, "training steps", minimum=1)
    optimizer: str = setting("adam", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.01, "step size of the optimizer", minimum=1e-8)


def train(protocol, run):
    from data.words import different_letters, one_hot, split_words, without_memory

    words = split_words(protocol.word)
    letters = different_letters(words)

    import keras
    import numpy as np

    from harness.records.study_outputs import Heatmap, Table
    from harness.training.batches import DrawnBatches
    from harness.training.fit import train_model
    from models.backpropagation_numpy import feed_forward
    from models.characters import letter_model
    from models.recurrent_numpy import SimpleRNN, predictions, unfold

    run.write("data", made_data(run.sample, f"The letters of {', '.join(words)}."))
    x, following, weights = one_hot(words, letters)
    model = letter_model(len(letters), protocol.units)
    train_model(
        model,
        train=DrawnBatches(lambda _: (x, following, weights), protocol.steps, run.seed),
        optimizer=protocol.optimizer,
        learning_rate=protocol.learning_rate,
        loss="sparse_categorical_crossentropy",
        metric="accuracy",
        epochs=1,
        name="SimpleRNN",
    )
    # The figure is made by the textbook's loop, with the trained weights.
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

    units = [f"unit {i}" for i in range(1, protocol.units + 1)]
    accuracy = float((p.argmax(-1) == following)[real].mean())
    run.finish_study(
        [
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
                    "states: unfolded feed-forward network and loop": [
                        float(np.abs(copies - h).max())
                    ],
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
    )


EXPERIMENT = Experiment(
    name="next-letter",
    title="Next letter",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={},
    notes=lambda protocol: [],
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
