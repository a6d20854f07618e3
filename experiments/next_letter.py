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

from harness.experiment import Experiment, main
from harness.protocol import LARGE, OPTIMIZERS, setting
from harness.records.run import made_data


@dataclass(frozen=True)
class Protocol:
    """The word and the training."""

    word: str = setting("namaskar", "the word, or several words with commas between them")
    units: int = setting(16, "units of the SimpleRNN", minimum=1, below=LARGE)
    steps: int = setting(300, "training steps", minimum=1)
    optimizer: str = setting("adam", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.01, "step size of the optimizer", minimum=1e-8)


def train(protocol, run):
    from data.words import different_letters, different_words, one_hot

    words = different_words(protocol.word)
    letters = different_letters(words)

    from experiments.common.letter_outputs import next_letter_outputs
    from harness.training.batches import DrawnBatches
    from harness.training.fit import train_model
    from harness.training.optimizers import make_optimizer
    from models.text import letter_model

    run.write("data", made_data(run.sample, f"The letters of {', '.join(words)}."))
    x, following, weights = one_hot(words, letters)
    model = letter_model(len(letters), protocol.units)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    batches = DrawnBatches(lambda _: (x, following, weights), protocol.steps, run.seed)
    train_model(run, model, batches, name="SimpleRNN")
    run.finish_study(next_letter_outputs(model, words, letters, x, following, weights))


EXPERIMENT = Experiment(
    "next-letter", "Next letter", dataset="made", role="study", protocol=Protocol(), train=train
)

if __name__ == "__main__":
    main(EXPERIMENT)
