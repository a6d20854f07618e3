"""Texts as the character models read them: lower-cased, without blank lines, and as numbers.

What is wrong with a text is a `DataError`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data import files
from data.errors import DataError, shown
from data.sample_text import SAMPLE_TEXT

CORPORA = {"alice": files.ALICE, "nietzsche": files.NIETZSCHE}
SAMPLE = "sample"  # the name of the built-in text
MOST_BYTES = 2**25
MOST_CHARACTERS = 2**14  # different ones; each is an input and an output of the network
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")  # but for ends of lines and tabs

# Project Gutenberg puts its licence around a book, set off by lines such as
# "*** START OF THE PROJECT GUTENBERG EBOOK ALICE'S ADVENTURES IN WONDERLAND ***".
GUTENBERG_START = re.compile(r"^\*\*\* ?START OF .*\n", re.MULTILINE)
GUTENBERG_END = re.compile(r"^\*\*\* ?END OF ", re.MULTILINE)


@dataclass(frozen=True)
class Corpus:
    """A text and its characters."""

    text: str  # all of it, in one line
    characters: list[str]  # the different ones, sorted; their positions are their numbers
    provenance: dict  # where the text came from, for the run record; holds no part of the text

    def ids(self) -> np.ndarray:
        """The text as numbers of its characters, int32 of shape `(length,)`."""
        number = {character: i for i, character in enumerate(self.characters)}
        return np.fromiter((number[c] for c in self.text), np.int32, len(self.text))


def load_text(data_dir: Path | str | None, text: str, *, sample: bool = False) -> Corpus:
    """Loads a text and normalises it like the widespread Keras example.

    Args:
        data_dir: data directory, searched first for the corpora (see `data.files.locate`).
        text: "alice", "nietzsche", or the path of any text; "sample" for sample data.
        sample: use the built-in text.
    """
    if sample:
        if text != SAMPLE:
            raise DataError(
                f"--sample reads the built-in text, --text names another ({shown(text)}); leave "
                "out one of the two."
            )
        content = normalise(SAMPLE_TEXT)
        note = f"Built-in text of {len(content):,} characters, written for this project."
        return _corpus(content, None, [note])

    is_known = text in CORPORA
    if is_known:
        file = files.locate(CORPORA[text], data_dir)
    else:
        file = files.own_file(text, tuple(CORPORA))
    raw = files.read_bytes(file.path, MOST_BYTES)
    if is_known:
        try:
            files.check_mark(CORPORA[text], raw)
        except DataError as error:
            raise DataError(
                f"{file.path}: {error} Remove the file and run `make data` for the published "
                "one, or name a text with --text."
            ) from error
        note = (
            f"No published hash of {file.name} is known, so that nothing tells how this copy "
            "differs from others; it was used as it is."
        )
    elif file.name in CORPORA:
        raise DataError(
            f"{file.path} is named like the text that '--text {file.name}' stands for, and a "
            "record, which keeps names alone, could not tell the two apart. Rename the file, "
            f"for instance to my-{file.name}.txt."
        )
    else:
        note = f"A text of the user's own ({shown(file.name)}), for which nothing was published."
    book, found = without_licence(files.decode(raw, file.path))
    content = normalise(book)
    _refuse_no_text(content, file.path)
    notes = [note]
    if found:
        notes.append("Project Gutenberg's licence, before and after the book, was left out.")
    beyond = Counter(character for character in content if not character.isascii())
    if beyond:
        commonest = " ".join(character for character, _ in beyond.most_common(8))
        notes.append(
            f"{beyond.total():,} of {len(content):,} characters are beyond ASCII (above all "
            f"{commonest}); they are kept, where the widespread example drops them."
        )
    return _corpus(content, file, notes)


def _refuse_no_text(content: str, path: Path) -> None:
    """Refuses what a network cannot learn."""
    characters = len(set(content))
    if not content:
        problem = "holds no text but white space; name a text of some length"
    elif control := CONTROL.search(content):
        problem = (
            f"holds the control character {control[0]!a}, so it is no plain text; remove such "
            "characters or name another text"
        )
    elif characters > MOST_CHARACTERS:
        problem = (
            f"has {characters:,} different characters, more than the {MOST_CHARACTERS:,} that a "
            "network here may learn; name another text"
        )
    else:
        return
    raise DataError(f"{path} {problem}.")


def normalise(text: str) -> str:
    """One line in lower case: lines stripped, blank ones dropped, the others joined by a blank."""
    lines = (line.strip() for line in text.splitlines())
    return " ".join(line for line in lines if line).lower()


def without_licence(text: str) -> tuple[str, bool]:
    """The text between Project Gutenberg's marks, and whether both were found."""
    text = text.replace("\r\n", "\n")
    start = GUTENBERG_START.search(text)
    end = start and GUTENBERG_END.search(text, start.end())
    return (text[start.end() : end.start()], True) if end else (text, False)


def tail_begin(length: int, tail: float, window: int) -> int:
    """Position of the first character that is held out.

    The held-out `tail` is a share of the text's `length`; each character is predicted from `window`
    characters before it.
    """
    begin = int(length * (1 - tail))
    if begin <= max(window, 4):  # 5-grams read four characters
        raise DataError(
            f"the text has {length:,} characters, of which --tail {tail:g} leaves {begin:,} for "
            f"training: too few for a --window of {window:,} and a character to predict. Name a "
            "longer text, or ask for a shorter window."
        )
    return begin


def windows(
    ids: np.ndarray, begin: int, end: int, window: int, stride: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Windows over a part of a text, each with the character that follows.

    Args:
        ids: numbers of the characters of the whole text, shape `(length,)`.
        begin: position of the first character to predict, at least `window`.
        end: position after the last one.
        window: characters that are read before each.
        stride: distance between two predicted characters.

    Returns:
        Windows, a view of shape `(windows, window)`, and the next characters, shape `(windows,)`.
    """
    every = np.lib.stride_tricks.sliding_window_view(ids, window)  # (length - window + 1, window)
    return every[begin - window : end - window : stride], ids[begin:end:stride]


def _corpus(text: str, file: files.DataFile | None, notes: list[str]) -> Corpus:
    characters = sorted(set(text))
    provenance = {
        "dataset": "text",
        "sample": file is None,
        "files": [] if file is None else [file.record()],
        "facts": {"characters": "".join(characters), "length": len(text)},
        "notes": notes,
    }
    return Corpus(text, characters, provenance)
