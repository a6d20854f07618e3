"""Reads the 50,000 labelled reviews from Stanford's archive without unpacking it to disk."""

import gzip
import re
import tarfile
from pathlib import Path, PurePosixPath

from data import imdb
from data.errors import DataError

FOLDERS = ("train/pos", "train/neg", "test/pos", "test/neg")
REVIEW_NAME = re.compile(r"aclImdb/((?:train|test)/(?:pos|neg))/([0-9]+_[0-9]+\.txt)")

# Bounds far above Stanford's archive: a small archive can unpack to more than the memory.
MOST_MEMBERS = 120_000  # Stanford's has about 100,000
MOST_BYTES = 2**29  # unpacked
MOST_REVIEW_BYTES = 2**20  # the longest has 13,704
_MOST_HEADER_BYTES = 2**17  # what tarfile may read between two members


def read_reviews(path: Path) -> dict[str, list[bytes]]:
    """Read the labelled reviews from a tar.gz archive laid out as Stanford's.

    Args:
        path: The archive. Members that are not labelled reviews are skipped.

    Returns:
        The reviews of each of `FOLDERS`, in the lexicographic order of their file names.

    Raises:
        DataError: The archive is damaged or unsafe, or does not hold 12,500 reviews a folder.
    """
    try:
        reviews = _read(path)
        expected = imdb.REVIEWS_PER_SPLIT // 2
        for folder, texts in reviews.items():
            if len(texts) != expected:
                raise DataError(
                    f"aclImdb/{folder} holds {len(texts):,} reviews instead of {expected:,}."
                )
    except DataError as error:
        raise DataError(
            f"{path}: {error} Remove the file and run the command again to download Stanford's."
        ) from error
    return {folder: [texts[name] for name in sorted(texts)] for folder, texts in reviews.items()}


def _read(path: Path) -> dict[str, dict[str, bytes]]:
    """The reviews by folder and file name."""
    reviews: dict[str, dict[str, bytes]] = {folder: {} for folder in FOLDERS}
    try:
        with gzip.open(path) as unpacked:
            source = _Bounded(unpacked)
            with tarfile.open(fileobj=source, mode="r|") as archive:
                for count, member in enumerate(iter(archive.next, None), start=1):
                    _check(member, count)
                    source.allow(member.size)
                    match = REVIEW_NAME.fullmatch(member.name)
                    if match and member.isreg():
                        folder, name = match.groups()
                        if name in reviews[folder]:
                            raise DataError(f"member {member.name} is there twice.")
                        reviews[folder][name] = archive.extractfile(member).read()
                    archive.members.clear()  # tarfile would keep every one
            source.allow(0)
            while source.read(2**16):  # up to the end, where gzip compares its checksum
                pass
    except (DataError, MemoryError):
        raise
    except Exception as error:  # damaged bytes can make the readers fail in nearly any way
        reason = str(error).removesuffix(".")
        raise DataError(f"the file is cut off or not a tar.gz archive ({reason}).") from error
    return reviews


class _Bounded:
    """Unpacked bytes; no more can be read than the members account for."""

    def __init__(self, stream: gzip.GzipFile):
        self._stream = stream
        self._position = 0
        self._limit = _MOST_HEADER_BYTES

    def allow(self, size: int) -> None:
        """Allow a member of this size to be read or skipped, and then the next header."""
        self._limit = self._position + size + _MOST_HEADER_BYTES

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._position += len(content)
        if self._position > MOST_BYTES:
            raise DataError(f"it unpacks to more than {MOST_BYTES:,} bytes, far too many.")
        if self._position > self._limit:
            raise DataError(f"more than {_MOST_HEADER_BYTES:,} bytes in it belong to no file.")
        return content


def _check(member: tarfile.TarInfo, count: int) -> None:
    """Refuse a member that the archive of the reviews cannot hold."""
    shown = repr(member.name[:100])
    if count > MOST_MEMBERS:
        raise DataError(f"it holds more than {MOST_MEMBERS:,} files, far too many.")
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"member {shown} points out of the archive.")
    if not (member.isdir() or member.isreg()) or member.issparse():
        raise DataError(f"member {shown} is neither a plain file nor a folder.")
    most = MOST_REVIEW_BYTES if REVIEW_NAME.fullmatch(member.name) else MOST_BYTES
    if not 0 <= member.size <= most:
        raise DataError(f"member {shown} claims {member.size:,} bytes.")
