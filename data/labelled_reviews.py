"""Reviews of the user's own with labels of two classes: a CSV in, three parts of word ids out.

The parts are drawn once, by one seed, each class by its shares. The vocabulary is that of the
training part alone; ids are as IMDB's, 1 where a review starts and 2 for a word that is not in it.
What cannot be used is a `DataError`.
"""

import functools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError, quoted, shown
from data.files import own_file, state_of
from data.imdb import FIRST_WORD_OFFSET, OUT_OF_VOCABULARY_ID, START_ID, split_words
from data.own_reviews import (
    COLUMNS,
    csv_rows,
    decoded,
    find_column,
    header,
    known,
    plain,
)

# names of columns that hold labels, by preference, without blanks and underscores
LABELS = ("label", "labels", "sentiment", "class", "target", "polarity", "category", "rating")
# what counts as 1, in small letters, where the labels are words
POSITIVE = {"positive", "pos", "yes", "true", "good", "recommended", "favourable", "favorable"}
NO_LABEL = {"nan", "na", "n/a", "#n/a", "<na>", "null"}  # what programs write for a blank
ZEROS = r"^([+-]?\d+)\.0+$"  # 1.0 is the label 1
FEWEST_REVIEWS, FEWEST_OF_A_LABEL = 200, 10
SPLIT_SEED = 113
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class LabelledReviews:
    """The reviews of a file, each text once, in its order."""

    words: list[list[str]]  # of each review, in small letters and without punctuation
    labels: np.ndarray  # (reviews,) int32: 0 or 1
    classes: tuple[str, str]  # what 0 and 1 are called in the file
    columns: tuple[str, str]  # of the reviews and of their labels
    form: str  # what was read, in a line
    file: dict  # its name and SHA-256, as a record keeps them


@dataclass(frozen=True)
class EncodedReviews:
    """The parts by their names, as the experiments read them."""

    ids: dict[str, list[np.ndarray]]  # int32 (words + 1,) of each review
    labels: dict[str, np.ndarray]  # int32 (reviews,)
    vocabulary: list[str]  # by rank; a word's id is its place here, from 0, plus 4


def read_labelled(file: str, text: str = "", label: str = "") -> LabelledReviews:
    """The reviews of a CSV file and their labels.

    Args:
        file: its path; `.gz` and `.zip` are unpacked.
        text: the column that holds the reviews; empty if its name or its place says so.
        label: the column that holds the labels; empty if its name says so, or if it is the only
            other column with two different values.
    """
    path = Path(file).expanduser()
    return _read_labelled(path, text, label, state_of(path))


@functools.lru_cache(maxsize=1)
def _read_labelled(path: Path, text: str, label: str, _: tuple[int, int]) -> LabelledReviews:
    name, content = shown(path.name), decoded(path)
    if not content.strip():
        raise DataError(f"{name} is empty; it needs a column of reviews and one of labels.")
    delimiter, _ = header(content, text or None, needed=True)
    (_, first), *rows = csv_rows(content, delimiter, name)
    names = [one.strip() for one in first]
    padded = [row + [""] * (len(names) - len(row)) for _, row in rows]
    table = pd.DataFrame(padded, columns=range(len(names)), dtype=str)
    table = table.set_axis(names, axis=1).loc[:, ~pd.Index(names).duplicated()]
    others = [one for one in table if one != label and (label or known(one) not in LABELS)]
    if (of_text := find_column(name, [*table], text, COLUMNS)) is None:
        if len(table.columns) != 2 or len(others) != 1:
            raise DataError(
                f"{name}: no column of {quoted(names)} is known to hold reviews; name it with "
                "--text."
            )
        of_text = others[0]
    of_label = _label_column(name, table.drop(columns=of_text), label)
    for one in (of_text, of_label):
        if names.count(one) > 1:
            raise DataError(
                f"{name} has {names.count(one)} columns named '{shown(one)}'; rename all but one."
            )
    labels = table[of_label].str.strip().str.casefold().str.replace(ZEROS, r"\1", regex=True)
    labels = labels.mask(labels.isin(NO_LABEL), "")
    classes = _classes(name, of_label, labels)

    reviews = pd.DataFrame({"label": labels})
    reviews["words"] = [tuple(split_words(plain(one).lower())) for one in table[of_text]]
    without = {"a label": reviews.label == "", "a word": reviews.words.str.len() == 0}
    reviews = reviews[~(without["a label"] | without["a word"])]
    repeated = reviews.duplicated("words")  # one copy would be learnt, and the other tested
    reviews = reviews[~repeated]
    of_each = [sum(reviews.label == one) for one in classes]
    counts = [f"{n:,} {shown(one, 30)}" for n, one in zip(of_each, classes, strict=True)]
    if len(reviews) < FEWEST_REVIEWS or min(of_each) < FEWEST_OF_A_LABEL:
        raise DataError(
            f"{name} has {len(reviews):,} different reviews with a label ({', '.join(counts)}); at "
            f"least {FEWEST_REVIEWS} are needed, and {FEWEST_OF_A_LABEL} of each label."
        )
    left_out = {f"without {what}": sum(marked) for what, marked in without.items()}
    left_out |= {"that stand twice": sum(repeated)}
    said = ", ".join(f"{count:,} {why}" for why, count in left_out.items() if count)
    return LabelledReviews(
        words=list(map(list, reviews.words)),
        labels=(reviews.label == classes[1]).to_numpy(np.int32),
        classes=classes,
        columns=(of_text, of_label),
        form=f"{len(reviews):,} reviews from column {shown(of_text)}, labels from column "
        f"{shown(of_label)} ({', '.join(counts)}; the latter counts as 1)"
        + (f"; left out: {said}" if said else ""),
        file=own_file(path).record(),
    )


