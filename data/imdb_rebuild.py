"""Rebuilds `imdb.npz` and `imdb_word_index.json` from the reviews, and proves the result.

The steps are those of the Python 2 program that made the published files with Keras's tokeniser;
docs/imdb-dataset.md explains them one by one. The word index is equal byte for byte, and a hash
proves that `imdb.npz` has the published content. What prevents the proof is a `DataError`.
"""

import hashlib
import io
import json
import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from data import files, imdb
from data.errors import DataError, shown

FOLDERS = ("train/pos", "train/neg", "test/pos", "test/neg")
REVIEW_NAME = re.compile(r"aclImdb/((?:train|test)/(?:pos|neg))/([0-9]+_[0-9]+\.txt)")
MOST_REVIEW_BYTES = 2**16  # the longest has 13,704

_BITS_64 = 2**64 - 1
_SMALLEST_TABLE = 8
_PERTURB_SHIFT = 5
_BIG_DICTIONARY = 50_000  # above this number of keys, a full table grows less


def rebuild_imdb(data_dir: Path | str | None = None) -> Iterator[str]:
    """Writes the two files if they are missing, and says in lines what is proved about them.

    They go to the data directory, `data_dir` or `RNN_DATA_DIR`, else to this project's downloads.
    An existing file is compared, never overwritten; if both exist, only the proof is made. No file
    appears before both are proved.
    """
    folder = files.destination(data_dir)
    paths = [folder / name for name in (files.IMDB, files.IMDB_WORD_INDEX)]
    there = [path for path in paths if os.path.lexists(path)]
    for path in there:
        file = files.hash_file(path, path.name)
        if not (file.published or (path.name == files.IMDB and imdb.has_published_content(path))):
            raise DataError(
                f"{path} is there already, with other content than the published file's; move it "
                "away or name another directory with --data-dir."
            )
    archive = _archive(data_dir)
    kind = "Stanford's archive" if archive.published else "an archive of your own"
    yield f"reading {archive.path} ({kind})"
    try:
        contents = yield from _build(read_reviews(archive.path, imdb.REVIEWS_PER_SPLIT // 2))
    except DataError as error:
        raise DataError(
            f"{archive.path}: {error} Nothing was written; remove the file and run the command "
            "again to download Stanford's."
        ) from error
    for path, content in zip(paths, contents, strict=True):
        if path not in there:
            _write(path, content)
        status = "was there already, with the published content" if path in there else "written"
        yield f"{path}: {status}"


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


def _build(reviews: dict[str, list[bytes]]) -> Iterator[str]:
    """Says what is proved of the content of both files, which it returns."""
    train = reviews["train/pos"] + reviews["train/neg"]
    test = reviews["test/pos"] + reviews["test/neg"]
    labels = np.repeat([1, 0], len(train) // 2)

    ranks = word_ranks(train)
    try:
        index = word_index(ranks)
    except UnicodeDecodeError as error:
        raise DataError("not all reviews are in UTF-8, as Stanford's are.") from error
    md5 = hashlib.md5(index, usedforsecurity=False).hexdigest()
    if f"md5:{md5}" != files.PUBLISHED_HASHES[files.IMDB_WORD_INDEX]:
        raise DataError(f"these are not Stanford's reviews: their word index has the MD5 {md5}.")
    yield f"{files.IMDB_WORD_INDEX}: MD5 {md5}, as published"

    x_train, x_test = encode(train, ranks), encode(test, ranks)
    content = imdb.split_sha256(
        imdb.flat("train", x_train, labels), imdb.flat("test", x_test, labels)
    )
    if content != imdb.PUBLISHED_CONTENT:
        raise DataError(f"these are not Stanford's reviews: their content hash is {content}.")
    yield f"{files.IMDB}: content hash {content}, as published"
    packed = io.BytesIO()
    np.savez_compressed(
        packed, x_train=_objects(x_train), y_train=labels, x_test=_objects(x_test), y_test=labels
    )
    return packed.getvalue(), index


def _objects(lists: list[list[int]]) -> np.ndarray:
    """Lists of different lengths as an array of objects, as `imdb.npz` has them."""
    array = np.empty(len(lists), object)
    array[:] = lists
    return array


def _write(path: Path, content: bytes) -> None:
    """Writes a file, which appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_reviews(path: Path, expected: int) -> dict[str, list[bytes]]:
    """Reads the labelled reviews from a tar.gz archive laid out as Stanford's.

    Returns `expected` reviews of each of `FOLDERS`, in the lexicographic order of their file names.
    The caller adds the path to the `DataError`.
    """
    reviews: dict[str, dict[str, bytes]] = {folder: {} for folder in FOLDERS}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                match = REVIEW_NAME.fullmatch(member.name)
                if match and member.isreg() and member.size <= MOST_REVIEW_BYTES:
                    folder, name = match.groups()
                    reviews[folder][name] = archive.extractfile(member).read()
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes can make tarfile fail in nearly any way
        raise DataError(f"the file is cut off or not a tar.gz archive ({shown(error)}).") from error
    for folder, texts in reviews.items():
        if len(texts) != expected:
            raise DataError(f"aclImdb/{folder} holds {len(texts):,} reviews, not {expected:,}.")
    return {folder: [texts[name] for name in sorted(texts)] for folder, texts in reviews.items()}


def word_ranks(reviews: Iterable[bytes]) -> dict[bytes, int]:
    """Numbers the words from 1 by falling count.

    Words of equal count keep the order of the Python 2 dictionary in which they were counted.
    """
    counts: Counter[bytes] = Counter()  # in order of first occurrence
    for review in reviews:
        counts.update(imdb.words(review))
    by_count = sorted(iteration_order(counts), key=lambda word: -counts[word])
    return {word: rank for rank, word in enumerate(by_count, start=1)}


def word_index(ranks: dict[bytes, int]) -> bytes:
    """The content of `imdb_word_index.json`.

    Its order is that of a Python 2 dictionary which was filled by rank, pickled, and filled again
    from the pickle, that is, in its own order.
    """
    order = iteration_order(iteration_order(ranks))
    return json.dumps({word.decode(): ranks[word] for word in order}).encode()


def encode(reviews: Iterable[bytes], ranks: dict[bytes, int]) -> list[list[int]]:
    """Reviews as lists of ranks; words without a rank are left out."""
    return [[ranks[word] for word in imdb.words(review) if word in ranks] for review in reviews]


# The order in which a dictionary of CPython 2.7 gives its keys. Python 2's dictionaries do not keep
# the order of insertion. Their order is still determined: on a 64-bit machine, without hash
# randomisation (off by default in Python 2), it follows from the keys and the order in which they
# were inserted. After CPython 2.7's `Objects/stringobject.c` (the hash) and `Objects/dictobject.c`
# (the table).


def string_hash(string: bytes) -> int:
    """`hash(string)` of CPython 2.7: a signed number of 64 bits."""
    value = string[0] << 7 if string else 0
    for byte in string:
        value = (1000003 * value ^ byte) & _BITS_64
    value ^= len(string)
    signed = value - 2**64 if value >= 2**63 else value
    return -2 if signed == -1 else signed  # -1 is C's sign of an error


def iteration_order(keys: Iterable[bytes]) -> list[bytes]:
    """The keys in the order of a dictionary into which they were inserted one by one."""
    table: list[tuple[bytes, int] | None] = [None] * _SMALLEST_TABLE
    for used, key in enumerate(dict.fromkeys(keys), start=1):
        _insert(table, (key, string_hash(key)))
        if 3 * used >= 2 * len(table):
            least = used * (2 if used > _BIG_DICTIONARY else 4)
            entries, table = table, [None] * 2 ** least.bit_length()  # a larger power of two
            for entry in filter(None, entries):  # which move in the order of their old slots
                _insert(table, entry)
    return [slot[0] for slot in table if slot is not None]


def _insert(table: list[tuple[bytes, int] | None], entry: tuple[bytes, int]) -> None:
    """Puts a new entry into the first free slot of its probe sequence."""
    mask = len(table) - 1
    slot = entry[1] & mask
    perturb = entry[1] & _BITS_64  # unsigned in C
    while table[slot] is not None:
        slot = (5 * slot + perturb + 1) & mask
        perturb >>= _PERTURB_SHIFT
    table[slot] = entry
