"""The next word of a text: a recurrent network beside the counting of words.

Source:     noobs-guide
Claim:      to predict the next word, one must know the words before it.
Protocol:   the words of Alice in lower case, without punctuation; those that its first eight tenths
            hold once, or not at all, are one unknown word. One-hot words, windows of 10,
            SimpleRNN(128) and a softmax over the words, rmsprop, cross-entropy, batch 128, 25
            rounds on these eight tenths, of which n-grams of words are counted, too. The next
            tenth chooses the network's round and how much the counts are smoothed, and the last
            one is measured.
Deviations: the document gives no text and no network for words; these are those of its characters.
Expected:   1 to 2 minutes on one CPU core.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from harness.experiment import Experiment, main
from harness.protocol import LARGE, OPTIMIZERS, setting
from harness.records.study_outputs import Table

NETWORK, NGRAMS = "SimpleRNN", {"trigram": 3, "bigram": 2, "unigram": 1}
BITS = "bits per word"
SMOOTHINGS = (1, 10, 100, 1000)  # of the counts; one is chosen
UNKNOWN = 0  # the number of all words that are too rare to be learnt


@dataclass(frozen=True)
class Protocol:
    """Values of the model of words."""

    units: int = setting(128, "units of the SimpleRNN", minimum=1, below=LARGE)
    window: int = setting(10, "words that are read before the one to predict", minimum=2, below=100)
    epochs: int = setting(25, "rounds of one epoch", minimum=1)
    batch_size: int = setting(128, "windows a training step", minimum=1)
    optimizer: str = setting("rmsprop", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.001, "step size of the optimizer", minimum=1e-8)


def notes(protocol):
    return ["That an unknown word follows counts as right where it does, for each model."]


def words_of(text: str) -> list[str]:
    """The words of a text, such as `don't`."""
    return re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text)


def numbered(words: list[str], known: int) -> tuple[np.ndarray, int]:
    """Numbers of the words, int32 of shape (words,), and how many different ones there are.

    A word has one of its own if the first `known` words hold it twice.
    """
    counts = Counter(words[:known])
    kept = sorted(word for word, count in counts.items() if count > 1)
    number = {word: i for i, word in enumerate(kept, UNKNOWN + 1)}
    return np.array([number.get(word, UNKNOWN) for word in words], np.int32), len(number) + 1


def counted(ids: np.ndarray, known: int, n: int, begin: int, end: int) -> tuple[float, float]:
    """Bits a word and accuracy after `end` of n-grams, smoothed as suits `begin` to `end` best."""
    from models.baselines import Ngrams

    models = [Ngrams(ids[:begin], known, n, smoothing) for smoothing in SMOOTHINGS]
    best = min(models, key=lambda model: model.evaluate(ids[:end], begin)[0])
    return best.evaluate(ids, end)


def train(protocol, run):
    from data.text import SAMPLE, load_text, windows
    from harness.training.fit import BestWeights, evaluate, train_model
    from harness.training.optimizers import make_optimizer
    from models.networks import character_model

    corpus = load_text(run.data_dir, SAMPLE if run.sample else "alice", sample=run.sample)
    words = words_of(corpus.text)
    begin, end = (int(share * len(words)) for share in (0.8, 0.9))  # of the tenth that chooses
    ids, known = numbered(words, begin)
    facts = {"words": len(words), "vocabulary": known}
    run.write("data", corpus.provenance | {"facts": corpus.provenance["facts"] | facts})

    def part(first: int, last: int):
        return windows(ids, first, last, protocol.window)

    model = character_model("simple-rnn", known, protocol.units)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    best = BestWeights("loss")
    train_model(
        run,
        model,
        part(protocol.window, begin),
        validation=part(begin, end),
        epochs=protocol.epochs,
        batch_size=protocol.batch_size,
        callback=best,
        name=NETWORK,
    )
    model.set_weights(best.weights)
    measured = evaluate(model, part(end, len(ids)))
    rows = {NETWORK: [measured["loss"] / math.log(2), measured["accuracy"]]}
    for name, n in NGRAMS.items():
        rows[name] = list(counted(ids, known, n, begin, end))
    saved = {name: [rows[name][0] - rows[NETWORK][0]] for name in NGRAMS}
    run.finish_study(
        [
            Table("Last tenth", [BITS, "accuracy"], rows),
            Table("Bits a word saved beside counting", [BITS], saved),
            Table("Round that is measured", ["round"], {NETWORK: [best.epoch]}),
        ]
    )


EXPERIMENT = Experiment(
    "next-word",
    "Words",
    dataset="text",
    role="study",
    protocol=Protocol(),
    sample={"epochs": 5, "batch_size": 32},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
