"""Reviews of one's own get the ids that the dataset gives its reviews."""

import os

import numpy as np
import pytest

from data import files, imdb
from data.errors import DataError
from data.imdb_archive import read_reviews
from data.imdb_words import encode_words, load_word_index, split_words, unknown_words
from data.sample_reviews import sample_reviews

INDEX = {"the": 1, "film": 2, "don't": 3, "caf\u00c9": 4, "rare": 5}


def test_ids_by_keras_rules():
    words = split_words("The FILM,<br />don't (miss) the CAF\u00c9: rare!")
    assert words == ["the", "film", "br", "don't", "miss", "the", "caf\u00c9", "rare"]
    assert encode_words(words, INDEX, 8).tolist() == [1, 4, 5, 6, 4, 7, 2]  # br, miss left out
    assert encode_words(words, INDEX, 7).tolist() == [1, 4, 5, 6, 4, 2, 2]
    assert unknown_words([*words, "br"], INDEX, 8) == ["br", "miss", "rare"]
    assert encode_words([], INDEX, 8).tolist() == [1]


def test_words_of_the_sample_have_the_ranks_of_its_reviews():
    index, review = load_word_index(sample=True), sample_reviews()["x_test"][0]
    words = {rank: word for word, rank in index.items()}
    text = " ".join(words[rank] for rank in review)
    ids = encode_words(split_words(text), index, None)
    limit = len(index) + imdb.FIRST_WORD_OFFSET
    (expected,) = np.array([[1, *(rank + 3 for rank in review)]])
    assert ids.tolist() == np.where(expected >= limit, 2, expected).tolist()
    assert "not" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x89PNG", "is not JSON"),
        (b"[1]", "does not give each word a rank"),
        (b'{"a": "b"}', "does not give each word a rank"),
        (b'{"a": 1, "b": 1}', "does not give each word a rank"),
    ],
)
def test_a_file_that_is_no_word_index_is_refused(tmp_path, content, sentence):
    (tmp_path / files.IMDB_WORD_INDEX).write_bytes(content)
    with pytest.raises(DataError, match=sentence) as raised:
        load_word_index(tmp_path)
    assert "make data" in str(raised.value)


@pytest.mark.skipif("RNN_DATA_DIR" not in os.environ, reason="RNN_DATA_DIR is not set")
def test_the_published_test_reviews_come_out_of_their_text():
    archive = files.find(files.OWN_REVIEWS) or files.find(files.STANFORD_REVIEWS)
    if archive is None:
        pytest.skip("the reviews as text are not in RNN_DATA_DIR")
    index, reviews = load_word_index(), read_reviews(archive.path)
    texts = [*reviews["test/pos"], *reviews["test/neg"]]
    order = np.arange(len(texts))
    shuffler = np.random.RandomState(imdb.SHUFFLE_SEED)
    shuffler.shuffle(np.arange(len(texts)))  # the training reviews are drawn first
    shuffler.shuffle(order)
    expected = imdb.load_imdb(num_words=10_000).x_test
    for place, ids in list(zip(order, expected, strict=True))[::5]:
        words = split_words(texts[place].decode())
        assert encode_words(words, index, 10_000).tolist() == ids.tolist()
