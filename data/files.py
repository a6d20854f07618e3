"""Where the data files are: the data directory, Keras's cache, or the download.

`python -m data.files` is `make data`, which data/command.py carries out.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from data.download import download
from data.errors import DataError, quoted, shown
from data.zip_member import opened, own_members, read_member

DATA_DIR_VARIABLE = "RNN_DATA_DIR"
BASE_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
DOWNLOADS = Path(__file__).parent / "downloads"
MOST_BYTES = 2**28  # of a data file; 2,000,000 rows in Jena's layout have 200 MB

IMDB = "imdb.npz"
IMDB_WORD_INDEX = "imdb_word_index.json"
JENA = "jena_climate_2009_2016.csv"
ALICE = "alice.txt"
NIETZSCHE = "nietzsche.txt"
NAMES = (IMDB, IMDB_WORD_INDEX, JENA, ALICE, NIETZSCHE)  # what the commands read

# The reviews as text, from which `imdb.npz` and its word index can be rebuilt. The user's own
# archive may hold only the labelled reviews.
STANFORD_REVIEWS = "aclImdb_v1.tar.gz"
OWN_REVIEWS = "aclImdb_reviews.tar.gz"
STANFORD_URL = f"https://ai.stanford.edu/~amaas/data/sentiment/{STANFORD_REVIEWS}"

CORPUS_URLS = {
    ALICE: "https://www.gutenberg.org/files/11/11-0.txt",
    NIETZSCHE: "https://s3.amazonaws.com/text-datasets/nietzsche.txt",
}
# Words that each corpus must contain; no hash of either was published.
CORPUS_MARKS = {ALICE: "Down the Rabbit-Hole", NIETZSCHE: "SUPPOSING that Truth is a woman"}

PUBLISHED_HASHES = {
    IMDB: "sha256:69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    IMDB_WORD_INDEX: "md5:bfafd718b763782e994055a2d397834f",
    STANFORD_REVIEWS: "md5:7c2ac02c03563afcf9b574c7e56c153a",
}

# Relative to each folder that is searched. Keras extracts an archive into a folder of the archive's
# name, with or without "_extracted" (depending on whether its `fname` was given).
CANDIDATES = {
    JENA: (
        JENA,
        f"{JENA}.zip",
        f"{JENA.removesuffix('.csv')}_extracted/{JENA}",
        f"{JENA}.zip/{JENA}",
        f"{JENA}_extracted/{JENA}",
    ),
}


@dataclass(frozen=True)
class DataFile:
    """One data file that exists.

    Attributes:
        path: Where it is.
        name: Its file name.
        sha256: SHA-256 of its bytes, in hexadecimal.
        bytes: Its size.
        published: Whether it is the published file; `None` where no hash was ever published.
    """

    path: Path
    name: str
    sha256: str
    bytes: int
    published: bool | None

    def record(self) -> dict:
        """What a run record keeps of the file: all but the path, which differs between machines."""
        return {name: value for name, value in asdict(self).items() if name != "path"}


def locate(name: str, data_dir: Path | str | None = None) -> DataFile:
    """Find a data file, or download it.

    Searched in this order: the data directory (`data_dir`, else the environment variable
    `RNN_DATA_DIR`), Keras's cache, this project's downloads. Missing files are downloaded to the
    data directory if one is set, else to this project's downloads.

    Args:
        name: One of `NAMES`, or `STANFORD_REVIEWS`.
        data_dir: Data directory; overrides the environment variable.

    Returns:
        The file, with its hash. For `JENA` it may be the csv or its zip.

    Raises:
        DataError: The data directory is unusable, the file is unreadable, or the download failed.
    """
    return find(name, data_dir) or hash_file(_fetch(name, destination(data_dir)), name)


def find(name: str, data_dir: Path | str | None = None) -> DataFile | None:
    """Find a data file where `locate` searches, without downloading it.

    Raises:
        DataError: The data directory is unusable, or the file is unreadable.
    """
    for folder in (_data_directory(data_dir), _keras_cache(), DOWNLOADS):
        for candidate in CANDIDATES.get(name, (name,)):
            # Path.is_file would raise an error for a cache without permission.
            if folder is not None and os.path.isfile(folder / candidate):
                return hash_file(folder / candidate, name)
    return None


def destination(data_dir: Path | str | None = None) -> Path:
    """The folder for new data files: the data directory, else this project's downloads.

    Raises:
        DataError: The data directory is unusable.
    """
    return _data_directory(data_dir) or DOWNLOADS


def own_file(path: Path | str) -> DataFile:
    """A file that the user names.

    Raises:
        DataError: It does not exist, is no file, or is unreadable.
    """
    path = Path(os.path.expanduser(path))
    problem = _problem(path, stat.S_ISREG, "file")
    if problem:
        raise DataError(
            f"text {shown(path)} {problem}. Name alice, nietzsche or a text file in UTF-8."
        )
    return hash_file(path, path.name)


def _data_directory(data_dir: Path | str | None) -> Path | None:
    """The data directory that the user set, checked; `None` if there is no such setting."""
    setting = "--data-dir" if data_dir is not None else DATA_DIR_VARIABLE
    value = data_dir if data_dir is not None else os.environ.get(DATA_DIR_VARIABLE)
    if not value:
        return None
    folder = Path(os.path.expanduser(value))
    problem = _problem(folder, stat.S_ISDIR, "directory")
    if not problem and not os.access(folder, os.R_OK | os.X_OK):
        problem = "cannot be read"
    if problem:
        raise DataError(
            f"data directory {shown(folder)} ({setting}) {problem}. "
            "Name an existing directory, or leave the setting out to download the data."
        )
    return folder


def _problem(path: Path, is_wanted: Callable[[int], bool], noun: str) -> str | None:
    """What keeps a path from being used; `None` if it leads to what is wanted."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:  # a name too long, or a folder without permission on the way
        return f"cannot be reached ({error.strerror})"
    return None if is_wanted(mode) else f"is not a {noun}"


