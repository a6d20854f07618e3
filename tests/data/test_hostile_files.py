"""Files made to run code or fill the memory: each is refused in words, within 1.5 GB.

`make test` tries a few of each kind, `make test-faults` all.
"""

import functools
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from commands import REPOSITORY

from data.files import JENA
from data.jena_file import LIMITS, QUANTITIES, TIME_COLUMN

MEGABYTE = 2**20
FEW = {
    "a call in a list",
    "a number in the memo",
    "8 GB that claim 100 bytes",
    "encrypted",
    "rows of one comma",
    "hostile names",
    "a terminal's controls",
    "8 GB of nothing",
}


def attacks(named: dict) -> list:
    """Names of attacks as parameters."""
    marks = {True: [], False: [pytest.mark.faults]}
    return [pytest.param(name, marks=marks[name in FEW]) for name in named]


# Reads one file in a process that may occupy 1.5 GB; status 3 and a sentence if it is refused.
READ = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
from data.errors import DataError, escaped
kind, path = sys.argv[1], Path(sys.argv[2])
try:
    if kind == "imdb":
        from data.imdb import content_sha256; content_sha256(path)
    elif kind == "jena":
        from data.jena import read_jena; read_jena(path)
    elif kind == "text":
        from data.text import load_text; load_text(None, path)
    else:
        from data.imdb_rebuild import read_reviews; read_reviews(path, 12_500)
except DataError as error:
    print(escaped(str(error)), end="")
    sys.exit(3)
except MemoryError:  # of which a command says so, too
    print(path, "needs more memory", end="")
    sys.exit(3)