def _label_column(name: str, table: pd.DataFrame, label: str) -> str:
    """The column of the labels: the one named, a known one, or the only one with two values."""
    if found := find_column(name, [*table], label, LABELS):
        return found
    with_two = [one for one in table if len({*table[one].str.strip()} - {""}) == 2]
    if len(with_two) != 1:
        which = "more than one" if with_two else "no"
        raise DataError(
            f"{name}: {which} column beside the reviews has two different values "
            f"({quoted(with_two or table) or 'there is none'}); name the labels with --label."
        )
    return with_two[0]


def _classes(name: str, column: str, given: pd.Series) -> tuple[str, str]:
    """The two different labels, in small letters; the second counts as 1."""
    found = sorted({*given} - {""})
    if len(found) != 2:
        many = f"{len(found):,} different labels" if len(found) != 1 else "one label alone"
        raise DataError(
            f"{name}, column '{shown(column)}', has {many} ({quoted(found) or 'all are blank'}), "
            "and two are needed; make two classes of them, or name another column with --label."
        )
    try:
        return tuple(sorted(found, key=float))
    except ValueError:
        return tuple(sorted(found, key=lambda word: (word in POSITIVE, word)))


def encode(
    reviews: LabelledReviews, validation: float, test: float, num_words: int | None
) -> EncodedReviews:
    """Divides the reviews by shares, and numbers their words by rank in the training part.

    Args:
        reviews: as `read_labelled` gives them.
        validation, test: shares of all reviews; the rest is for training.
        num_words: ids from here on become 2; None keeps every word of the training part.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in PARTS}
    for label in (0, 1):
        index = rng.permutation(np.flatnonzero(reviews.labels == label))
        tested, validated = round(test * len(index)), round(validation * len(index))
        cut = np.split(index, [tested, tested + validated])
        for name, members in zip(("test", "validation", "train"), cut, strict=True):
            if not len(members):
                raise DataError(
                    f"shares of {validation:g} for validation and {test:g} for the test leave no "
                    f"review labelled '{shown(reviews.classes[label])}' in the {name} part."
                )
            parts[name].append(members)
    places = {name: np.sort(np.concatenate(members)) for name, members in parts.items()}

    counts = Counter(word for place in places["train"] for word in reviews.words[place])
    most = None if num_words is None else num_words - FIRST_WORD_OFFSET - 1
    vocabulary = [word for word, _ in counts.most_common(most)]
    number = {word: rank + FIRST_WORD_OFFSET for rank, word in enumerate(vocabulary, start=1)}

    def ids(place: int) -> np.ndarray:
        words = (number.get(word, OUT_OF_VOCABULARY_ID) for word in reviews.words[place])
        return np.array([START_ID, *words], np.int32)

    return EncodedReviews(
        ids={name: list(map(ids, index)) for name, index in places.items()},
        labels={name: reviews.labels[index] for name, index in places.items()},
        vocabulary=vocabulary,
    )