def _keras_cache() -> Path:
    """The folder in which `keras.utils.get_file` keeps its downloads."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(os.path.expanduser(home)) / "datasets"


def hash_file(path: Path, name: str) -> DataFile:
    """Hash a file and compare it with the published one of that name.

    Raises:
        DataError: It is unreadable, or too large for a data file.
    """
    content = read_bytes(path)
    published = None
    if name in PUBLISHED_HASHES:
        algorithm, expected = PUBLISHED_HASHES[name].split(":")
        published = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest() == expected
    sha256 = hashlib.sha256(content).hexdigest()
    return DataFile(path, path.name, sha256, len(content), published)


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Read a whole file.

    Raises:
        DataError: It is unreadable, or has more than `most` bytes.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise DataError(
            f"{shown(path)} cannot be read ({error.strerror}). Change its permissions or remove it."
        ) from error
    if len(content) > most:
        raise DataError(f"{shown(path)} has more than {most:,} bytes; use a smaller file.")
    return content


def _fetch(name: str, folder: Path) -> Path:
    """Download a file into `folder` and return its path. Jena is published as a zip only."""
    if name == JENA:
        path = folder / f"{JENA}.zip"
        download(BASE_URL + path.name, path, known_hash=None, verify=_verify_jena_archive)
    elif name in CORPUS_URLS:
        path = folder / name
        download(CORPUS_URLS[name], path, known_hash=None, verify=verify_corpus)
    else:
        path = folder / name
        url = STANFORD_URL if name == STANFORD_REVIEWS else BASE_URL + name
        download(url, path, known_hash=PUBLISHED_HASHES[name])
    return path


def _verify_jena_archive(path: Path) -> None:
    """Accept an intact zip that holds the one csv; its hash was not published."""
    with opened(path) as archive:
        members = own_members(archive)
        if members != [JENA]:
            raise DataError(f"the archive holds {quoted(members) or 'nothing'} instead of {JENA}.")
        content = read_member(archive, JENA, MOST_BYTES)
    if content.split(b",", 1)[0].strip(b'"') != b"Date Time":
        start = shown(content[:40].decode("latin-1").strip())
        raise DataError(f"{JENA} starts with '{start}' instead of \"Date Time\".")


def verify_corpus(path: Path) -> None:
    """Accept a text that holds the words of the corpus after which the file is named.

    Raises:
        DataError: It is unreadable or another text, such as an error page.
    """
    content = read_bytes(path)
    mark = CORPUS_MARKS[path.name]
    if content.lstrip()[:1] == b"<" or mark.encode() not in content:
        start = shown(content[:40].decode("latin-1").strip())
        raise DataError(f"{path.name} starts with '{start}' and is not the book with \"{mark}\".")


if __name__ == "__main__":
    from data.command import main

    sys.exit(main())
