"""Write `imdb.npz` as Python 2 and the NumPy of its time wrote it.

Today's NumPy would write the same arrays in other bytes. Here the pickles are written opcode by
opcode (cPickle, protocol 2), so that only the time stamps in the archive may differ.
"""

import functools
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_ALIGNMENT = 16  # bytes to which the .npy header was padded; today it is 64
_BATCH = 1000  # items that cPickle appends to a list at once
_DEFLATE_LEVEL = 6

# `_reconstruct(ndarray, (0,), "b")`: an empty array. "q" and a number put a part into the memo.
_EMPTY_ARRAY = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02"
    b"K\x00\x85U\x01b\x87Rq\x03"
)
# `dtype("O8", 0, 1)` and its own state.
_OBJECT_DTYPE = (
    b"cnumpy\ndtype\nq\x04U\x02O8K\x00K\x01\x87Rq\x05"
    b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
)
_OUTER_LIST = 6  # its number in the memo, after the five above


def write_imdb(
    path: Path,
    *,
    x_train: Sequence[Sequence[int]],
    y_train: Sequence[int],
    x_test: Sequence[Sequence[int]],
    y_test: Sequence[int],
) -> None:
    """Write reviews, as lists of word ranks, and labels to an archive.

    The order of the members is that of a Python 2 dictionary; their time stamps are those that a
    zip archive cannot go below (1980).
    """
    members = {
        "x_test": _npy_header("|O", len(x_test)) + pickled_lists(x_test),
        "x_train": _npy_header("|O", len(x_train)) + pickled_lists(x_train),
        "y_train": _npy_header("<i8", len(y_train)) + np.array(y_train, "<i8").tobytes(),
        "y_test": _npy_header("<i8", len(y_test)) + np.array(y_test, "<i8").tobytes(),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            # As of a temporary file on Unix, whatever the system is.
            entry.create_system, entry.external_attr = 3, 0o100600 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, _DEFLATE_LEVEL)


def pickled_lists(lists: Sequence[Sequence[int]]) -> bytes:
    """What cPickle, protocol 2, makes of an object array of lists of numbers from 0 to 2**31 - 1.

    The array is empty at first and then gets its state: version 1, the shape, the dtype, not in
    Fortran order, all items as one list.
    """
    rows = [_list([_number(item) for item in row], memo) for memo, row in enumerate(lists, 7)]
    shape = _number(len(lists)) + b"\x85"  # a tuple of one
    state = b"(" + _number(1) + shape + _OBJECT_DTYPE + b"\x89" + _list(rows, _OUTER_LIST) + b"tb"
    return _EMPTY_ARRAY + state + b"."


@functools.cache  # the same ranks come again and again
def _number(value: int) -> bytes:
    """The opcode for a number: 1, 2 or 4 bytes, the shortest that holds it."""
    if value < 2**8:
        return struct.pack("<cB", b"K", value)
    if value < 2**16:
        return struct.pack("<cH", b"M", value)
    return struct.pack("<ci", b"J", value)


def _list(items: Sequence[bytes], memo: int) -> bytes:
    """The opcodes for a list of pickled items, which gets the given number in the memo."""
    put = struct.pack("<cB", b"q", memo) if memo < 2**8 else struct.pack("<ci", b"r", memo)
    parts = [b"]", put]
    for start in range(0, len(items), _BATCH):
        batch = items[start : start + _BATCH]
        parts += [b"(", *batch, b"e"] if len(batch) > 1 else [*batch, b"a"]
    return b"".join(parts)


def _npy_header(dtype: str, length: int) -> bytes:
    """The head of a `.npy` member of one dimension, in format version 1.0."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({length},), }}"
    magic = b"\x93NUMPY\x01\x00"
    unpadded = len(magic) + 2 + len(text) + 1  # with the length of the text and the line's end
    text += " " * (_ALIGNMENT - unpadded % _ALIGNMENT) + "\n"
    return magic + struct.pack("<H", len(text)) + text.encode()
