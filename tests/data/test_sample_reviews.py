"""The sample reviews: IMDB's layout, and labels that only word order gives away."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from data.sample_reviews import (
    MISLABELLED,
    NEGATED,
    OPINION_WORDS,
    TEST_REVIEWS,
    TRAIN_REVIEWS,
    sample_reviews,
)


@pytest.fixture(scope="module")
def arrays():
    return sample_reviews(seed=0)


def test_same_seed_same_reviews(arrays):
    again, other = sample_reviews(seed=0), sample_reviews(seed=1)
    for name, array in arrays.items():
        assert array.tolist() == again[name].tolist()
    assert arrays["x_train"].tolist() != other["x_train"].tolist()


def test_layout_is_that_of_imdb(arrays):
    for split, count in (("train", TRAIN_REVIEWS), ("test", TEST_REVIEWS)):
        reviews, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
        assert reviews.dtype == object
        assert reviews.shape == labels.shape == (count,)
        assert all(isinstance(review, list) for review in reviews)
        assert np.bincount(labels).tolist() == [count // 2, count // 2]


def test_ranks_are_by_frequency(arrays):
    ranks = np.concatenate([*arrays["x_train"], *arrays["x_test"]])
    counts = np.bincount(ranks)
    assert counts[0] == 0  # ranks start at 1
    assert (np.diff(counts[1:]) <= 0).all()


def test_length_does_not_tell_the_label(arrays):
    lengths = np.array([len(review) for review in arrays["x_train"]])
    positive = arrays["y_train"] == 1
    standard_error = lengths.std() * np.sqrt(4 / len(lengths))
    assert abs(lengths[positive].mean() - lengths[~positive].mean()) < 3 * standard_error


@pytest.mark.parametrize("words", [1, 2])
def test_order_blind_model_misses_the_negated_reviews(arrays, words):
    """Linear on counts of words (1) or of words and neighbouring pairs (2)."""
    counter = CountVectorizer(analyzer=lambda review: _grams(review, words))
    train = counter.fit_transform(arrays["x_train"])
    test = counter.transform(arrays["x_test"])
    model = LogisticRegression(C=0.1, max_iter=1000).fit(train, arrays["y_train"])
    accuracy = model.score(test, arrays["y_test"])
    as_it_stands = (1 - NEGATED) * (1 - MISLABELLED) + NEGATED * MISLABELLED
    assert abs(accuracy - as_it_stands) < 0.05


def test_order_of_opinion_and_negation_decides(arrays):
    """One who knows the rule reads all but the mislabelled reviews right."""
    reviews = [*arrays["x_train"], *arrays["x_test"]]
    labels = np.concatenate([arrays["y_train"], arrays["y_test"]])
    # The one word that every review holds exactly once is the negation.
    rank = np.arange(1, max(map(max, reviews)) + 1)
    everywhere = [word for word in rank if all(review.count(word) == 1 for review in reviews[:50])]
    assert len(everywhere) == 1
    negation = everywhere[0]
    # For each word: how its reviews' labels go with its place relative to the negation.
    agreement = np.zeros(rank[-1] + 1)
    seen = np.zeros(rank[-1] + 1)
    signs = 2 * labels - 1
    for review, sign in zip(reviews, signs, strict=True):
        where = review.index(negation)
        for place, word in enumerate(review):
            agreement[word] += sign if place < where else -sign
            seen[word] += 1
    # Agreement is the share right less the share wrong; rare filler may agree by chance.
    expected = 1 - 2 * MISLABELLED
    opinions = np.flatnonzero((seen > 100) & (np.abs(agreement) > (expected - 0.1) * seen))
    assert len(opinions) == 2 * OPINION_WORDS
    assert np.abs(agreement[opinions]).sum() / seen[opinions].sum() == pytest.approx(
        expected, abs=0.02
    )


def _grams(review: list[int], longest: int) -> list[tuple[int, ...]]:
    return [
        tuple(review[start : start + size])
        for size in range(1, longest + 1)
        for start in range(len(review) - size + 1)
    ]
