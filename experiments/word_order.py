"""Does the order of the words matter, and do trained word vectors reflect meanings?

Source:     r-slides (codes that lose the order, the geometry of word vectors), recurrent-overview
            (how far back a network remembers)
Claim:      a bag of words does not preserve the order, which a recurrent network reads; geometric
            relations between word vectors reflect semantic ones.
Protocol:   SimpleRNN, LSTM and GRU of the 500-word protocol, and a logistic regression on the bag
            of the same words, trained on the reviews as they are. They then read the test reviews
            with the words shuffled, reversed, or cut to the last ones. Of the vectors of forty
            words of a sentiment and of twenty related pairs (experiments/word_pairs.toml), before
            and after training: are cosines within a sentiment or a pair higher than those between?
            The p-value is that of the same words, distributed by chance.
Deviations: the documents state it and measure nothing.
Expected:   about 5 minutes on one CPU core.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.common.imdb import QUICK, ImdbProtocol, ImdbStudy, load_reviews, train_for_study
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED

WORDS = Path(__file__).with_name("word_pairs.toml")
LAST = (10, 25, 50, 100, 250)  # words


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and the test of the word vectors."""

    permutations: int = setting(9999, "permutations that say what chance makes", minimum=1)


def reordered(review: np.ndarray, how: str, rng: np.random.Generator) -> np.ndarray:
    """The ids of a review, `shuffled` or `reversed`; a start mark stays in front."""
    from data.imdb import START_ID

    begin = int(review[0] == START_ID)
    words = review[begin:]
    words = words[::-1] if how == "reversed" else rng.permutation(words)
    return np.concatenate([review[:begin], words])


def likeness(vectors: np.ndarray, groups: np.ndarray, orders: np.ndarray) -> list[float]:
    """Whether vectors (words, features) are more alike within groups (words,) than between them.

    Returns the mean cosine within less that between; the share of words whose nearest other word
    is of their group; and the share of orders (n, words), this one included, in which the words
    are at least as much alike within.
    """
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)  # (words, features)
    cosines = units @ units.T  # (words, words)
    own = ~np.eye(len(groups), dtype=bool)
    same = (groups[:, None] == groups) & own  # (words, words)
    nearest = np.where(own, cosines, -np.inf).argmax(1)  # (words,)
    found = cosines[same].mean()
    by_chance = np.array([cosines[np.ix_(order, order)][same].mean() for order in orders])
    p = (1 + (by_chance >= found - 1e-9).sum()) / (1 + len(orders))
    between = cosines[own & ~same].mean()
    return [float(found - between), float((groups[nearest] == groups).mean()), float(p)]


def read_words(run, num_words: int) -> dict[str, tuple[list[int], np.ndarray]]:
    """Ids of the words of a sentiment and of related pairs, and the number of each one's group."""
    from data.imdb import FIRST_WORD_OFFSET, load_word_index

    index = load_word_index(run.data_dir, sample=run.sample)
    listed = tomllib.loads(WORDS.read_text("utf-8"))["sample" if run.sample else "reviews"]
    found = {}
    for kind, groups in listed.items():
        ids = [index[word] + FIRST_WORD_OFFSET for group in groups for word in group]
        if max(ids) >= num_words:
            raise RunError(f"{WORDS} has rarer words than --num-words {num_words:,}; raise it.")
        found[kind] = ids, np.repeat(np.arange(len(groups)), len(groups[0]))
    return found


def train(protocol, run):
    import keras

    from harness.training.fit import evaluate
    from models.baselines import bag_of_ngrams
    from models.networks import recurrent_classifier

    kinds = read_words(run, protocol.num_words)
    whole = load_reviews(protocol, run, protocol.num_words)
    padded, labels = whole.padded(protocol.maxlen), whole.test[1]
    rng = np.random.default_rng(run.seed)
    train_words, test_words = (
        [review[-protocol.maxlen :] for review in x] for x, _ in (whole.train, whole.test)
    )
    readings = {"as written": test_words}
    for how in ("shuffled", "reversed"):
        readings[how] = [reordered(review, how, rng) for review in test_words]
    lengths = [n for n in LAST if n < protocol.maxlen]
    readings |= {f"last {n}": [review[-n:] for review in test_words] for n in lengths}
    likenesses = {kind: {} for kind in kinds}

    def compare_vectors(name: str, model) -> None:
        vectors = model.layers[1].get_weights()[0]  # (num_words, embedding)
        for kind, (ids, groups) in kinds.items():
            orders = rng.permuted(np.tile(np.arange(len(ids)), (protocol.permutations, 1)), axis=1)
            likenesses[kind][name] = likeness(vectors[ids], groups, orders)

    accuracies = {}
    for cell in COMPARED[:1] if run.sample else COMPARED:
        name = CELLS[cell].title
        keras.utils.set_random_seed(run.seed)
        model = recurrent_classifier(cell, *protocol.sizes)
        compare_vectors(f"{name}, before training", model)
        train_for_study(protocol, run, padded, model, name)
        compare_vectors(f"{name}, after training", model)
        ids = [keras.utils.pad_sequences(x, protocol.maxlen) for x in readings.values()]
        accuracies[name] = [evaluate(model, (x, labels))["accuracy"] for x in ids]
    linear = bag_of_ngrams(1).fit(train_words, whole.train[1])
    accuracies["Bag of words"] = [linear.score(x, labels) for x in readings.values()]

    columns = [*readings, *(f"as written less {name}" for name in readings if name != "as written")]
    rows = {name: [*a, *(a[0] - one for one in a[1:])] for name, a in accuracies.items()}
    places = [*lengths, protocol.maxlen]
    curves = [Series(name, places, [*a[3:], a[0]]) for name, a in accuracies.items()]
    alike = ["cosine within less between", "nearest word within", "p"]
    run.finish_study(
        [
            Table("Test accuracy by what is read of a review", columns, rows),
            *(Table(f"Word vectors: {kind}", alike, found) for kind, found in likenesses.items()),
            Lines("Test accuracy on the last words", "words", "accuracy", curves, log_x=True),
        ]
    )


EXPERIMENT = ImdbStudy(
    "word-order",
    "Word order and word vectors",
    protocol=Protocol(),
    sample=QUICK | {"permutations": 99},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
