"""The sample reviews: IMDB's layout, and labels that only word order gives away."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from data.imdb import flat, split_sha256
from data.sample_reviews import MISLABELLED, NEGATED, sample_reviews, sample_word_index


@pytest.fixture(scope="module")
def arrays():
    return sample_reviews(seed=0)


def test_the_reviews_never_change(arrays):
    """The runs on them that tests and documents speak of would change, too."""
    splits = [flat(s, arrays[f"x_{s}"].tolist(), arrays[f"y_{s}"]) for s in ("train", "test")]
    assert split_sha256(*splits) == (
        "6c070c02892c3d4c3be6de942d6a61a03abcb4470c0da41e3c38af40b3c23836"
    )
    assert [np.bincount(split.labels).tolist() for split in splits] == [[4000, 4000], [500, 500]]
    counts = np.bincount(np.concatenate([split.ranks for split in splits]))
    assert (np.diff(counts[1:]) <= 0).all()  # ranks are by frequency, from 1
    assert arrays["x_train"].tolist() != sample_reviews(seed=1)["x_train"].tolist()


@pytest.mark.parametrize("longest", [1, 2])
def test_order_blind_model_misses_the_negated_reviews(arrays, longest):
    """Linear on counts of words (1) or of words and neighbouring pairs (2)."""
    counter = CountVectorizer(ngram_range=(1, longest), token_pattern=r"\d+")
    x_train, x_test = ([str(r) for r in arrays[name]] for name in ("x_train", "x_test"))
    train = counter.fit_transform(x_train)
    model = LogisticRegression(C=0.1, max_iter=1000).fit(train, arrays["y_train"])
    accuracy = model.score(counter.transform(x_test), arrays["y_test"])
    as_it_stands = (1 - NEGATED) * (1 - MISLABELLED) + NEGATED * MISLABELLED
    assert abs(accuracy - as_it_stands) < 0.05


def test_order_of_opinion_and_negation_decides(arrays):
    """One who knows the rule reads all but the mislabelled reviews right."""
    index = sample_word_index(seed=0)
    good, bad = {index["good"], index["great"]}, {index["bad"], index["awful"]}

    def read(review: list[int]) -> int:
        place = next(place for place, word in enumerate(review) if word in good | bad)
        is_negated = review.index(index["not"]) < place
        return int((review[place] in good) != is_negated)

    right = [read(r) for r in arrays["x_train"]] == arrays["y_train"]
    assert right.mean() == pytest.approx(1 - MISLABELLED, abs=0.01)
