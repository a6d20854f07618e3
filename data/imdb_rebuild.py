"""Rebuild `imdb.npz` and `imdb_word_index.json` from the reviews, and prove the result.

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
    """Write the two files if they are missing, and say in lines what is proved about them.

    They go to the data directory, `data_dir` or `RNN_DATA_DIR`, else to this project's downloads.
    An existing file is compared, never overwritten; if both exist, only the proof is made. No file
    appears before both are proved.
    """
    folder = files.destination(data_dir)
    there = {name: _status(folder / name) for name in (files.IMDB, files.IMDB_WORD_INDEX)}
    archive = _archive(data_dir)
    kind = "Stanford's archive" if archive.published else "an archive of your own"
    yield f"reading {archive.path} ({kind})"
    made = {}
    for name, content, proof in _build(archive):
        made[name] = content
        yield f"{name}: {proof}, as published"
    for name, status in there.items():
        if status is None:
            _write(folder / name, made[name])
        yield f"{folder / name}: {status or 'written'}"


def _status(path: Path) -> str | None:
    """What an existing file is, which must have the published content; `None` if there is none."""
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


def _build(archive: files.DataFile) -> Iterator[tuple[str, bytes, str]]:
    """Name, content and proof of both files, each with the published content."""
    expected = imdb.REVIEWS_PER_SPLIT // 2
    reviews = read_reviews(archive.path, expected)
    train = reviews["train/pos"] + reviews["train/neg"]
    test = reviews["test/pos"] + reviews["test/neg"]
    labels = np.repeat([1, 0], expected)

    ranks = word_ranks(train)
    try:
        index = word_index(ranks)
    except UnicodeDecodeError:
        raise _refusal(archive, "not all are in UTF-8") from None
    md5 = hashlib.md5(index, usedforsecurity=False).hexdigest()
    if f"md5:{md5}" != files.PUBLISHED_HASHES[files.IMDB_WORD_INDEX]:
        raise _refusal(archive, f"their word index has the MD5 {md5}")
    yield files.IMDB_WORD_INDEX, index, f"MD5 {md5}"

    x_train, x_test = encode(train, ranks), encode(test, ranks)
    try:
        content = imdb.split_sha256(
            imdb.flat("train", x_train, labels), imdb.flat("test", x_test, labels)
        )
    except DataError as error:
        raise _refusal(archive, str(error)) from error
    if content != imdb.PUBLISHED_CONTENT:
        raise _refusal(archive, f"{files.IMDB} made from them has the content hash {content}")
    packed = io.BytesIO()
    np.savez_compressed(
        packed, x_train=_objects(x_train), y_train=labels, x_test=_objects(x_test), y_test=labels
    )
    yield files.IMDB, packed.getvalue(), f"content hash {content}"


def _refusal(archive: files.DataFile, problem: str) -> DataError:
    return DataError(
        f"{archive.path}: these are not Stanford's reviews ({problem.removesuffix('.')}). Nothing "
        "was written; remove the file and run the command again to download Stanford's."
    )


def _objects(lists: list[list[int]]) -> np.ndarray:
    """Lists of different lengths as an array of objects, as `imdb.npz` has them."""
    array = np.empty(len(lists), object)
    array[:] = lists
    return array


def _write(path: Path, content: bytes) -> None:
    """Write a file, which appears under its name only when it is complete."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror or error}). Make the directory writable, "
            "make room in it, or name another with --data-dir."
        ) from error


def read_reviews(path: Path, expected: int) -> dict[str, list[bytes]]:
    """Read the labelled reviews from a tar.gz archive laid out as Stanford's, without unpacking it.

    Returns `expected` reviews of each of `FOLDERS`, in the lexicographic order of their file names.
    """
    reviews: dict[str, dict[str, bytes]] = {folder: {} for folder in FOLDERS}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                match = REVIEW_NAME.fullmatch(member.name)
                if match and member.isreg() and member.size <= MOST_REVIEW_BYTES:
                    folder, name = match.groups()
                    reviews[folder][name] = archive.extractfile(member).read()
        problem = ""
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes can make tarfile fail in nearly any way
        problem = f"the file is cut off or not a tar.gz archive ({shown(error)})"
    for folder, texts in reviews.items():
        if not problem and len(texts) != expected:
            problem = f"aclImdb/{folder} holds {len(texts):,} reviews instead of {expected:,}"
    if problem:
        raise DataError(
            f"{path}: {problem}. Remove the file and run the command again to download Stanford's."
        )
    return {folder: [texts[name] for name in sorted(texts)] for folder, texts in reviews.items()}


def word_ranks(reviews: Iterable[bytes]) -> dict[bytes, int]:
    """Number the words from 1 by falling count.

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
            table = _grown(table, used)
    return [slot[0] for slot in table if slot is not None]


def _insert(table: list[tuple[bytes, int] | None], entry: tuple[bytes, int]) -> None:
    """Put a new entry into the first free slot of its probe sequence."""
    mask = len(table) - 1
    slot = entry[1] & mask
    perturb = entry[1] & _BITS_64  # unsigned in C
    while table[slot] is not None:
        slot = (5 * slot + perturb + 1) & mask
        perturb >>= _PERTURB_SHIFT
    table[slot] = entry


def _grown(table: list[tuple[bytes, int] | None], used: int) -> list[tuple[bytes, int] | None]:
    """A larger table with the same entries, which move in the order of their old slots."""
    least = used * (2 if used > _BIG_DICTIONARY else 4)
    size = _SMALLEST_TABLE
    while size <= least:
        size *= 2
    grown: list[tuple[bytes, int] | None] = [None] * size
    for entry in table:
        if entry is not None:
            _insert(grown, entry)
    return grown
