"""Files made to run code or fill the memory: each is refused in words, within 1.5 GB.

`make test` tries a few of each kind, `make test-faults` all.
"""

import functools
import io
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
from data.jena import LIMITS, QUANTITIES, TIME_COLUMN

MEGABYTE = 2**20
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
    elif kind in ("jena", "zip"):
        from data.jena import read_jena; read_jena(path)
    elif kind == "text":
        from data.text import load_text; load_text(None, path)
    else:
        from data.imdb_rebuild import read_reviews; read_reviews(path, 12_500)
except DataError as error:
    print(path if kind == "reviews" else "", escaped(str(error)), end="")
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


def npz(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return packed.getvalue()


def npy(content: bytes, length: int = 25_000, descr: str = "'|O'") -> bytes:
    """An array under a head that claims any length and type."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': ({length},), }}"
    head = head.ljust(-(10 + len(head) + 1) % 64 + len(head)) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + content


def reviews(items: bytes, shape: bytes = b"M\xa8\x61\x85") -> bytes:
    """An `imdb.npz` whose training reviews are opcodes of the test's own."""
    whole = pickle.dumps(np.array([None, []], dtype=object)[:1], protocol=3)
    head, _, _ = whole.partition(b"]q")
    pickled = head.replace(b"K\x01\x85", shape) + items + b"tb."
    return npz(x_train=npy(pickled), y_train=npy(bytes(8), 1, "'<i8'"))


def gzipped(head: bytes, packed: bytes) -> bytes:
    """A gzip file of a head and then a deflate stream."""
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    stored = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + stored + packed


def member(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


LISTS = b"]" * (20 * MEGABYTE)
HEADER = ",".join([TIME_COLUMN, *QUANTITIES]).encode() + b"\n"
LOWEST = "".join(f",{lowest}" for lowest, _ in LIMITS.values())
ROW = f"01.01.2009 00:00:00{LOWEST}\n".encode()

# The kind of file, and how it is made; `make test` tries those whose names begin with a star.
ATTACKS = {
    "*a call": ("imdb", lambda: reviews(b"](]q\1(cos\nsystem\n(U\x05falsetRee")),
    "*a number in the memo": ("imdb", lambda: reviews(b"]r\xff\xff\xff\x7f(]q\1e")),
    "lists in lists": ("imdb", lambda: reviews(b"]" + LISTS + b"a" * len(LISTS))),
    "a string without end": ("imdb", lambda: reviews(b"](\x8e" + struct.pack("<Q", 2**42))),
    "brackets": ("imdb", lambda: npz(x_train=npy(bytes(99), descr="[" * 5000))),
    "more items than memory": ("imdb", lambda: npz(x_train=npy(bytes(99), 10**15, "'<i8'"))),
    "*8 GB that claim 100 bytes": ("zip", lambda: one_member(JENA, zeros(8192), 100)),
    "*encrypted": ("zip", lambda: one_member(JENA, b"secret", 6, flags=1)),
    "lzma": ("zip", lambda: one_member(JENA, b"packed", 6, method=zipfile.ZIP_LZMA)),
    "a wrong checksum": ("zip", lambda: one_member(JENA, b"packed", 6, method=0)),
    "a wrong place": ("zip", lambda: one_member(JENA, b"", 0)[:-8] + b"\xff" * 8),
    "*rows of one comma": ("jena", lambda: HEADER + b",\n" * 2_400_000),
    "one endless line": ("jena", lambda: HEADER + b"1" * (200 * MEGABYTE)),
    "a thousand columns": ("jena", lambda: HEADER[:-1] + b",a" * 1000),
    "rows of nothing": ("jena", lambda: HEADER + b"\n" * (200 * MEGABYTE)),
    "an open quotation mark": ("jena", lambda: HEADER + b'"' + ROW * 100_000),
    "300 MB": ("jena", lambda: bytes(300 * MEGABYTE)),
    "the same time": ("jena", lambda: HEADER + ROW * 2_000_000),
    "100 MB": ("text", lambda: b"a b\n" * (25 * MEGABYTE)),
    "all characters": ("text", lambda: "".join(map(chr, range(0xA0, 0xD800))).encode()),
    "*a terminal's controls": ("text", lambda: b"some text \x1b[31m and more"),
    "broken at the end": ("text", lambda: b"a" * 30 * MEGABYTE + b"\xff"),
    "*8 GB of nothing": ("reviews", lambda: gzipped(b"", zeros(8192))),
    "a name without end": (
        "reviews",
        lambda: gzipped(member("a", 2**30 - 2**20, tarfile.GNUTYPE_LONGNAME), zeros(1024)),
    ),
}
NAMES = {"imdb": "imdb.npz", "zip": f"{JENA}.zip", "jena": JENA, "text": "a.txt", "reviews": "a.gz"}
MARKS = {True: [], False: [pytest.mark.faults]}


@pytest.mark.parametrize(
    "attack", [pytest.param(name, marks=MARKS[name[0] == "*"]) for name in ATTACKS]
)
def test_a_hostile_file_is_refused(tmp_path, attack):
    kind, make = ATTACKS[attack]
    path = tmp_path / NAMES[kind]
    path.write_bytes(make())
    refused(kind, path)


def test_ten_of_many_names_are_shown(tmp_path):
    path = tmp_path / "imdb.npz"
    path.write_bytes(npz(**{f"{number:02}\x1b[31m": b"" for number in range(64)}))
    message = refused("imdb", path)
    assert r"'00\x1b[31m.npy'" in message
    assert "'09" in message
    assert "and 54 more" in message
    assert "'10" not in message
