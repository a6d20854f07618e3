"""Where the data files are: the data directory, Keras's cache, or the download.

A file is read only up to a size; what it holds is checked afterwards. Whatever is wrong with one
is a `DataError`.
"""

import codecs
import gzip
import hashlib
import io
import os
import sys
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from data.errors import DataError, quoted, shown

DATA_DIR_VARIABLE = "RNN_DATA_DIR"
DOWNLOADS = Path(__file__).parent / "downloads"
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # with which such a file begins
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

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
URLS = {
    IMDB: f"{_KERAS}{IMDB}",
    IMDB_WORD_INDEX: f"{_KERAS}{IMDB_WORD_INDEX}",
    JENA: f"{_KERAS}{JENA}.zip",
    ALICE: "https://www.gutenberg.org/files/11/11-0.txt",
    NIETZSCHE: "https://s3.amazonaws.com/text-datasets/nietzsche.txt",
    STANFORD_REVIEWS: f"https://ai.stanford.edu/~amaas/data/sentiment/{STANFORD_REVIEWS}",
}
PUBLISHED_HASHES = {
    IMDB: "sha256:69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    IMDB_WORD_INDEX: "md5:bfafd718b763782e994055a2d397834f",
    STANFORD_REVIEWS: "md5:7c2ac02c03563afcf9b574c7e56c153a",
}
# Words that the other files must contain, of which no hash was published.
MARKS = {
    JENA: "Date Time",
    ALICE: "Down the Rabbit-Hole",
    NIETZSCHE: "SUPPOSING that Truth is a woman",
}

# Where the Jena file is, relative to each folder that is searched. Keras extracts an archive into a
# folder of the archive's name, with or without "_extracted" (by whether its `fname` was given).
JENA_PLACES = (
    JENA,
    f"{JENA}.zip",
    f"{JENA.removesuffix('.csv')}_extracted/{JENA}",
    f"{JENA}.zip/{JENA}",
    f"{JENA}_extracted/{JENA}",
)

ATTEMPTS = 3  # at a download
TIMEOUT_SECONDS = 30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without a bound


@dataclass(frozen=True)
class DataFile:
    """One data file that exists."""

    path: Path
    name: str  # its file name
    sha256: str  # of its bytes, in hexadecimal
    bytes: int
    published: bool | None  # is it the published file? None where no hash was ever published

    def record(self) -> dict:
        """What a run record keeps of the file: all but the path, which differs between machines."""
        return {name: value for name, value in asdict(self).items() if name != "path"}


def locate(name: str, data_dir: Path | str | None = None) -> DataFile:
    """Finds a data file, or downloads it.

    Searched in this order: the data directory (`data_dir`, else the environment variable
    `RNN_DATA_DIR`), Keras's cache, this project's downloads. Missing files are downloaded to the
    data directory if one is set, else to this project's downloads.

    Args:
        name: one of `URLS`.
        data_dir: data directory; overrides the environment variable.

    Returns:
        The file, with its hash. For `JENA` it may be the csv or its zip.
    """
    return find(name, data_dir) or hash_file(_download(name, destination(data_dir)), name)


def find(name: str, data_dir: Path | str | None = None) -> DataFile | None:
    """Finds a data file where `locate` searches, without downloading it."""
    keras_home = os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras")
    for folder in (_data_directory(data_dir), Path(keras_home) / "datasets", DOWNLOADS):
        for place in JENA_PLACES if name == JENA else (name,):
            # Path.is_file would raise an error for a cache without permission
            if folder is not None and os.path.isfile(folder / place):
                return hash_file(folder / place, name)
    return None


def destination(data_dir: Path | str | None = None) -> Path:
    """The folder for new data files: the data directory, else this project's downloads."""
    return _data_directory(data_dir) or DOWNLOADS


def own_file(path: Path | str, words: Sequence[str] = ()) -> DataFile:
    """A file that the user names, where each of some words would name another one."""
    path = Path(os.path.expanduser(path))
    if not os.path.isfile(path):
        raise DataError(
            f"there is no file {shown(path)}; check its name and folder"
            + (f", or name {' or '.join(words)}." if words else ".")
        )
    return hash_file(path, path.name)


def _data_directory(data_dir: Path | str | None) -> Path | None:
    """The data directory that the user set, which can be read; None if there is no such setting."""
    setting = DATA_DIR_VARIABLE if data_dir is None else "--data-dir"
    value = os.environ.get(DATA_DIR_VARIABLE) if data_dir is None else data_dir
    if not value:
        return None
    folder = Path(os.path.expanduser(value))
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise DataError(
            f"data directory {shown(folder)} ({setting}) cannot be read ({error.strerror}). "
            "Name an existing directory, or leave the setting out to download the data."
        ) from error
    return folder


def state_of(path: Path) -> tuple[int, int]:
    """What changes with a file: what was kept of its content belongs to this state."""
    try:
        found = path.stat()
    except OSError as error:
        raise DataError(f"there is no file {shown(path)}; check its name and folder.") from error
    return found.st_mtime_ns, found.st_size


