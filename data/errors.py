"""The one exception of this package whose message is written for the user, and how it quotes."""

from collections.abc import Iterable


class DataError(Exception):
    """Something is wrong with a data file or directory.

    The message says what is wrong, where (file, row, column), and what to do; the command line
    prints it as it is, without a traceback. Control characters in it are made visible.
    """

    def __init__(self, message: str):
        super().__init__(shown(message, most=len(message)))


def shown(text: object, most: int = 200) -> str:
    """Text from a file or a command line, safe to print: without control characters, not long."""
    text = str(text)
    escaped = (
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:most]
    )
    return "".join(escaped) + ("…" if len(text) > most else "")


def quoted(names: Iterable[object], most: int = 10) -> str:
    """Names from a file in one line: the first ten, and how many more there are."""
    names = list(names)
    line = ", ".join(f"'{shown(name)}'" for name in names[:most])
    return f"{line} and {len(names) - most:,} more" if len(names) > most else line
