"""Reviews of the user's own with labels: which columns, which classes, and how they are divided."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from data.errors import DataError
from data.labelled_reviews import encode, read_labelled

GOOD, BAD = "a good film number {}", "a dull film, number {}"


def table(header="review,sentiment", labels=("pos", "neg"), rows=120, extra=()):
    """A CSV with as many reviews of each label."""
    lines = [header]
    for number in range(rows):
        lines += [f"{GOOD.format(number)},{labels[0]}", f'"{BAD.format(number)}",{labels[1]}']
    return "\n".join([*lines, *extra, ""])


def zipped(content):
    """A zip archive of one CSV file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("reviews.csv", content)
    return packed.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(content, name="reviews.csv", **columns):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_labelled(str(path), **columns)

    return read


def test_what_was_read_is_said_in_a_line(read):
    twice = "A GOOD film: number 3!,pos"
    reviews = read(table(extra=[twice, "a new film,", "...,neg"]))
    assert reviews.form == (
        "240 reviews from column review, labels from column sentiment (120 neg, 120 pos; the "
        "latter counts as 1); left out: 1 without a label, 1 without a word, 1 that stand twice"
    )
    assert reviews.words[:2] == [
        ["a", "good", "film", "number", "0"],
        BAD.format(0).replace(",", "").split(),
    ]
    assert reviews.labels[:2].tolist() == [1, 0]
    assert reviews.file["name"] == "reviews.csv"


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("pos", "neg"), ("neg", "pos")),
        (("Good", "bad"), ("bad", "good")),
        (("1", "0"), ("0", "1")),
        (("10", "9"), ("9", "10")),
        (("1", "-1"), ("-1", "1")),
        (("yes", "zero"), ("zero", "yes")),
        (("ham", "spam"), ("ham", "spam")),
    ],
)
def test_which_label_counts_as_1(labels, classes, read):
    reviews = read(table(labels=labels))
    assert reviews.classes == classes
    assert reviews.labels[0] == (labels[0].casefold() == classes[1])


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        (table("Review Text,stars"), {}, ("Review Text", "stars")),
        (table("id,what"), {"text": "id"}, ("id", "what")),
        (table("words,sentiment"), {}, ("words", "sentiment")),
        (
            table("text,b").replace(",", ";").replace("dull film; ", "dull film, "),
            {},
            ("text", "b"),
        ),
        (gzip.compress(table().encode()), {}, ("review", "sentiment")),
        (zipped(table()), {}, ("review", "sentiment")),
        (table().encode("utf-16"), {}, ("review", "sentiment")),
        (table().replace("\n", "\r\n"), {}, ("review", "sentiment")),
        ("\n\n" + table(), {}, ("review", "sentiment")),
        (table("review, sentiment,"), {"label": "sentiment"}, ("review", "sentiment")),
        (table('"review\ntext",sentiment'), {}, ("review\ntext", "sentiment")),
        (table(extra=["so la la,NaN"]), {}, ("review", "sentiment")),
    ],
)
def test_columns_and_forms_that_are_recognised(content, columns, expected, read):
    reviews = read(content, **columns)
    assert (reviews.columns, len(reviews.words)) == (expected, 240)


def test_a_label_is_the_same_with_a_decimal_point(read):
    reviews = read(table(labels=("1", "0"), extra=["a new film,1.0"]))
    assert (reviews.classes, reviews.labels.sum()) == (("0", "1"), 121)


def test_other_languages_are_lowered_and_split_by_spaces(read):
    rows = [f"ÄRGERLICH war Film {n},0" for n in range(120)] + [
        f"Очень ХОРОШО {n},1" for n in range(120)
    ]
    reviews = read("\n".join(["text,label", *rows]))
    assert reviews.words[0] == ["ärgerlich", "war", "film", "0"]
    assert reviews.words[-1] == ["очень", "хорошо", "119"]


@pytest.mark.parametrize(
    ("content", "columns", "sentence"),
    [
        ("", {}, "is empty"),
        (table(rows=99), {}, "198 different reviews with a label (99 neg, 99 pos); at least 200"),
        (table(labels=("pos", "pos")), {}, "column 'sentiment', has one label alone ('pos')"),
        (table(labels=("", "")), {}, "has 0 different labels (all are blank)"),
        (table(extra=["so la la,fair"]), {}, "has 3 different labels ('fair', 'neg', 'pos')"),
        (table("review,x", labels=("1", "2"), extra=["so la la,3"]), {}, "no column beside the"),
        ("review\n" + "good\n" * 300, {}, "no column beside the reviews has two different values"),
        (table(labels=("1", "NaN")), {}, "column 'sentiment', has one label alone ('1')"),
        (
            table(rows=300, labels=("a", "a")) + table(rows=300, labels=("b", "b"))[17:],
            {},
            "600 different reviews with a label (600 a, 0 b)",
        ),
        (table("review,label,label"), {}, "has 2 columns named 'label'; rename all but one"),
        (table("a,b"), {}, "no column of 'a', 'b' is known to hold reviews; name it with --text"),
        (table(), {"text": "title"}, "no column 'title'; it has 'review', 'sentiment'"),
        (table(), {"label": "stars"}, "no column 'stars'; it has 'sentiment'"),
        (table(extra=["good, too,pos"]), {}, "line 242, has 3 fields where the first row has 2"),
        (table().encode() + b"\xff,pos\n", {}, "is not UTF-8"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(content, columns, sentence, read):
    with pytest.raises(DataError) as error:
        read(content, **columns)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_the_parts_keep_the_classes_and_share_no_review(read):
    reviews = read(table(rows=200, extra=[f"rare {n},pos" for n in range(100)]))
    parts = encode(reviews, 0.2, 0.2, None)
    assert {name: len(labels) for name, labels in parts.labels.items()} == {
        "train": 300,
        "validation": 100,
        "test": 100,
    }
    assert {name: int(labels.sum()) for name, labels in parts.labels.items()} == {
        "train": 180,
        "validation": 60,
        "test": 60,
    }
    again = encode(reviews, 0.2, 0.2, None)
    np.testing.assert_array_equal(parts.labels["test"], again.labels["test"])


def test_the_vocabulary_is_that_of_the_training_part_alone(read):
    reviews = read(table(rows=200))
    parts = encode(reviews, 0.2, 0.2, None)
    assert sorted(parts.vocabulary[:3]) == ["a", "film", "number"]  # the most frequent ones
    words = {word for one in reviews.words for word in one}
    assert set(parts.vocabulary) < words  # numbers of the other reviews are not in it
    assert max(ids.max() for ids in parts.ids["train"]) == len(parts.vocabulary) + 3
    assert any((ids == 2).any() for ids in parts.ids["test"])
    assert all(ids[0] == 1 and (ids != 2).all() for ids in parts.ids["train"])
    small = encode(reviews, 0.2, 0.2, 10)
    assert len(small.vocabulary) == 6
    assert max(ids.max() for ids in small.ids["train"]) == 9


def test_shares_that_leave_nothing_are_refused(read):
    with pytest.raises(DataError, match="leave no review labelled 'neg' in the train part"):
        encode(read(table()), 0.5, 0.5, None)
