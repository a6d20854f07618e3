"""Own reviews as word ids, by the rules of the IMDB data (docs/imdb-dataset.md)."""

import json
from pathlib import Path

import numpy as np

from data import files, imdb_reviews
from data.errors import DataError
from data.imdb import FIRST_WORD_OFFSET, OUT_OF_VOCABULARY_ID, START_ID
from data.sample_reviews import sample_word_index

_REMEDY = "remove it and run `make data` for the published file."


def load_word_index(data_dir: Path | None = None, *, sample: bool = False) -> dict[str, int]:
    """The rank of each word, 1 for the most frequent one.

    Args:
        data_dir: Data directory, searched first (see `data.files.locate`).
        sample: The words of the built-in sample reviews instead of those of the file.

    Raises:
        DataError: The file is missing and cannot be downloaded, or it is no word index.
    """
    if sample:
        return sample_word_index()
    path = files.locate(files.IMDB_WORD_INDEX, data_dir).path
    try:
        index = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error}); {_REMEDY}") from error
    if not isinstance(index, dict) or sorted(index.values(), key=str) != sorted(
        range(1, len(index) + 1), key=str
    ):
        raise DataError(f"{path} does not give each word a rank of its own from 1; {_REMEDY}")
    return index


def split_words(text: str) -> list[str]:
    """The words of a review, in lower case and without punctuation, as the dataset has them."""
    return [word.decode() for word in imdb_reviews.words(text.encode())]


def encode_words(words: list[str], index: dict[str, int], num_words: int | None) -> np.ndarray:
    """Word ids as `load_imdb` gives them: start mark, rank + 3, and 2 for rare words.

    Args:
        words: Words of one review; those that the index does not have are left out.
        index: The rank of each word.
        num_words: Ids from this one on become 2. `None` keeps all but the highest.

    Returns:
        int32, shape `(known words + 1,)`.
    """
    ranks = [index[word] for word in words if word in index]
    ids = np.array([START_ID - FIRST_WORD_OFFSET, *ranks], np.int32) + FIRST_WORD_OFFSET
    ids[ids >= _limit(index, num_words)] = OUT_OF_VOCABULARY_ID
    return ids


def unknown_words(words: list[str], index: dict[str, int], num_words: int | None) -> list[str]:
    """The different words that have no id of their own, in order of appearance."""
    known = _limit(index, num_words) - FIRST_WORD_OFFSET  # ranks below
    return [word for word in dict.fromkeys(words) if index.get(word, known) >= known]


def _limit(index: dict[str, int], num_words: int | None) -> int:
    return num_words or len(index) + FIRST_WORD_OFFSET
