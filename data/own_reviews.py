"""Reviews of the user's own, in the forms that programs write: lines of text, or a column of a CSV.

All is made plain before it is split into words, as the reviews of the dataset are: typographic
quotes become a typewriter's, entities such as `&amp;` the character that they stand for, emoji,
control characters and unusual blanks a blank. What is no text or holds no word is a `DataError`.
"""

import csv
import html.entities
import io
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import DataError, quoted, shown
from data.files import MOST_BYTES, decode, read_unpacked, unpacked
from data.imdb import split_words

# names of columns that hold reviews, by preference, without blanks and underscores
COLUMNS = (
    "review",
    "reviews",
    "reviewtext",
    "reviewbody",
    "text",
    "comment",
    "content",
    "sentence",
)
DELIMITERS = ",;\t|"
ENTITY = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z]\w{1,30};)")
TYPEWRITTEN = {
    **dict.fromkeys("‘’‚‛′ʼ´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
}


class _Plain(dict):
    """What `str.translate` puts for a character, found when it first occurs."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        category = unicodedata.category(letter)
        if letter in TYPEWRITTEN:
            plain = TYPEWRITTEN[letter]
        elif (category == "Cf" and letter != "\u200b") or 0xFE00 <= code <= 0xFE0F:
            plain = ""  # marks that nobody sees, such as a soft hyphen or an emoji's variation
        elif category == "Cc" or (code > 127 and category[0] in "CPSZ") or category == "Me":
            plain = " "
        else:
            plain = letter
        self[code] = plain
        return plain


_PLAIN = _Plain()


def _character(entity: re.Match) -> str:
    """What an entity such as `&amp;` or `&#39;` stands for; itself if it is none."""
    if entity[1].startswith("#"):
        return html.unescape(entity[0])
    return html.entities.html5.get(entity[1], entity[0])


def plain(text: str) -> str:
    """Text in one line without entities, control characters, emoji and typographic signs."""
    text = ENTITY.sub(_character, text)
    if not text.isascii() or not text.isprintable():
        text = unicodedata.normalize("NFKC", text.translate(_PLAIN))
    return " ".join(text.split())


@dataclass(frozen=True)
class OwnReview:
    """One review."""

    line: int  # of the file, from 1, where it begins
    text: str  # made plain
    words: list[str]  # in lower case and without punctuation; at least one


def read_text(text: str) -> OwnReview:
    """The review of a command line."""
    return _reviews([(1, text)], "the text")[0]


def decoded(path: Path | None) -> str:
    """The text of a file, unpacked, or of the standard input."""
    text = decode(_content(path), name := str(path or "standard input"))
    if "\0" in text:
        raise DataError(f"{name} holds zero bytes and is no text; save it as text in UTF-8.")
    return text


def read_reviews(path: Path | None, column: str | None = None) -> tuple[list[OwnReview], str]:
    """The reviews of a file, or of the standard input: one a line, or a column of a CSV.

    `.gz` and `.zip` are unpacked; `column` is for a column whose name is not in `COLUMNS`. Returns
    the reviews with a word or more, and what the file was read as, in a line.
    """
    name = str(path or "standard input")
    text = decoded(path)
    kinds = {suffix.lower() for suffix in path.suffixes} if path else set()
    table = header(text, column, needed=bool(kinds & {".csv", ".tsv"}) or column is not None)
    if table is None:
        rows = list(enumerate(re.split(r"\r\n|\r|\n", text), start=1))
        if not rows[-1][1]:
            rows.pop()  # after the last end of a line
        form = "one a line"
    else:
        rows, form = _column(text, *table, column, name)
    reviews = _reviews(rows, name)
    left_out = len(rows) - len(reviews)
    form = f"{len(reviews):,} reviews, {form}" if len(reviews) != 1 else f"1 review, {form}"
    return reviews, form + (f"; {left_out:,} without a word left out" if left_out else "")


def _reviews(rows: list[tuple[int, str]], name: str) -> list[OwnReview]:
    reviews = []
    for line, text in rows:
        try:
            text.encode()
        except UnicodeEncodeError as error:  # the shell gave other bytes
            raise DataError(f"{name} is not text in UTF-8; convert it first.") from error
        text = plain(text)
        words = split_words(text)
        if words:
            reviews.append(OwnReview(line, text, words))
    if not reviews:
        raise DataError(f"{name} holds no word; give a review in English, such as 'a good film'.")
    return reviews


def _content(path: Path | None) -> bytes:
    """The bytes of a file, unpacked, or of the standard input."""
    if path is None and sys.stdin.isatty():
        print("type reviews, one a line, and end with Ctrl-D", file=sys.stderr)
    return read_unpacked(path) if path else unpacked(sys.stdin.buffer.read(), "standard input")


def known(name: str) -> str:
    """The name of a column in small letters, without blanks and underscores."""
    return re.sub(r"[\W_]", "", name.lower())


def find_column(
    name: str, columns: Sequence[str], given: str | None, names: Sequence[str]
) -> str | None:
    """A column of a file: the one that was given, else the first with one of these names."""
    if given and given not in columns:
        raise DataError(f"{name} has no column '{shown(given)}'; it has {quoted(columns)}.")
    return given or next((c for one in names for c in columns if known(c) == one), None)


def header(text: str, column: str | None, needed: bool) -> tuple[str, list[str]] | None:
    """The delimiter and the first row of a CSV; None where the text is no CSV.

    A text whose name does not say so is a CSV if its first line is a row of two or more names, one
    of which is a column of reviews.
    """
    first = re.split(r"\r\n|\r|\n", text.lstrip("\r\n"), maxsplit=1)[0]
    csv.field_size_limit(MOST_BYTES)
    found = {one: next(csv.reader([first], delimiter=one), []) for one in DELIMITERS}
    for delimiter, names in found.items():
        are_names = len(names) > 1 and all(re.fullmatch(r"(\w[\w ]{0,40})?", one) for one in names)
        has_reviews = any(known(one) in COLUMNS for one in names)
        if column in names or (has_reviews and (are_names or needed)):
            return delimiter, names
    return max(found.items(), key=lambda one: len(one[1])) if needed else None


def csv_rows(text: str, delimiter: str, name: str) -> list[tuple[int, list[str]]]:
    """The rows of a CSV that are not blank, each with the line where it begins; its header, too."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, line = [], 1
    try:
        for row in reader:
            if row:
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{name}, line {line}, is no row of a CSV ({error}); put a review with "
            'quotation marks between quotation marks, and double those in it: "".'
        ) from error
    for at, row in rows:
        if len(row) > len(rows[0][1]):
            raise DataError(
                f"{name}, line {at}, has {len(row)} fields where the first row has "
                f"{len(rows[0][1])}; put a review that holds commas between quotation marks."
            )
    return rows


def _column(
    text: str, delimiter: str, names: list[str], column: str | None, name: str
) -> tuple[list[tuple[int, str]], str]:
    """The cells of the column with the reviews, each with its line, and which column it is."""
    found = find_column(name, names, column, COLUMNS)
    rows = csv_rows(text, delimiter, name)
    if found is None and len(names) > 1:
        raise DataError(
            f"{name} is a CSV, and no column of its first row, {quoted(names)}, is known to hold "
            "reviews; call one 'review', or name it with --column."
        )
    if found is None:
        return [(at, row[0]) for at, row in rows], "from the only column"
    place = names.index(found)
    cells = [(at, row[place] if place < len(row) else "") for at, row in rows[1:]]
    return cells, f"from column {found}"
