"""The IMDB reviews as word ids, encoded as Keras encodes them, and own reviews by the same rules.

What a file holds is checked, not how it is written: nothing that it names is run, and then the
numbers of reviews and labels, the range of the ranks and a hash tell whether it is the IMDB data.
If it is not, or cannot be had, that is a `DataError`.
"""

import hashlib
import io
import itertools
import json
import pickle
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data import files
from data.errors import DataError, shown
from data.sample_reviews import sample_reviews, sample_word_index

START_ID = 1
OUT_OF_VOCABULARY_ID = 2
FIRST_WORD_OFFSET = 3  # a word's id is its frequency rank (from 1) plus this
SHUFFLE_SEED = 113

SPLITS = ("train", "test")
REVIEWS_PER_SPLIT = 25_000
VOCABULARY_RANGE = (80_000, 100_000)  # the published file has 88,584 words
# The same reviews can be packed into other archives, see `content_sha256`.
PUBLISHED_CONTENT = "4092be7b02b10e64fefa4ceb12e326293f76da0350e8bc1be5cc92b7a9bd3127"

_MOST_MEMBER_BYTES = 2**25  # of an array in the archive; the largest published one has 14 MB
_MOST_WORDS = 2**24  # of a split; the published ones have 6 million

# What ends a word: the space, and these (all ASCII punctuation but the apostrophe).
FILTERS = b'!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_TO_SPACES = bytes.maketrans(FILTERS, b" " * len(FILTERS))


@dataclass(frozen=True)
class Imdb:
    """Encoded reviews, in the order in which `keras.datasets.imdb.load_data` gives them."""

    x_train: list[np.ndarray]  # each an int32 array of ids (1 start, 2 out of vocabulary)
    y_train: np.ndarray  # (reviews,) int32: 0 negative, 1 positive
    x_test: list[np.ndarray]
    y_test: np.ndarray
    provenance: dict  # where the data came from, for the run record


@dataclass(frozen=True)
class Split:
    """Reviews of one split as one flat array of ranks, before shuffling and encoding."""

    ranks: np.ndarray  # (words,) int32, all reviews one after the other
    lengths: np.ndarray  # (reviews,)
    labels: np.ndarray  # (reviews,) int32


def load_imdb(
    data_dir: Path | str | None = None, *, num_words: int | None = None, sample: bool = False
) -> Imdb:
    """Loads the reviews as `keras.datasets.imdb.load_data(num_words=num_words)` does.

    Args:
        data_dir: data directory, searched first (see `data.files.locate`).
        num_words: ids from this one on become the out-of-vocabulary id. None keeps all but the
            highest id, which Keras then replaces; so does this loader.
        sample: use the built-in sample reviews instead of the file.

    Returns:
        The reviews, shuffled with Keras's seed, and their provenance.
    """
    if sample:
        file, made = None, sample_reviews(seed=0)
        train, test = (flat(split, *made[split]) for split in SPLITS)
    else:
        file = files.locate(files.IMDB, data_dir)
        train, test = _read_imdb(file.path)

    # One generator for both splits: the test order depends on the training order's draws.
    shuffler = np.random.RandomState(SHUFFLE_SEED)
    orders = [shuffler.permutation(len(split.labels)) for split in (train, test)]
    limit = num_words or max(split.ranks.max() for split in (train, test)) + FIRST_WORD_OFFSET
    x_train, x_test = map(_encode, (train, test), orders, (limit, limit))
    y_train, y_test = train.labels[orders[0]], test.labels[orders[1]]
    return Imdb(x_train, y_train, x_test, y_test, _provenance(train, test, file))


def content_sha256(path: Path) -> str:
    """Hashes the reviews and labels of an `imdb.npz`, independently of how they are packed.

    Returns:
        SHA-256, in hexadecimal, of six arrays of little-endian int32 in stored order: the lengths
        of the training reviews, all their ranks one after another, their labels; likewise test.
    """
    return split_sha256(*_read_imdb(path))


def has_published_content(path: Path) -> bool:
    """Whether an `imdb.npz` holds the published reviews, however they are packed."""
    return content_sha256(path) == PUBLISHED_CONTENT


