"""The IMDB reviews as word ids: read safely, validated, encoded as Keras encodes them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data import files, npz
from data.errors import DataError
from data.sample_reviews import sample_reviews
from data.zip_member import opened

START_ID = 1
OUT_OF_VOCABULARY_ID = 2
FIRST_WORD_OFFSET = 3  # a word's id is its frequency rank (from 1) plus this
SHUFFLE_SEED = 113

SPLITS = ("train", "test")
REVIEWS_PER_SPLIT = 25_000
VOCABULARY_RANGE = (80_000, 100_000)  # the published file has 88,584 words
# The same reviews can be packed into archives with other time stamps, see `content_sha256`.
PUBLISHED_CONTENT = "4092be7b02b10e64fefa4ceb12e326293f76da0350e8bc1be5cc92b7a9bd3127"


@dataclass(frozen=True)
class Imdb:
    """Encoded reviews, in the order in which `keras.datasets.imdb.load_data` gives them.

    Attributes:
        x_train: Training reviews, each an int32 array of ids (1 start, 2 out of vocabulary).
        y_train: Their labels, int32 of shape `(reviews,)`: 0 negative, 1 positive.
        x_test: Test reviews, as `x_train`.
        y_test: Their labels, as `y_train`.
        provenance: Where the data came from, for the run record.
    """

    x_train: list[np.ndarray]
    y_train: np.ndarray
    x_test: list[np.ndarray]
    y_test: np.ndarray
    provenance: dict


@dataclass(frozen=True)
class _Ranks:
    """Reviews of one split as one flat array of ranks, before shuffling and encoding."""

    ranks: np.ndarray  # (words,) int32, all reviews one after the other
    lengths: np.ndarray  # (reviews,)
    labels: np.ndarray  # (reviews,) int32


def load_imdb(
    data_dir: Path | str | None = None, *, num_words: int | None = None, sample: bool = False
) -> Imdb:
    """Load the reviews as `keras.datasets.imdb.load_data(num_words=num_words)` does.

    Args:
        data_dir: Data directory, searched first (see `data.files.locate`).
        num_words: Ids from this one on become the out-of-vocabulary id. `None` keeps all but the
            highest id, which Keras then replaces; so does this loader.
        sample: Use the built-in sample reviews instead of the file.

    Returns:
        The reviews, shuffled with Keras's seed, and their provenance.

    Raises:
        DataError: The file is missing or unreadable, or it is not the IMDB data.
    """
    if sample:
        file, arrays = None, sample_reviews(seed=0)
        train, test = (
            _flatten(split, arrays[f"x_{split}"], arrays[f"y_{split}"]) for split in SPLITS
        )
    else:
        file = files.locate(files.IMDB, data_dir)
        train, test = _read_imdb(file.path)

    content = _hash(train, test)
    # One generator for both splits: the test order depends on the training order's draws.
    shuffler = np.random.RandomState(SHUFFLE_SEED)
    order_train, order_test = (shuffler.permutation(len(split.labels)) for split in (train, test))
    limit = num_words or max(split.ranks.max() for split in (train, test)) + FIRST_WORD_OFFSET
    return Imdb(
        x_train=_encode(train, order_train, limit),
        y_train=train.labels[order_train],
        x_test=_encode(test, order_test, limit),
        y_test=test.labels[order_test],
        provenance={
            "dataset": "imdb",
            "sample": sample,
            "files": [_record(file, content)] if file else [],
            "facts": _facts(train, test) | {"content_sha256": content},
            "notes": _notes(train, test, file, content),
        },
    )


def content_sha256(path: Path) -> str:
    """Hash the reviews and labels of an `imdb.npz`, independently of how they are packed.

    Returns:
        SHA-256, in hexadecimal, of six arrays of little-endian int32 in stored order: the lengths
        of the training reviews, all their ranks one after another, their labels; likewise test.

    Raises:
        DataError: The file cannot be read, or is not the IMDB data.
    """
    return _hash(*_read_imdb(path))


def _read_imdb(path: Path) -> tuple[_Ranks, _Ranks]:
    """Read and validate `imdb.npz`: the training and the test reviews."""
    try:
        with opened(path) as archive:
            train, test = (
                _flatten(
                    split,
                    npz.read_lists(archive, f"x_{split}"),
                    npz.read_numbers(archive, f"y_{split}"),
                )
                for split in SPLITS
            )
        _check_is_imdb(train, test)
    except DataError as error:
        raise DataError(
            f"{path}: {error} Remove the file and run `make data` for the published one, "
            "or use --sample."
        ) from error
    return train, test


def _flatten(split: str, reviews: Sequence[Sequence[int]], labels: np.ndarray) -> _Ranks:
    """Check the reviews and labels of one split, and put all ranks into one array."""
    if len(reviews) != len(labels):
        raise DataError(f"x_{split} has {len(reviews)} reviews, y_{split} {len(labels)} labels.")
    if len(labels) == 0 or not np.isin(labels, (0, 1)).all():
        raise DataError(f"y_{split} must hold labels 0 and 1, but has {np.unique(labels)[:5]}.")
    lengths = np.fromiter(map(len, reviews), np.int64, len(reviews))
    if not lengths.all():
        raise DataError(f"x_{split}[{lengths.argmin()}] is a review without words.")
    ranks = np.concatenate(reviews, dtype=np.int32)
    if ranks.min() < 1 or ranks.max() >= 2**31 - FIRST_WORD_OFFSET:
        raise DataError(
            f"x_{split} has word ranks from {ranks.min()} to {ranks.max()}; the first rank is 1."
        )
    return _Ranks(ranks, lengths, labels.astype(np.int32))


def _check_is_imdb(train: _Ranks, test: _Ranks) -> None:
    """Refuse arrays of the right form that are not the 50,000 IMDB reviews."""
    for name, split in (("train", train), ("test", test)):
        negative, positive = np.bincount(split.labels, minlength=2)
        if negative != positive or len(split.labels) != REVIEWS_PER_SPLIT:
            raise DataError(
                f"y_{name} has {negative} negative and {positive} positive labels; "
                f"IMDB has {REVIEWS_PER_SPLIT // 2} of each."
            )
    highest = max(train.ranks.max(), test.ranks.max())
    lowest = min(train.ranks.min(), test.ranks.min())
    if lowest != 1 or not VOCABULARY_RANGE[0] <= highest <= VOCABULARY_RANGE[1]:
        raise DataError(
            f"x_train and x_test have word ranks from {lowest} to {highest}; IMDB's start at 1 "
            "and end near 88584 (all words; no start mark, no limit on the vocabulary)."
        )


def _hash(train: _Ranks, test: _Ranks) -> str:
    """What `content_sha256` returns."""
    digest = hashlib.sha256()
    for split in (train, test):
        for array in (split.lengths, split.ranks, split.labels):
            digest.update(array.astype("<i4").tobytes())
    return digest.hexdigest()


def _encode(split: _Ranks, order: np.ndarray, limit: int) -> list[np.ndarray]:
    """Turn ranks into ids: start mark in front, rank + 3, out of vocabulary from `limit` on."""
    starts = split.lengths.cumsum() - split.lengths  # where each review begins
    ids = np.insert(split.ranks + FIRST_WORD_OFFSET, starts, START_ID)  # (words + reviews,)
    ids[ids >= limit] = OUT_OF_VOCABULARY_ID
    reviews = np.split(ids, starts[1:] + np.arange(1, len(starts)))
    return [reviews[row] for row in order]


def _facts(train: _Ranks, test: _Ranks) -> dict:
    return {
        "train_reviews": len(train.labels),
        "test_reviews": len(test.labels),
        "vocabulary_words": int(max(train.ranks.max(), test.ranks.max())),
        "train_mean_words": round(float(train.lengths.mean()), 2),
        "test_mean_words": round(float(test.lengths.mean()), 2),
        "train_longest_words": int(train.lengths.max()),
        "test_longest_words": int(test.lengths.max()),
    }


def _record(file: files.DataFile, content: str) -> dict:
    """What a run record keeps of the file; `published` is about its bytes."""
    return file.record() | {"published_content": _is_published(file, content)}


def _is_published(file: files.DataFile, content: str) -> bool:
    return bool(file.published) or content == PUBLISHED_CONTENT


def _notes(train: _Ranks, test: _Ranks, file: files.DataFile | None, content: str) -> list[str]:
    """How the data differs from the published data; `file` is `None` for sample data."""
    sizes = f"{len(train.labels):,} training and {len(test.labels):,} test reviews"
    if file is None:
        return [
            f"Built-in sample data, seed 0: {sizes} of made-up words with IMDB's layout; "
            "the numbers say nothing about real reviews."
        ]
    if _is_published(file, content):
        return []
    highest = max(train.ranks.max(), test.ranks.max())
    return [
        "imdb.npz has other content than the published file (its content hash differs); it was "
        "used after validation "
        f"({sizes}, half of each label, word ranks from 1 to {highest:,}). The order of the "
        "reviews may differ, so the last 5,000 training reviews (the validation set) may be "
        "other reviews."
    ]
