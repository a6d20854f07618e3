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

from dataclasses import dataclass

from harness.experiment import Experiment, main
from harness.protocol import LARGE, OPTIMIZERS, setting
from harness.records.run import MODEL
from models.cells import CELLS

NGRAMS = {"5-gram": 5, "trigram": 3, "bigram": 2, "unigram": 1}


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


def train(protocol, run):
    from data.text import load_text, tail_begin, windows

    corpus = load_text(run.data_dir, protocol.text, sample=run.sample)
    run.write("data", corpus.provenance)
    ids = corpus.ids()  # (length,)
    begin = tail_begin(len(ids), protocol.tail, protocol.window)
    from experiments.common.text_outputs import text_generation_outputs
    from experiments.common.writer import Writer
    from harness.training.fit import save_network, train_model
    from harness.training.optimizers import make_optimizer
    from models.ngrams import CharacterNgrams
    from models.text import character_model

    known = len(corpus.characters)
    counted = {
        name: list(CharacterNgrams(ids[:begin], known, n).evaluate(ids, begin))
        for name, n in NGRAMS.items()
    }
    model = character_model(protocol.cell, known, protocol.units)
    writer = Writer(corpus, begin, protocol.window, protocol.sample_length, run.seed)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
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
    run.finish_study(text_generation_outputs(protocol, run.history, counted, writer.written))


EXPERIMENT = Experiment(
    "text-generation",
    "Characters",
    dataset="text",
    role="study",
    protocol=Protocol(),
    sample={"text": "sample", "epochs": 20, "batch_size": 32},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