"""


def refused(kind: str, path: Path) -> str:
    """The message with which a file is refused: one sentence or a few, safe to print."""
    done = subprocess.run(
        [sys.executable, "-c", READ, kind, str(path)],
        cwd=REPOSITORY,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # each thread would reserve memory
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    assert str(path) in done.stdout
    assert done.stdout.isprintable()
    assert len(done.stdout) < 1000
    return done.stdout


@functools.cache
def zeros(megabytes: int) -> bytes:
    """A deflate stream of zeros, a thousandth as long, made without packing all of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(32 * MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return part * (megabytes // 32) + packer.flush()


def one_member(name: str, packed: bytes, claimed: int, method: int = 8, flags: int = 0) -> bytes:
    """A zip archive of one member, whose head may claim anything."""
    fields = struct.pack("<HHHHIIIHH", flags, method, 0, 0, 0, len(packed), claimed, len(name), 0)
    local = b"PK\3\4\x14\0" + fields + name.encode() + packed
    central = b"PK\1\2\x14\0\x14\0" + fields + bytes(14) + name.encode()
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def npz(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def npy(pickled: bytes, length: int = 25_000, descr: str = "'|O'") -> bytes:
    """An array whose content is a pickle, under a head that claims any length and type."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': ({length},), }}"
    head = head.ljust(-(10 + len(head) + 1) % 64 + len(head)) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + pickled


def array_pickle(items: bytes, shape: bytes = b"M\xa8\x61\x85") -> bytes:
    """The pickle of an object array, with opcodes of the test's own for its items."""
    whole = pickle.dumps(np.array([None, []], dtype=object)[:1], protocol=3)
    head, _, _ = whole.partition(b"]q")
    return head.replace(b"K\x01\x85", shape) + items + b"tb."


LIST_BOMB = b"]" * (20 * MEGABYTE)
PICKLES = {
    "lists in lists": array_pickle(b"]" + LIST_BOMB + b"a" * len(LIST_BOMB)),
    "a number in the memo": array_pickle(b"]r\xff\xff\xff\x7f(]q\1e"),
    "a string without end": array_pickle(b"](\x8e" + struct.pack("<Q", 2**42)),
    "fewer items than the shape": array_pickle(b"](]K\1ae"),
    "items of another type": array_pickle(b"](" + b"NU\1a\x88" * 10 + b"e"),
    "a call": b"\x80\x02cos\nsystem\n(U\x05falsetR.",
    "a call in a list": array_pickle(b"](]q\1(cos\nsystem\n(U\x05falsetRee"),
    "nothing": b"",
}


@pytest.mark.parametrize("attack", attacks(PICKLES))
def test_pickles_of_reviews(tmp_path, attack):
    path = npz(
        tmp_path / "imdb.npz", x_train=npy(PICKLES[attack]), y_train=npy(bytes(8), 1, "'<i8'")
    )
    refused("imdb", path)


HEADS = {
    "brackets": npy(bytes(99), descr="[" * 5000),
    "more items than memory": npy(bytes(99), length=10**15),
    "numbers without bytes": npy(bytes(99), length=10**5, descr="'|V0'"),
    "a head without end": b"\x93NUMPY\x01\x00\xff\xff" + b"{'descr'" * 9999,
    "cut off": npy(b"")[:40],
}


@pytest.mark.parametrize("attack", attacks(HEADS))
def test_heads_of_arrays(tmp_path, attack):
    path = npz(tmp_path / "imdb.npz", x_train=HEADS[attack])
    refused("imdb", path)


ARCHIVES = {
    "8 GB in 8 MB": lambda name: one_member(name, zeros(8192), 2**32 - 1),
    "8 GB that claim 100 bytes": lambda name: one_member(name, zeros(8192), 100),
    "511 MB": lambda name: one_member(name, zeros(512), 511 * MEGABYTE),
    "encrypted": lambda name: one_member(name, b"secret", 6, flags=1),
    "an unknown method": lambda name: one_member(name, b"packed", 6, method=99),
    "lzma": lambda name: one_member(name, b"packed", 6, method=zipfile.ZIP_LZMA),
    "a wrong checksum": lambda name: one_member(name, b"packed", 6, method=0),
    "members of hostile names": lambda name: one_member("\x1b[2J\n" * 5000, b"", 0),
    "a wrong place": lambda name: one_member(name, b"", 0)[:-8] + b"\xff" * 8,
}


@pytest.mark.parametrize("attack", attacks(ARCHIVES))
@pytest.mark.parametrize(("kind", "name"), [("imdb", "x_train.npy"), ("jena", JENA)])
def test_archives(tmp_path, attack, kind, name):
    path = tmp_path / f"{name}.zip"
    path.write_bytes(ARCHIVES[attack](name))
    refused(kind, path)


def test_ten_of_many_names_are_shown(tmp_path):
    path = npz(tmp_path / "a.npz", **{f"{number:02}\x1b[31m": b"" for number in range(64)})
    message = refused("imdb", path)
    assert r"'00\x1b[31m.npy'" in message
    assert "'09" in message
    assert "and 54 more" in message
    assert "'10" not in message


HEADER = ",".join([TIME_COLUMN, *QUANTITIES]).encode() + b"\n"
LOWEST = "".join(f",{lowest}" for lowest, _ in LIMITS.values())
ROW = f"01.01.2009 00:00:00{LOWEST}\n".encode()
TABLES = {
    "one endless line": lambda: HEADER + b"1" * (200 * MEGABYTE),
    "one line of commas": lambda: HEADER + b"," * (200 * MEGABYTE),
    "a header of commas": lambda: HEADER[:-1] + b"," * (200 * MEGABYTE),
    "a thousand columns": lambda: HEADER[:-1] + b",a" * 1000,
    "rows of nothing": lambda: HEADER + b"\n" * (200 * MEGABYTE),
    "rows of one byte": lambda: HEADER + b"1\r" * (100 * MEGABYTE),
    "rows of one comma": lambda: HEADER + b",\n" * 2_400_000,
    "an open quotation mark": lambda: HEADER + b'"' + ROW * 100_000,
    "a header over two lines": lambda: b'"Date\nTime",' + HEADER + ROW,
    "marks of quotation": lambda: HEADER + b'"' * (200 * MEGABYTE),
    "300 MB": lambda: bytes(300 * MEGABYTE),
    "the same time": lambda: HEADER + ROW * 2_000_000,
    "a column twice": lambda: HEADER[:-1] + b",T (degC)\n" + ROW,
    "hostile names": lambda: b"\x1b[2J\x9b," * 99 + b"\n" + ROW,
}


@pytest.mark.parametrize("attack", attacks(TABLES))
def test_tables(tmp_path, attack):
    path = tmp_path / JENA
    path.write_bytes(TABLES[attack]())
    refused("jena", path)


TEXTS = {
    "100 MB": lambda: b"a b\n" * (25 * MEGABYTE),
    "all characters": lambda: "".join(map(chr, range(0xA0, 0xD800))).encode(),
    "a terminal's controls": lambda: b"some text \x1b[31m and more",
    "binary": lambda: bytes(range(128)) * 100,
    "broken at the end": lambda: b"a" * 30 * MEGABYTE + b"\xff",
    "nothing but space": lambda: b" \n" * MEGABYTE,
}


@pytest.mark.parametrize("attack", attacks(TEXTS))
def test_texts(tmp_path, attack):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXTS[attack]())
    refused("text", path)


def member(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def gzipped(head: bytes, packed: bytes) -> bytes:
    """A gzip file of a head and then a deflate stream."""
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    stored = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + stored + packed


REVIEW_ARCHIVES = {
    "8 GB of nothing": lambda: gzipped(b"", zeros(8192)),
    "a long name": lambda: gzipped(
        member("a", 2**30 - 2**20, tarfile.GNUTYPE_LONGNAME), zeros(1024)
    ),
    "large reviews": lambda: gzipped(
        b"".join(
            member(f"aclImdb/train/pos/{number}_1.txt", 2**20 - 512) + bytes(2**20 - 512)
            for number in range(100)
        ),
        b"",
    ),
}


@pytest.mark.parametrize("attack", attacks(REVIEW_ARCHIVES))
def test_archives_of_reviews(tmp_path, attack):
    path = tmp_path / "aclImdb_reviews.tar.gz"
    path.write_bytes(REVIEW_ARCHIVES[attack]())
    refused("reviews", path)


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["imdb", "text", "jena"])
def test_a_file_larger_than_the_disk(tmp_path, kind):
    path = tmp_path / JENA
    with open(path, "wb") as file:
        file.truncate(2**40)  # takes no room
    refused(kind, path)