def split_sha256(train: Split, test: Split) -> str:
    """What `content_sha256` returns, of reviews that were read."""
    digest = hashlib.sha256()
    for split in (train, test):
        for numbers in (split.lengths, split.ranks, split.labels):
            digest.update(numbers.astype("<i4").tobytes())
    return digest.hexdigest()


def flat(split: str, reviews: object, labels: object) -> Split:
    """Puts the word ranks of a split, lists of them, into one array, and checks its labels."""
    try:  # unlike NumPy, `array` takes nothing but whole numbers
        lengths = np.fromiter(map(len, reviews), np.int64)  # (reviews,)
        ranks = array("i", itertools.islice(itertools.chain.from_iterable(reviews), _MOST_WORDS))
        ranks = np.frombuffer(ranks, np.int32)  # (words,)
    except (TypeError, OverflowError) as error:
        raise DataError(f"x_{split} holds something else than word ranks ({error}).") from error
    if not len(lengths) or not lengths.all() or lengths.sum() != len(ranks):
        raise DataError(f"x_{split} has no reviews, one without words, or too many words.")
    if ranks.min() < 1 or ranks.max() >= 2**31 - FIRST_WORD_OFFSET:
        raise DataError(
            f"x_{split} has word ranks from {ranks.min()} to {ranks.max()}; the first rank is 1."
        )
    are_numbers = isinstance(labels, np.ndarray) and labels.dtype.kind in "iu"
    if not are_numbers or labels.shape != lengths.shape or not np.isin(labels, (0, 1)).all():
        raise DataError(f"y_{split} does not hold a label 0 or 1 for each review.")
    return Split(ranks, lengths, labels.astype(np.int32))


class _StandIn:
    """What a pickle gets in place of whatever it names: it only keeps its state."""

    def __init__(self, *arguments: object):
        self.state: tuple = ()

    def __setstate__(self, state: tuple) -> None:
        self.state = state


class _Unpickler(pickle.Unpickler):
    """Runs nothing: NumPy stores an array of lists as a pickle, which can name any function."""

    def find_class(self, module: str, name: str) -> type:
        return _StandIn


def _read_array(path: Path, name: str) -> object:
    """An array in an archive; of an array of objects, the list of its items."""
    stream = io.BytesIO(files.read_member(path, f"{name}.npy", _MOST_MEMBER_BYTES))
    try:
        np.lib.format.read_magic(stream)
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.hasobject:
            return _Unpickler(stream, encoding="latin1").load().state[-1]
        return np.frombuffer(stream.read(), dtype).reshape(shape)
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes can make pickle fail in nearly any way
        raise DataError(
            f"{name} is not an array; nothing in it was run ({shown(error)})."
        ) from error


def _read_imdb(path: Path) -> tuple[Split, Split]:
    """The training and the test reviews of an `imdb.npz`, if they are IMDB's 50,000."""
    try:
        splits = [
            flat(split, _read_array(path, f"x_{split}"), _read_array(path, f"y_{split}"))
            for split in SPLITS
        ]
        for name, split in zip(SPLITS, splits, strict=True):
            negative, positive = np.bincount(split.labels, minlength=2)
            if negative != positive or len(split.labels) != REVIEWS_PER_SPLIT:
                raise DataError(
                    f"y_{name} has {negative} negative and {positive} positive labels; "
                    f"IMDB has {REVIEWS_PER_SPLIT // 2} of each."
                )
        lowest = min(split.ranks.min() for split in splits)
        highest = max(split.ranks.max() for split in splits)
        if lowest != 1 or not VOCABULARY_RANGE[0] <= highest <= VOCABULARY_RANGE[1]:
            raise DataError(
                f"x_train and x_test have word ranks from {lowest} to {highest}; IMDB's start at 1 "
                "and end near 88584 (all words; no start mark, no limit on the vocabulary)."
            )
    except DataError as error:
        raise DataError(
            f"{path}: {error} Remove the file and run `make data` for the published one, "
            "or use --sample."
        ) from error
    return splits[0], splits[1]


def _encode(split: Split, order: np.ndarray, limit: int) -> list[np.ndarray]:
    """Reviews as ids: start mark in front, rank + 3, out of vocabulary from `limit` on."""
    starts = split.lengths.cumsum() - split.lengths  # where each review begins
    ids = np.insert(split.ranks + FIRST_WORD_OFFSET, starts, START_ID)  # (words + reviews,)
    ids[ids >= limit] = OUT_OF_VOCABULARY_ID
    reviews = np.split(ids, starts[1:] + np.arange(1, len(starts)))
    return [reviews[row] for row in order]


