"""Feeds one parser with bytes that atheris makes from what they reach in the code.

`python tests/coverage_fuzz.py KIND FOLDER [options of libFuzzer]`; KIND is one of `PARSERS`. The
folder receives the first inputs and all that reach new code. Status 0: each input was read or
refused in words, within 10 s and 1.5 GB. Anything else ends the program with another status.
"""

import contextlib
import gzip
import io
import json
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent / "data"))

with atheris.instrument_imports(include=["data", "harness.records"]):
    from data import npz
    from data.errors import DataError
    from data.imdb_archive import read_reviews
    from data.jena_file import LIMITS, MISSING_READING, parse, read_source
    from data.text import load_text
    from harness.errors import RunError
    from harness.records.files import write_checksums
    from harness.records.record import load_record

import records
from test_any_file import independently, member_bytes, row


def read_arrays(content: bytes, folder: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x.npy", content)
    lists = [one.tolist() for one in npz.read_lists(zipfile.ZipFile(archive), "x")]
    assert independently(content) in (lists, None)


def read_table(content: bytes, folder: Path) -> None:
    path = folder / "jena.csv"
    path.write_bytes(content)
    table = parse(read_source(path))
    assert len(table.timestamps) == len(table.readings)
    for quantity, values in zip(table.quantities, table.readings.T, strict=True):
        lowest, highest = LIMITS[quantity]
        assert ((lowest <= values) & (values <= highest) | (values == MISSING_READING)).all()


def read_text(content: bytes, folder: Path) -> None:
    path = folder / "text.txt"
    path.write_bytes(content)
    text = load_text(None, str(path)).text
    assert text == text.lower()


def read_archive(content: bytes, folder: Path) -> None:
    path = folder / "reviews.tar.gz"
    path.write_bytes(gzip.compress(content, 1))
    read_reviews(path)


def read_record(content: bytes, folder: Path) -> None:
    """One byte chooses the file of a sound record whose content the others are."""
    shutil.rmtree(folder / "imdb-lstm", ignore_errors=True)
    directory = records.fabricate(folder, "imdb-lstm", predictions=True)
    files = sorted(directory.glob("*.json"))
    files[(content or b"\0")[0] % len(files)].write_bytes(content[1:])
    write_checksums(directory)
    record = load_record(directory)
    assert isinstance(json.dumps(record.config), str)


def first_arrays() -> list[bytes]:
    return [member_bytes([[1, 2], [300], [], [70_000]], protocol) for protocol in range(1, 6)]


def first_tables() -> list[bytes]:
    lines = ["Date Time," + ",".join(LIMITS), *(row(number) for number in range(3))]
    return [ending.join(lines).encode() for ending in ("\n", "\r\n")]


def first_archives() -> list[bytes]:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        file.addfile(tarfile.TarInfo("aclImdb/train/pos/0_9.txt"), io.BytesIO())
    return [archive.getvalue()]


def first_records() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        directory = records.fabricate(Path(folder), "imdb-lstm", predictions=True)
        files = sorted(directory.glob("*.json"))
        return [bytes([number]) + file.read_bytes() for number, file in enumerate(files)]


PARSERS: dict[str, tuple[Callable[[bytes, Path], None], Callable[[], list[bytes]]]] = {
    "arrays": (read_arrays, first_arrays),
    "jena": (read_table, first_tables),
    "text": (read_text, lambda: ["Alice was \u00e9.\n".encode()]),
    "reviews": (read_archive, first_archives),
    "record": (read_record, first_records),
}


def main() -> None:
    """Runs the fuzzer with the kind and the folder of the command line."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    read, first = PARSERS[kind]
    corpus, place = folder / "corpus", folder / "place"
    corpus.mkdir()
    place.mkdir()
    for number, content in enumerate(first()):
        (corpus / f"first-{number}").write_bytes(content)

    def read_any(content: bytes) -> None:
        with contextlib.suppress(DataError, RunError):
            read(content, place)

    limits = ["-timeout=10", "-rss_limit_mb=1500", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *limits, *sys.argv[3:], str(corpus)], read_any)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
