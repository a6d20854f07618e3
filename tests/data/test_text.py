"""Texts as the character models read them."""

import numpy as np
import pytest

from data import files
from data.errors import DataError
from data.text import load_text, normalise, tail_begin, windows
from models.baselines import Ngrams

ALICE = "CHAPTER I.\r\n  Down the Rabbit-Hole \r\n\r\n\tALICE was “beginning”\r\n"
LICENCE = (
    "\ufeffThe Project Gutenberg eBook\r\n\r\n"
    "*** START OF THE PROJECT GUTENBERG EBOOK 11 ***\r\n"
    f"{ALICE}*** END OF THE PROJECT GUTENBERG EBOOK 11 ***\r\nUse it as you like.\r\n"
)
LINE = "chapter i. down the rabbit-hole alice was “beginning”"


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_text_becomes_one_line_in_lower_case():
    assert normalise(" One\n\n \n\tTWO words \r\nthree") == "one two words three"
    assert normalise(" \n\t\r\n") == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path, encoding):
    path = write(tmp_path, "mine.txt", LICENCE.removeprefix("\ufeff").encode(encoding))
    assert load_text(None, str(path)).text == LINE


@pytest.mark.parametrize("content", [ALICE, LICENCE, "\ufeff" + ALICE])
def test_a_corpus_is_read_without_licence_and_byte_order_mark(tmp_path, content):
    write(tmp_path, files.ALICE, content)
    corpus = load_text(tmp_path, "alice")
    assert corpus.text == LINE
    assert corpus.characters == sorted(set(LINE))
    assert "".join(corpus.characters[i] for i in corpus.ids()) == LINE
    notes = " ".join(corpus.provenance["notes"])
    assert ("licence" in notes) == (content is LICENCE)
    assert "2 of 53 characters are beyond ASCII (above all “ ”)" in notes


def test_provenance_names_the_file_and_holds_no_excerpt(tmp_path):
    path = write(tmp_path, "mine.txt", "abba baab")
    provenance = load_text(None, str(path)).provenance
    assert (provenance["dataset"], provenance["sample"]) == ("text", False)
    assert provenance["files"] == [files.own_file(path).record()]
    assert provenance["facts"] == {"characters": " ab", "length": 9}
    assert str(tmp_path) not in str(provenance)
    assert "abba" not in str(provenance)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no text"),
        (b" \r\n\t\n", "no text"),
        (b"\xef\xbb\xbf", "no text"),
        (b"na\xc3\xafve\ncaf\xe9 au lait", r"byte 10 \(from 0, in line 2\) is 0xe9"),
        ("text".encode("utf-16")[:-1], r"is not UTF-16: byte 8 .*truncated data.*iconv -f "),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, message):
    path = write(tmp_path, "mine.txt", content)
    with pytest.raises(DataError, match=message) as raised:
        load_text(None, str(path))
    assert str(path) in str(raised.value)


def test_a_corpus_that_is_another_text_is_refused(tmp_path):
    write(tmp_path, files.NIETZSCHE, ALICE)
    with pytest.raises(DataError, match="does not hold") as raised:
        load_text(tmp_path, "nietzsche")
    assert str(tmp_path) in str(raised.value)
    assert "make data" in str(raised.value)


@pytest.mark.parametrize("name", ["alice", "nietzsche"])
def test_a_file_that_is_named_like_a_corpus_is_refused(tmp_path, name):
    """A record keeps the name alone, which would be that of the corpus."""
    path = write(tmp_path, name, ALICE)
    with pytest.raises(DataError, match=f"'--text {name}' stands for.*[Rr]ename") as raised:
        load_text(None, str(path))
    assert str(path) in str(raised.value)
    assert load_text(None, str(path.rename(tmp_path / f"my-{name}.txt"))).text == LINE


def test_the_built_in_text_is_long_enough_and_in_one_style():
    corpus = load_text(None, "sample", sample=True)
    assert corpus.provenance["sample"]
    assert corpus.provenance["files"] == []
    assert 3_000 < len(corpus.text) < 5_000
    assert corpus.text.isascii()
    begin = tail_begin(len(corpus.text), 0.1, 10)
    assert set(corpus.text[begin:]) <= set(corpus.text[:begin])
    # what makes a demonstration worth looking at: two characters tell much of the third
    ids, known = corpus.ids(), len(corpus.characters)
    bits = [Ngrams(ids[:begin], known, n).evaluate(ids, begin)[0] for n in (1, 2, 3)]
    assert bits[0] > bits[1] + 1 > bits[2] + 1.5


def test_the_built_in_text_and_another_are_not_asked_for_together():
    with pytest.raises(DataError, match="--text names another"):
        load_text(None, "alice", sample=True)


def test_windows_hold_what_comes_before_each_character():
    ids = np.arange(10)
    x, y = windows(ids, begin=3, end=8, window=3)
    assert x.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert y.tolist() == [3, 4, 5, 6, 7]
    x, y = windows(ids, begin=3, end=8, window=3, stride=2)
    assert x.tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert y.tolist() == [3, 5, 7]
    x, y = windows(ids, begin=8, end=10, window=3)
    assert (x.tolist(), y.tolist()) == ([[5, 6, 7], [6, 7, 8]], [8, 9])


def test_the_tail_is_the_last_share():
    assert tail_begin(100, 0.1, 10) == 90
    assert tail_begin(12, 0.01, 10) == 11
    for length, tail, window in ((11, 0.01, 10), (100, 0.95, 10), (3, 0.3, 1)):
        with pytest.raises(DataError, match=f"the text has {length} characters"):
            tail_begin(length, tail, window)
