"""Errors whose messages are written for the user, and how these quote."""

from collections.abc import Iterable

MOST_NAMES = 10


class UserError(Exception):
    """Something that the user can mend: the message says what is wrong, where, and what to do.

    A command prints it without a traceback.
    """


class DataError(UserError):
    """Something is wrong with a data file or directory."""


def escaped(text: str) -> str:
    """Text in one line that a terminal can show: an escape character becomes `\\x1b`."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def shown(text: object, most: int = 200) -> str:
    """Text from a file or a command line as part of a message: escaped, and not long."""
    text = str(text)
    return escaped(text[:most]) + ("…" if len(text) > most else "")


def few(names: Iterable[str], separator: str = ", ", most: int = MOST_NAMES) -> str:
    """The names, or the first ten of them and how many more there are."""
    names = list(names)
    more = [f"and {len(names) - most:,} more"] if len(names) > most else []
    return separator.join(names[:most] + more)


def quoted(names: Iterable[object], most: int = MOST_NAMES) -> str:
    """Names from a file, each in quotation marks; `few` of them."""
    return few((f"'{shown(name)}'" for name in names), most=most)
