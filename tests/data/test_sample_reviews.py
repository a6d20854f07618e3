"""The sample reviews: IMDB's layout, and labels that only word order gives away."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from data.imdb import flat, split_sha256
from data.sample_reviews import MISLABELLED, NEGATED, sample_reviews, sample_word_index


@pytest.fixture(scope="module")
def splits():
    return sample_reviews(seed=0)


def test_the_reviews_never_change(splits):
    """The runs on them that tests and documents speak of would change, too."""
    flattened = [flat(name, *split) for name, split in splits.items()]
    assert split_sha256(*flattened) == (
        "6c070c02892c3d4c3be6de942d6a61a03abcb4470c0da41e3c38af40b3c23836"
    )
    assert [np.bincount(one.labels).tolist() for one in flattened] == [[4000, 4000], [500, 500]]
    counts = np.bincount(np.concatenate([one.ranks for one in flattened]))
    assert (np.diff(counts[1:]) <= 0).all()  # ranks are by frequency, from 1
    assert splits["train"][0] != sample_reviews(seed=1)["train"][0]


@pytest.mark.parametrize("longest", [1, 2])
def test_order_blind_model_misses_the_negated_reviews(splits, longest):
    """Linear on counts of words (1) or of words and neighbouring pairs (2)."""
    counter = CountVectorizer(ngram_range=(1, longest), token_pattern=r"\d+")
    (x_train, y_train), (x_test, y_test) = splits.values()
    model = LogisticRegression(C=0.1, max_iter=1000)
    model.fit(counter.fit_transform(map(str, x_train)), y_train)
    accuracy = model.score(counter.transform(map(str, x_test)), y_test)
    as_it_stands = (1 - NEGATED) * (1 - MISLABELLED) + NEGATED * MISLABELLED
    assert abs(accuracy - as_it_stands) < 0.05


def test_order_of_opinion_and_negation_decides(splits):
    """One who knows the rule reads all but the mislabelled reviews right."""
    index = sample_word_index(seed=0)
    good, bad = {index["good"], index["great"]}, {index["bad"], index["awful"]}

    def read(review: list[int]) -> int:
        place = next(place for place, word in enumerate(review) if word in good | bad)
        is_negated = review.index(index["not"]) < place
        return int((review[place] in good) != is_negated)

    reviews, labels = splits["train"]
    right = [read(review) for review in reviews] == labels
    assert right.mean() == pytest.approx(1 - MISLABELLED, abs=0.01)