def _provenance(train: Split, test: Split, file: files.DataFile | None) -> dict:
    """Where the reviews came from, and how they differ from the published ones."""
    sizes = f"{len(train.labels):,} training and {len(test.labels):,} test reviews"
    highest, content = int(max(train.ranks.max(), test.ranks.max())), split_sha256(train, test)
    is_published = file is not None and (bool(file.published) or content == PUBLISHED_CONTENT)
    notes = []
    if file is None:
        notes = [
            f"Built-in sample data, seed 0: {sizes} of made-up words with IMDB's layout; "
            "the numbers say nothing about real reviews."
        ]
    elif not is_published:
        notes = [
            "imdb.npz has other content than the published file (its content hash differs); it was "
            f"used after validation ({sizes}, half of each label, word ranks from 1 to "
            f"{highest:,}). The order of the reviews may differ, so the last 5,000 training "
            "reviews (the validation set) may be other reviews."
        ]
    return {
        "dataset": "imdb",
        "sample": file is None,
        # In a file's own entry, `published` is about its bytes.
        "files": [file.record() | {"published_content": is_published}] if file else [],
        "facts": {
            "train_reviews": len(train.labels),
            "test_reviews": len(test.labels),
            "vocabulary_words": highest,
            "train_mean_words": round(float(train.lengths.mean()), 2),
            "test_mean_words": round(float(test.lengths.mean()), 2),
            "train_longest_words": int(train.lengths.max()),
            "test_longest_words": int(test.lengths.max()),
            "content_sha256": content,
        },
        "notes": notes,
    }


def load_word_index(data_dir: Path | None = None, *, sample: bool = False) -> dict[str, int]:
    """The rank of each word, 1 for the most frequent one.

    Args:
        data_dir: data directory, searched first (see `data.files.locate`).
        sample: the words of the built-in sample reviews instead of those of the file.
    """
    if sample:
        return sample_word_index()
    path = files.locate(files.IMDB_WORD_INDEX, data_dir).path
    try:
        index = json.loads(files.read_bytes(path))
        if sorted(index.values()) == list(range(1, len(index) + 1)):
            return index
        problem = "it does not give each word a rank of its own from 1"
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        problem = f"it is no JSON of words and their ranks ({error})"
    raise DataError(f"{path}: {problem}; remove it and run `make data` for the published file.")


def words(review: bytes) -> Iterator[bytes]:
    """The words of a review, as bytes.

    Only ASCII letters become lower case, and only spaces and `FILTERS` end a word: any other
    white space is part of one (docs/imdb-dataset.md).
    """
    return filter(None, review.lower().translate(_TO_SPACES).split(b" "))


def split_words(text: str) -> list[str]:
    """The words of a review, in lower case and without punctuation, as the dataset has them."""
    return [word.decode() for word in words(text.encode())]


def encode_words(review: list[str], index: dict[str, int], num_words: int | None) -> np.ndarray:
    """Word ids as `load_imdb` gives them: start mark, rank + 3, and 2 for rare words.

    Args:
        review: words of one review; those that the index does not have are left out.
        index: the rank of each word.
        num_words: ids from this one on become 2. None keeps all but the highest.

    Returns:
        int32, shape `(known words + 1,)`.
    """
    ranks = [index[word] for word in review if word in index]
    ids = np.array([START_ID - FIRST_WORD_OFFSET, *ranks], np.int32) + FIRST_WORD_OFFSET
    ids[ids >= _limit(index, num_words)] = OUT_OF_VOCABULARY_ID
    return ids


def unknown_words(review: list[str], index: dict[str, int], num_words: int | None) -> list[str]:
    """The different words that have no id of their own, in order of appearance."""
    known = _limit(index, num_words) - FIRST_WORD_OFFSET  # ranks below
    return [word for word in dict.fromkeys(review) if index.get(word, known) >= known]


def _limit(index: dict[str, int], num_words: int | None) -> int:
    return num_words or len(index) + FIRST_WORD_OFFSET
