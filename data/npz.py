"""Read whole numbers, and lists of them, from an npz archive; nothing in it is run.

NumPy stores an array of lists as a pickle, which can name any function to run, and whose opcodes
can crash the unpickler or fill the memory. Here no such pickle is unpickled: a pattern describes
the one form that NumPy writes for lists of whole numbers, and anything else is refused.
"""

import contextlib
import pickle
import pickletools
import re
import zipfile

import numpy as np

from data.errors import DataError
from data.zip_member import read_member

_MOST_BYTES = 2**25  # a member of the published IMDB file has 14 MB
_LONGEST_TYPE = 400  # bytes in a pickle before its items; NumPy's needs about 150

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..){'descr': '(\|O|[<>|][iu][1248])', 'fortran_order': False, "
    rb"'shape': \(([0-9]{1,5}),\), *} *\n",  # 25,000 in the published file
    re.DOTALL,
)
# The items of an array are a list, which may get a number in the memo. The marks "(" and "e"
# enclose up to 1,000 items each; "a" follows an item without them.
_PUT = rb"(?:q.|r....|\x94)?+"
_OUTER_LIST = re.compile(rb"]" + _PUT, re.DOTALL)
# Whole numbers of 1, 2 and 4 bytes.
_LIST = rb"]" + _PUT + rb"((?:\((?:K.|M..|J....)++e|(?:K.|M..|J....)a)*+)"
_FIRST_LIST = re.compile(rb"(\()?" + _LIST + rb"(?(1)(e?)|a)", re.DOTALL)
_NEXT_LIST = re.compile(rb"()" + _LIST + rb"(e?)", re.DOTALL)  # between the marks
_END = re.compile(rb"t" + _PUT + rb"b\.", re.DOTALL)


def read_lists(archive: zipfile.ZipFile, member: str) -> list[np.ndarray]:
    """Read an array of lists.

    Args:
        archive: The archive, opened.
        member: Name of the array, without `.npy`.

    Returns:
        The lists, each an int32 array.

    Raises:
        DataError: The member is missing, damaged, too large, or holds anything but lists of whole
            numbers. The caller adds the path.
    """
    dtype, length, content = _read(archive, member)
    if dtype != "|O":
        raise DataError(
            f"{member} must hold lists of different lengths, but has numbers ({dtype})."
        )
    content = _without_frames(content)
    begin = _OUTER_LIST.match(content, _first_list(content))
    if begin is None:
        raise DataError(f"{member} is not an array of lists; nothing in it was run.")
    lists, position, pattern = [], begin.end(), _FIRST_LIST
    while len(lists) < length and (found := pattern.match(content, position)):
        # Only the opcodes of a list and of numbers get here, and the list of one review at most.
        lists.append(np.array(pickle.loads(b"]" + found[2] + b"."), np.int32))
        position = found.end()
        pattern = _NEXT_LIST if found[3] == b"" else _FIRST_LIST
    if len(lists) < length:
        raise DataError(
            f"{member}[{len(lists)}] is not a list of whole numbers; it was refused, not run."
        )
    if pattern is _NEXT_LIST or not _END.fullmatch(content, position):
        raise DataError(f"{member} holds more than the {length:,} lists that it claims.")
    return lists


def read_numbers(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    """Read an array of whole numbers, as `read_lists` reads one of lists."""
    dtype, length, content = _read(archive, member)
    if dtype == "|O" or len(content) != length * np.dtype(dtype).itemsize:
        raise DataError(f"{member} does not hold {length:,} whole numbers.")
    return np.frombuffer(content, dtype)


def _read(archive: zipfile.ZipFile, member: str) -> tuple[str, int, bytes]:
    """The type, the length, and the rest of a `.npy` member of one dimension."""
    content = read_member(archive, f"{member}.npy", _MOST_BYTES)
    header = _HEADER.match(content)
    if header is None or header.end() != 10 + int.from_bytes(header[1], "little"):
        raise DataError(f"{member} is not an array of whole numbers or lists, of one dimension.")
    return header[2].decode(), int(header[3]), content[header.end() :]


def _first_list(content: bytes) -> int:
    """Where the list behind an array's type and shape begins; without one, the end."""
    last = None
    with contextlib.suppress(ValueError):  # what follows the last opcode that can be read
        for opcode, _, position in pickletools.genops(content[:_LONGEST_TYPE]):
            if opcode.name == "EMPTY_LIST" and last == "NEWFALSE":  # not in Fortran order
                return position
            last = opcode.name
    return len(content)


def _without_frames(pickled: bytes) -> bytes:
    """A pickle without its protocol and the frames into which protocol 4 and later divide it."""
    parts, position = [], 2
    while pickled[position : position + 1] == b"\x95":
        begin = position + 9
        position = begin + int.from_bytes(pickled[position + 1 : begin], "little")
        parts.append(pickled[begin:position])
    return b"".join([*parts, pickled[position:]])
