"""Files of any content: the right result or a refusal in words, within 10 s and 1.5 GB."""

import gzip
import io
import json
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limits import BYTES, LimitedReader, refused

from data import python2_npz
from data.jena import LIMITS, TIME_COLUMN


@pytest.fixture(scope="module")
def reader():
    with LimitedReader() as reader:
        yield reader
        assert reader.peak_bytes < BYTES


# `make test` tries a few variants of each kind of file, `make test-faults` three hundred.
few_or_many = pytest.mark.parametrize("examples", [20, pytest.param(300, marks=pytest.mark.faults)])


def for_any(examples: int, *strategies):
    """Runs the function with so many draws of the strategies."""

    def run(check):
        some = settings(max_examples=examples, suppress_health_check=list(HealthCheck))
        some(given(*strategies)(check))()

    return run


OPCODES = [b"]", b"(", b"e", b"a", b"q\0", b"K\1", b"M\1\2", b"\x94", b"\x95"]
SIGNS = [b"\r", b"\n", b",", b'"', b"\0", b"-", b"1"]


@st.composite
def edits(draw):
    """Changes a few bytes: overwrites, inserts, removes and repeats them, anywhere."""
    changes = draw(
        st.lists(
            st.tuples(
                st.floats(0, 1),  # where, as a share of the length
                st.integers(0, 20),  # bytes that are removed
                st.binary(max_size=8) | st.just(b"\xff" * 8) | st.sampled_from([*OPCODES, *SIGNS]),
                st.sampled_from([1, 1, 1, 1000]),  # how often those are inserted
            ),
            max_size=4,
        )
    )

    def edit(content: bytes) -> bytes:
        for share, removed, inserted, times in changes:
            position = int(share * len(content))
            content = content[:position] + inserted * times + content[position + removed :]
        return content

    edit.changes = changes
    return edit


NUMBERS = st.integers(0, 2**31 - 1) | st.integers(0, 300) | st.integers(0, 70_000)


def member_bytes(lists: list[list[int]], protocol: int) -> bytes:
    """A member of an npz archive as today's NumPy writes it, with any protocol, or Python 2."""
    array = np.empty(len(lists), dtype=object)
    array[:] = lists
    stream = io.BytesIO()
    head = {"descr": "|O", "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(stream, head)
    is_python_2 = protocol == 1
    return stream.getvalue() + (
        python2_npz.pickled_lists(lists) if is_python_2 else pickle.dumps(array, protocol)
    )


class Lists(pickle._Unpickler):
    """Python's own unpickler, written in Python; it makes nothing but lists and numbers."""

    class Array:
        def __init__(self, *arguments):
            self.items = None

        def __setstate__(self, state):
            self.items = state[-1]

    def find_class(self, module, name):
        return self.Array if name in ("_reconstruct", "ndarray", "dtype") else str


def independently(content: bytes) -> object:
    """What a `.npy` member holds; `None` if Python cannot say."""
    try:
        stream = io.BytesIO(content)
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)
        return Lists(stream, encoding="latin1").load().items
    except Exception:
        return None


@few_or_many
def test_arrays_of_lists(reader, tmp_path, examples):
    path = tmp_path / "arrays.npz"

    @for_any(
        examples,
        st.lists(st.lists(NUMBERS, max_size=1100), min_size=2, max_size=5)
        | st.integers(1000, 2100).map(lambda rows: [[row] for row in range(rows)]),
        st.integers(1, 5),
        edits(),
        st.booleans(),
    )
    def check(lists, protocol, edit, is_inside):
        x = member_bytes(lists, protocol)
        if is_inside:
            x = edit(x)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", x)
            y = io.BytesIO()
            np.save(y, np.array([0, 1, 1]))
            archive.writestr("y.npy", y.getvalue())
        if not is_inside:
            path.write_bytes(edit(path.read_bytes()))
        outcome, result = reader.read("arrays", path)
        if outcome == "refused":
            assert edit.changes, result
            assert result.isprintable()
            return
        read, numbers = json.loads(result)
        assert numbers == [0, 1, 1]
        if is_inside and edit.changes:
            assert independently(x) in (read, None)
        else:
            assert read == lists


def row(number: int) -> str:
    hours, minutes = divmod(10 * number, 60)
    readings = [low + (high - low) * (number % 90) / 100 for low, high in LIMITS.values()]
    return f"01.01.2009 {hours:02}:{minutes:02}:00," + ",".join(f"{r:.2f}" for r in readings)


@few_or_many
def test_texts(reader, tmp_path, examples):
    path = tmp_path / "text.txt"

    @for_any(examples, st.text(max_size=300).map(str.encode) | st.binary(max_size=300), edits())
    def check(content, edit):
        content = edit(content)
        path.write_bytes(content)
        outcome, result = reader.read("text", path)
        if outcome == "refused":
            assert result.isprintable()
            return
        lines = content.decode("utf-8-sig").splitlines()
        assert result == " ".join(line.strip() for line in lines if line.strip()).lower()


@few_or_many
def test_archives_of_reviews(reader, tmp_path, examples):
    """Only 50,000 files are accepted, so that each of these is refused."""
    path = tmp_path / "reviews.tar.gz"
    names = st.sampled_from(["aclImdb/train/pos/0_9.txt", "aclImdb/test/neg/1_1.txt", "../x"])

    @for_any(
        examples,
        st.lists(st.tuples(names | st.text(max_size=150), st.binary(max_size=600)), max_size=5),
        st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
        edits(),
        st.booleans(),
    )
    def check(members, form, edit, is_inside):
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=form) as archive:
            for name, content in members:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        content = edit(plain.getvalue()) if is_inside else plain.getvalue()
        content = gzip.compress(content, 1)
        path.write_bytes(content if is_inside else edit(content))
        assert str(path) in refused(reader, "reviews", path)


def two_million_rows(path):
    """Thirty-eight years of ten-minute rows in the published layout: 200 MB."""
    days = np.arange("1979-01-01", "2017-01-11", dtype="datetime64[D]")
    rows = [row(number).partition(" ")[2] for number in range(144)]
    with open(path, "w") as file:
        file.write(",".join([TIME_COLUMN, *LIMITS]) + "\n")
        for day in days:
            date = ".".join(reversed(str(day).split("-")))
            file.write("".join(f"{date} {rest}\n" for rest in rows))
    return len(days) * len(rows)


@pytest.mark.faults
def test_two_million_rows(tmp_path):
    path = tmp_path / "jena.csv"
    assert two_million_rows(path) > 2_000_000
    with LimitedReader() as reader:
        outcome, result = reader.read("jena", path)
        assert outcome == "read", result
        assert reader.peak_bytes < BYTES