def hash_file(path: Path, name: str) -> DataFile:
    """Hashes a file and compares it with the published one of that name."""
    content = read_bytes(path)
    algorithm, _, expected = PUBLISHED_HASHES.get(name, "").partition(":")
    published = None
    if expected:
        published = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest() == expected
    sha256 = hashlib.sha256(content).hexdigest()
    return DataFile(path, path.name, sha256, len(content), published)


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Reads a whole file, which may have `most` bytes."""
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {shown(path)}; check its name and folder.") from error
    except OSError as error:
        raise DataError(
            f"{shown(path)} cannot be read ({error.strerror}). "
            "Name another file, or change the permissions of this one."
        ) from error
    if len(content) > most:
        raise DataError(f"{shown(path)} has more than {most:,} bytes; use a smaller file.")
    return content


def read_unpacked(path: Path) -> bytes:
    """A file's bytes, unpacked if it is a gzip archive, or a zip archive with one CSV file."""
    content = read_bytes(path)
    if content.startswith((b"PK\3\4", b"PK\5\6")):
        try:
            content = read_member(path, ".csv")
        except DataError as error:
            raise DataError(f"{shown(path)}: {error} Take another copy of it.") from error
    return unpacked(content, path)


def unpacked(content: bytes, source: Path | str) -> bytes:
    """A file's bytes, unpacked if it is a gzip archive."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            content = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{shown(source)}: the file is cut off or damaged ({shown(error)}). "
            "Take another copy of it."
        ) from error
    if len(content) > MOST_BYTES:
        raise DataError(f"{shown(source)} unpacks to more than {MOST_BYTES:,} bytes; use a part.")
    return content


def decode(content: bytes, source: Path | str) -> str:
    """A file's text, from UTF-8, or from UTF-16 where a byte order mark says so."""
    is_utf16 = content.startswith(UTF16_MARKS)
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{shown(source)} is not {'UTF-16' if is_utf16 else 'UTF-8'}: byte {error.start:,} "
            f"(from 0, in line {line:,}) is 0x{content[error.start]:02x}, {error.reason}. "
            "Save it as UTF-8, for instance with iconv -f WINDOWS-1252 -t UTF-8."
        ) from error


def read_member(path: Path, ending: str, most: int = MOST_BYTES) -> bytes:
    """Reads the one member of a zip archive whose name, in small letters, ends so.

    It may have `most` bytes, whatever size the archive claims for it. The caller adds the path to
    the `DataError`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # macOS adds a folder; the published Jena file has it
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
            found = [name for name in names if name.lower().endswith(ending)]
            if len(found) != 1:
                raise DataError(
                    f"it should hold one {ending} file but holds {len(found)} "
                    f"(in it: {quoted(names) or 'nothing'})."
                )
            if archive.getinfo(found[0]).compress_type not in _METHODS:
                raise DataError(f"member {ending} is packed by another method than deflate.")
            with archive.open(found[0]) as member:
                content = member.read(most + 1)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # damaged bytes can make zipfile fail in nearly any way
        raise DataError(
            f"the file is cut off, damaged or not a zip archive ({shown(error)})."
        ) from error
    if len(content) > most:
        raise DataError(f"member {ending} unpacks to more than {most:,} bytes.")
    return content


def check_mark(name: str, content: bytes) -> None:
    """Refuses a file that is something else than its name says, such as an error page."""
    if content.lstrip()[:1] == b"<" or MARKS[name].encode() not in content:
        start = shown(content[:40].decode("latin-1").strip())
        raise DataError(f"it starts with '{start}' and does not hold \"{MARKS[name]}\".")


def _download(name: str, folder: Path) -> Path:
    """Downloads a file, which gets its name only when it is complete and checked."""
    import pooch  # slow to load, and needed only if a file is missing
    import requests

    file, url = f"{name}.zip" if name == JENA else name, URLS[name]
    expected = PUBLISHED_HASHES.get(name)
    fetch = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(), chunk_size=2**16, timeout=TIMEOUT_SECONDS
    )

    def fetch_and_check(address: str, arrived: str, client: pooch.Pooch) -> None:
        fetch(address, arrived, client)
        if name in MARKS:
            path = Path(arrived)
            check_mark(name, read_member(path, ".csv") if name == JENA else read_bytes(path))

    pooch.get_logger().setLevel("WARNING")
    client = pooch.create(
        folder, "", registry={file: expected}, urls={file: url}, retry_if_failed=ATTEMPTS - 1
    )
    try:
        return Path(client.fetch(file, downloader=fetch_and_check))
    except requests.HTTPError as error:
        problem = f"the server answered {error.response.status_code} {error.response.reason}."
    except requests.RequestException as error:
        problem = f"the connection failed or broke off ({type(error).__name__})."
    except ValueError:  # pooch's way to say that the hash differs
        problem = f"what arrived is not the published file (expected {expected})."
    except DataError as error:
        problem = f"what arrived is not the published file: {error}"
    except OSError as error:
        problem = f"it cannot be written to {folder} ({error.strerror or error})."
    raise DataError(
        f"{file} from {url}: {problem} Try `make data` again, put the file into your data "
        "directory by hand, or use --sample (built-in sample data)."
    )
