"""The order in which a dictionary of CPython 2.7 gives its keys.

The published IMDB files were made by Python 2, whose dictionaries do not keep the order of
insertion. Their order is still determined: on a 64-bit machine, without hash randomisation (off by
default in Python 2), it follows from the keys and the order in which they were inserted.

After CPython 2.7's `Objects/stringobject.c` (the hash) and `Objects/dictobject.c` (the table).
"""

from collections.abc import Iterable

_BITS_64 = 2**64 - 1
_SMALLEST_TABLE = 8
_PERTURB_SHIFT = 5
_BIG_DICTIONARY = 50_000  # above this number of keys, a full table grows less


def string_hash(string: bytes) -> int:
    """`hash(string)` of CPython 2.7: a signed number of 64 bits."""
    value = string[0] << 7 if string else 0
    for byte in string:
        value = (1000003 * value ^ byte) & _BITS_64
    value ^= len(string)
    signed = value - 2**64 if value >= 2**63 else value
    return -2 if signed == -1 else signed  # -1 is C's sign of an error


def iteration_order(keys: Iterable[bytes]) -> list[bytes]:
    """The keys in the order of a dictionary into which they were inserted one by one.

    Args:
        keys: In order of insertion. A repeated key changes nothing.
    """
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
