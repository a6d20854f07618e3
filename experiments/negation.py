"""Negation: which models notice that "not good" is the opposite of "good"?

Source:     none; readers of the documents ask for it.
Claim:      none.
Protocol:   SimpleRNN, LSTM and GRU of the 500-word protocol (weights of the best validation epoch),
            and logistic regressions on words and on words and bigrams of whole reviews, with the
            same vocabulary, all trained on the same reviews. Each model then reads pairs of
            sentences of opposite meaning (experiments/negation_pairs.toml). Two numbers are
            counted: pairs whose positive sentence is the more probable one, and pairs with a
            probability above one half for the positive sentence and not for the other.
Deviations: such sentences are far shorter than reviews.
Expected:   about 4 minutes on one CPU core.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from experiments.common.imdb import ImdbProtocol, ImdbStudy, load_reviews, trained
from harness.cli import say
from harness.errors import RunError
from harness.experiment import main
from harness.records.study_outputs import Table
from models.cells import CELLS, COMPARED

LINEAR = {"Bag of words": 1, "Bag of words and bigrams": 2}  # longest n-gram
PAIRS = Path(__file__).with_name("negation_pairs.toml")
ALL = "all"


@dataclass(frozen=True)
class Kind:
    """Pairs of one kind, each a sentence and its opposite."""

    name: str  # what the pairs have in common
    lowers: list[tuple[str, str]] = field(default_factory=list)  # the opposite is less positive
    raises: list[tuple[str, str]] = field(default_factory=list)  # the opposite is more positive
    sample: bool = False  # of words of the built-in sample reviews

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The sentences of each pair, the positive one first."""
        return [*self.lowers, *((positive, negative) for negative, positive in self.raises)]


def read_kinds(sample: bool) -> list[Kind]:
    """The pairs of the real or of the sample reviews' words."""
    kinds = [Kind(**one) for one in tomllib.loads(PAIRS.read_text("utf-8"))["kind"]]
    return [kind for kind in kinds if kind.sample == sample]


def encode_pairs(kinds: list[Kind], data_dir, sample: bool, num_words: int) -> list[np.ndarray]:
    """The ids of all sentences, pair after pair, the positive one first."""
    from data.imdb import encode_words, load_word_index, split_words, unknown_words

    index = load_word_index(data_dir, sample=sample)
    sentences = [split_words(text) for kind in kinds for pair in kind.pairs for text in pair]
    for words in sentences:
        unknown = unknown_words(words, index, num_words)
        if unknown:
            raise RunError(
                f"{PAIRS}: '{unknown[0]}' is not in the vocabulary of {num_words:,}; use a higher "
                "--num-words."
            )
    return [encode_words(words, index, num_words) for words in sentences]


def train(protocol, run):
    from keras.utils import pad_sequences

    from harness.training.fit import predict
    from models.baselines import bag_of_ngrams
    from models.networks import recurrent_classifier

    kinds = read_kinds(run.sample)
    pairs = encode_pairs(kinds, run.data_dir, run.sample, protocol.num_words)
    whole = load_reviews(protocol, run, protocol.num_words)
    padded = whole.padded(protocol.maxlen)
    ids = pad_sequences(pairs, protocol.maxlen)  # (sentences, maxlen)

    probabilities = {}
    for cell in COMPARED:
        name, network = CELLS[cell].title, (recurrent_classifier, cell, *protocol.sizes)
        model = trained(protocol, run, padded, name, *network)
        probabilities[name] = predict(model, (ids, np.zeros(len(ids))))

    for name, ngrams in LINEAR.items():
        model = bag_of_ngrams(ngrams).fit(*whole.train)
        probabilities[name] = model.predict_proba(pairs)[:, 1]
        say(f"{name}: fitted")
    run.finish_study(outputs(kinds, probabilities))


def outputs(kinds: list[Kind], probabilities: dict[str, np.ndarray]) -> list[Table]:
    """Shares of the pairs by model and kind, of probabilities in the order of `encode_pairs`."""
    counts = [len(kind.pairs) for kind in kinds]
    bounds = np.cumsum(counts)[:-1]
    columns = [f"{kind.name} ({n})" for kind, n in zip(kinds, counts, strict=True)]

    def table(title: str, is_right) -> Table:
        rows = {}
        for model, found in probabilities.items():
            right = is_right(*found.reshape(-1, 2).T)  # (pairs,)
            parts = [*np.split(right, bounds), right]
            rows[model] = [float(part.mean()) for part in parts]
        return Table(title, [*columns, f"{ALL} ({sum(counts)})"], rows)

    return [
        table("share of the pairs whose probability moves the right way", lambda p, n: p > n),
        table("share of the pairs with both verdicts right", lambda p, n: (p > 0.5) & (n <= 0.5)),
    ]


EXPERIMENT = ImdbStudy("negation", "Negation", protocol=ImdbProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
