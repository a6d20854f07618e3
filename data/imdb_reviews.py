"""Rebuild `imdb.npz` and `imdb_word_index.json` from the reviews, and prove the result.

The steps are those of the Python 2 program that made the published files with Keras's tokeniser;
docs/imdb-dataset.md explains them one by one. The word index is equal byte for byte, and a hash
proves that `imdb.npz` has the published content.
"""

import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from data import files, imdb
from data.errors import DataError
from data.imdb_archive import read_reviews
from data.python2_dict import iteration_order
from data.python2_npz import write_imdb

PUBLISHED_BYTES = 17_464_789  # of imdb.npz

# What ends a word: the space, and these (all ASCII punctuation but the apostrophe).
FILTERS = b'!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_TO_SPACES = bytes.maketrans(FILTERS, b" " * len(FILTERS))


def rebuild_imdb(data_dir: Path | str | None = None) -> Iterator[str]:
    """Write the two files if they are missing, and say what is proved about them.

    They go to the data directory if one is set, else to this project's downloads. An existing file
    is compared, never overwritten; if both exist, only the proof is made.

    Args:
        data_dir: Data directory; overrides the environment variable `RNN_DATA_DIR`.

    Yields:
        Lines for the user, each as soon as it is known.

    Raises:
        DataError: There are no reviews, they are not Stanford's, an existing file differs, or
            nothing can be written. No file appears before both are proved.
    """
    folder = files.destination(data_dir)
    there = {path: _status(path) for path in (folder / files.IMDB, folder / files.IMDB_WORD_INDEX)}
    missing = [path for path, status in there.items() if status is None]
    # On the same disk, so that a file appears under its name only when it is complete.
    place = folder if missing else Path(tempfile.gettempdir())
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".rebuild-", dir=place) as temporary:
            archive = _archive(data_dir)
            kind = "Stanford's archive" if archive.published else "an archive of your own"
            yield f"reading {archive.path} ({kind})"
            yield from _build(Path(temporary), archive)
            for path in missing:
                os.replace(Path(temporary) / path.name, path)
    except OSError as error:
        raise DataError(
            f"directory {place} cannot be written to ({error.strerror or error}). Make it "
            "writable, make room in it, or name another with --data-dir."
        ) from error
    for path, status in there.items():
        yield f"{path}: {status or 'written'}"


def word_ranks(reviews: Iterable[bytes]) -> dict[bytes, int]:
    """Number the words from 1 by falling count.

    Words of equal count keep the order of the Python 2 dictionary in which they were counted.
    """
    counts: Counter[bytes] = Counter()  # in order of first occurrence
    for review in reviews:
        counts.update(words(review))
    by_count = sorted(iteration_order(counts), key=lambda word: -counts[word])
    return {word: rank for rank, word in enumerate(by_count, start=1)}


def words(review: bytes) -> Iterator[bytes]:
    """The words of a review, as bytes.

    Only ASCII letters become lower case, and only spaces and `FILTERS` end a word: any other
    white space is part of one.
    """
    return filter(None, review.lower().translate(_TO_SPACES).split(b" "))


def word_index(ranks: dict[bytes, int]) -> bytes:
    """The content of `imdb_word_index.json`.

    Its order is that of a Python 2 dictionary which was filled by rank, pickled, and filled again
    from the pickle, that is, in its own order.
    """
    order = iteration_order(iteration_order(ranks))
    return json.dumps({word.decode(): ranks[word] for word in order}).encode()


def encode(reviews: Iterable[bytes], ranks: dict[bytes, int]) -> list[list[int]]:
    """Reviews as lists of ranks; words without a rank are left out."""
    return [[ranks[word] for word in words(review) if word in ranks] for review in reviews]


def _status(path: Path) -> str | None:
    """What an existing file is; `None` if there is none.

    Raises:
        DataError: It is neither the published file nor one of the published content.
    """
    if not os.path.lexists(path):
        return None
    file = files.hash_file(path, path.name)
    # Even the content of the published file is compared, as a check of this comparison.
    is_right = (
        imdb.content_sha256(path) == imdb.PUBLISHED_CONTENT
        if path.name == files.IMDB
        else file.published
    )
    if not is_right:
        raise DataError(
            f"{path} is there already, with other content than the published file's; move it "
            "away or name another directory with --data-dir."
        )
    kind = "the published file" if file.published else "the published content"
    return f"was there already ({kind}); left as it is"


def _archive(data_dir: Path | str | None) -> files.DataFile:
    """Stanford's archive, else the user's own, else Stanford's after a download."""
    archive = (
        files.find(files.STANFORD_REVIEWS, data_dir)
        or files.find(files.OWN_REVIEWS, data_dir)
        or files.locate(files.STANFORD_REVIEWS, data_dir)
    )
    if archive.published is False:
        raise DataError(
            f"{archive.path} is not Stanford's archive (its MD5 differs). Remove it to download "
            f"Stanford's, or rename it to {files.OWN_REVIEWS} if its reviews are the same."
        )
    return archive


def _build(folder: Path, archive: files.DataFile) -> Iterator[str]:
    """Make both files in `folder`, and yield what is proved about them."""
    reviews = read_reviews(archive.path)
    train = reviews["train/pos"] + reviews["train/neg"]
    test = reviews["test/pos"] + reviews["test/neg"]

    ranks = word_ranks(train)
    try:
        index = word_index(ranks)
    except UnicodeDecodeError:
        raise _refusal(archive, "not all are in UTF-8") from None
    md5 = hashlib.md5(index, usedforsecurity=False).hexdigest()
    if f"md5:{md5}" != files.PUBLISHED_HASHES[files.IMDB_WORD_INDEX]:
        raise _refusal(archive, f"their word index has the MD5 {md5}")
    (folder / files.IMDB_WORD_INDEX).write_bytes(index)
    yield f"{files.IMDB_WORD_INDEX}: MD5 {md5}, as published"

    x_train, x_test = encode(train, ranks), encode(test, ranks)
    if not all(x_test):
        raise _refusal(archive, "a test review has no word of the training reviews")
    labels = [1] * (len(train) // 2) + [0] * (len(train) // 2)
    path = folder / files.IMDB
    write_imdb(path, x_train=x_train, y_train=labels, x_test=x_test, y_test=labels)
    content = imdb.content_sha256(path)  # of the file as the experiments read it
    if content != imdb.PUBLISHED_CONTENT:
        raise _refusal(archive, f"{files.IMDB} made from them has the content hash {content}")
    yield f"{files.IMDB}: content hash {content}, as published"
    size, note = path.stat().st_size, "as published"
    if size != PUBLISHED_BYTES:
        note = f"{PUBLISHED_BYTES:,} published: this Python's zlib packs differently"
    yield f"{files.IMDB}: {size:,} bytes, {note}"


def _refusal(archive: files.DataFile, problem: str) -> DataError:
    return DataError(
        f"{archive.path}: these are not Stanford's reviews ({problem}). Nothing was written; "
        "remove the file and run the command again to download Stanford's."
    )
