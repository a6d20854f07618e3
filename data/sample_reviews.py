"""Built-in sample reviews: made-up words in which order and distance decide the label.

A review is filler, one opinion word with one negation near it, and filler again:

    filler ... opinion filler negation filler ... filler     the opinion as it stands
    filler ... negation filler opinion filler ... filler     the opposite of the opinion

A negation reverses the opinion after it, never the one before it. Every review holds both words,
so a bag of words or bigrams shows the opinion but not whether it is negated: it is right only as
often as opinions are not negated. A recurrent network can read the two in order and carry the
result through the filler to the end of the review.

Nothing else tells the label: lengths, filler and negations are drawn in the same way for both
labels. A few reviews carry the wrong label, so the best possible accuracy is less than 1.
"""

import numpy as np

TRAIN_REVIEWS = 8_000
TEST_REVIEWS = 1_000

# Words are numbered by kind here; `_ranks` turns these numbers into frequency ranks.
FILLER_WORDS = 200
OPINION_WORDS = 2  # of each kind, good and bad
GOOD = FILLER_WORDS + np.arange(OPINION_WORDS)
BAD = FILLER_WORDS + OPINION_WORDS + np.arange(OPINION_WORDS)
NEGATION = FILLER_WORDS + 2 * OPINION_WORDS
WORDS = (*(f"filler{n}" for n in range(FILLER_WORDS)), "good", "great", "bad", "awful", "not")

# Frequencies of filler are as in text, about one over the rank (Zipf's law), here added up.
CUMULATED = np.cumsum(1 / np.arange(3, FILLER_WORDS + 3))
CUMULATED /= CUMULATED[-1]

NEGATED = 0.25  # share of reviews in which the negation comes first
MISLABELLED = 0.05  # share of reviews with the wrong label, which no network can get right

# Shortest and longest stretch of filler, in words.
BEFORE = (2, 10)
BETWEEN = (1, 2)
AFTER = (2, 12)


def sample_reviews(seed: int = 0) -> dict[str, tuple[list[list[int]], np.ndarray]]:
    """Makes the reviews of `train` and `test`, and their labels.

    Reviews are lists of word ranks (1 is the most frequent word); of the labels, int64, half are 0
    (negative) and half 1 (positive).
    """
    reviews, labels = _draw(seed)
    rank = _ranks(reviews)
    ranked = [rank[words].tolist() for words in reviews]
    return {
        "train": (ranked[:TRAIN_REVIEWS], labels["train"]),
        "test": (ranked[TRAIN_REVIEWS:], labels["test"]),
    }


def sample_word_index(seed: int = 0) -> dict[str, int]:
    """The rank of each word of `sample_reviews(seed)`, as `imdb_word_index.json` has it."""
    reviews, _ = _draw(seed)
    return dict(zip(WORDS, _ranks(reviews).tolist(), strict=True))


def _draw(seed: int) -> tuple[list[list[int]], dict[str, np.ndarray]]:
    """Reviews as numbers of words, training before test, and the labels of both splits."""
    rng = np.random.default_rng(seed)
    labels = {
        split: rng.permutation(np.arange(count) % 2)
        for split, count in (("train", TRAIN_REVIEWS), ("test", TEST_REVIEWS))
    }
    meant = [label != (rng.random() < MISLABELLED) for y in labels.values() for label in y]
    return [_review(rng, positive) for positive in meant], labels


def _review(rng: np.random.Generator, positive: bool) -> list[int]:
    negated = rng.random() < NEGATED
    opinion = rng.choice(GOOD if positive != negated else BAD)
    first, second = (NEGATION, opinion) if negated else (opinion, NEGATION)
    return [*_filler(rng, BEFORE), first, *_filler(rng, BETWEEN), second, *_filler(rng, AFTER)]


def _filler(rng: np.random.Generator, span: tuple[int, int]) -> np.ndarray:
    length = rng.integers(*span, endpoint=True)
    return CUMULATED.searchsorted(rng.random(length), side="right")


def _ranks(reviews: list[list[int]]) -> np.ndarray:
    """Each word's rank by frequency, the most frequent one 1, as Keras's tokeniser counts."""
    counts = np.bincount(np.concatenate(reviews))
    by_frequency = np.argsort(-counts, kind="stable")
    rank = np.empty_like(by_frequency)
    rank[by_frequency] = np.arange(1, len(counts) + 1)
    return rank
