"""Text generation: a network learns to predict the next character, and writes.

Source:     noobs-guide, and the widespread Keras example that it points to.
Claim:      none in numbers: the documents show what the network writes, without a measure.
Protocol:   the text in lower case and without blank lines; windows of 10 characters, one from each
            character to the next; SimpleRNN(128) and a softmax over the characters, rmsprop,
            cross-entropy, batch 128, 25 rounds of one epoch. After each round 100 characters
            continue a window drawn at random.
Deviations: the last tenth of the text is held out, to measure there how well each next character
            is predicted (the documents train on everything and measure nothing); characters beyond
            ASCII are kept; the characters are drawn at three temperatures, not the likeliest alone.
Expected:   Alice about 4 minutes, Nietzsche about 25 minutes on one CPU core.
"""

import math
from dataclasses import dataclass

import numpy as np

from harness.experiment import Experiment, main
from harness.protocol import LARGE, OPTIMIZERS, setting
from harness.records.run import MODEL
from harness.records.study_outputs import Lines, Series, Table, Text
from models.cells import CELLS

NGRAMS = {"5-gram": 5, "trigram": 3, "bigram": 2, "unigram": 1}
TEMPERATURES = (0, 0.5, 1)
BITS, ACCURACY = "bits per character", "accuracy"


@dataclass(frozen=True)
class Protocol:
    """Values of the character model (`noobs-guide`)."""

    text: str = setting(
        "alice",
        "alice, nietzsche, or the path of any text in UTF-8",
        file_or=("alice", "nietzsche"),
    )
    cell: str = setting("simple-rnn", "recurrent layer", choices=tuple(CELLS))
    units: int = setting(128, "units of the recurrent layer", minimum=1, below=LARGE)
    window: int = setting(10, "characters that are read before the one to predict", minimum=1)
    stride: int = setting(1, "characters from one training window to the next", minimum=1)
    epochs: int = setting(25, "rounds of one epoch", minimum=1)
    batch_size: int = setting(128, "windows a training step", minimum=1)
    optimizer: str = setting("rmsprop", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.001, "step size of the optimizer", minimum=1e-8)
    tail: float = setting(0.1, "last share of the text, held out", minimum=0.001, below=1)
    sample_length: int = setting(100, "characters written after each round", minimum=0)


def notes(protocol):
    return [
        "The network is measured after its last round, with no round chosen; each character of "
        f"the last {100 * protocol.tail:g} % of the text is predicted from the true ones before it."
    ]


def writer_of(corpus, begin: int, protocol: Protocol, seed: int):
    """A callback: after each round, the network continues a window before the tail at `begin`."""
    import keras

    from models.networks import continue_text

    window, length = protocol.window, protocol.sample_length

    class Writer(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.rng = np.random.default_rng(seed)
            self.written: dict[str, str] = {}  # by round and temperature

        def on_epoch_end(self, epoch, logs=None):
            start = int(self.rng.integers(begin - window))
            prompt, known = corpus.text[start : start + window], corpus.characters
            for temperature in TEMPERATURES:
                # The record keeps the place of the window, but nothing of the text.
                name = f"round {epoch + 1}, from {start:,}, temperature {temperature}"
                self.written[name] = continue_text(
                    self.model, known, prompt, length, temperature, self.rng, window
                )

        def state(self):  # for checkpoints
            return {"written": self.written, "generator": self.rng.bit_generator.state}, []

        def restore(self, values, arrays):
            self.written, self.rng.bit_generator.state = values["written"], values["generator"]

    return Writer()


def train(protocol, run):
    from data.text import load_text, tail_begin, windows

    corpus = load_text(run.data_dir, protocol.text, sample=run.sample)
    run.write("data", corpus.provenance)
    ids = corpus.ids()  # (length,)
    begin = tail_begin(len(ids), protocol.tail, protocol.window)

    from harness.training.fit import save_network, train_model
    from harness.training.optimizers import make_optimizer
    from models.baselines import Ngrams
    from models.networks import character_model

    known = len(corpus.characters)
    counted = {
        name: list(Ngrams(ids[:begin], known, n).evaluate(ids, begin)) for name, n in NGRAMS.items()
    }
    model = character_model(protocol.cell, known, protocol.units)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    writer = writer_of(corpus, begin, protocol, run.seed)
    train_model(
        run,
        model,
        windows(ids, protocol.window, begin, protocol.window, protocol.stride),
        validation=windows(ids, begin, len(ids), protocol.window),
        epochs=protocol.epochs,
        batch_size=protocol.batch_size,
        callback=writer,
    )
    save_network(model, run.unfinished / MODEL)
    run.finish_study(outputs(protocol, run.history, counted, writer.written))


def outputs(protocol: Protocol, history: dict, counted: dict, written: dict[str, str]) -> list:
    """The held-out tail's tables, the curves over the rounds, and what the network wrote.

    `counted` has bits per character and accuracy on the tail of each n-gram model.
    """
    network = CELLS[protocol.cell].title
    curves = {ACCURACY: [history["accuracy"], history["val_accuracy"]]}
    curves[BITS] = [[nats / math.log(2) for nats in history[c]] for c in ("loss", "val_loss")]
    rounds = list(range(1, protocol.epochs + 1))
    measured = {network: [curves[BITS][1][-1], curves[ACCURACY][1][-1]], **counted}
    saved = {name: [bits - measured[network][0]] for name, (bits, _) in counted.items()}

    def panel(column, place):
        training, held_out = curves[column]
        series = [
            Series(f"{network}, training", rounds, training, dots=True),
            Series(f"{network}, held-out tail", rounds, held_out),
        ]
        references = {name: values[place] for name, values in counted.items()}
        return Lines(column.capitalize(), "round", column, series, references)

    return [
        Table("Held-out tail", [BITS, ACCURACY], measured),
        Table("Bits a character saved beside counting", [BITS], saved),
        panel(BITS, 0),
        panel(ACCURACY, 1),
        Text("What the network wrote after each round", written),
    ]


EXPERIMENT = Experiment(
    "text-generation",
    "Characters",
    dataset="text",
    role="study",
    protocol=Protocol(),
    sample={"text": "sample", "epochs": 20, "batch_size": 32},
    notes=notes,
    train=train,
    try_next='make generate PROMPT="the "',
)

if __name__ == "__main__":
    main(EXPERIMENT)
