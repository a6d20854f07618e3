"""Own reviews are the same whatever program wrote them, and what is unclear is one sentence."""

import gzip

import pytest

from data.errors import DataError
from data.own_reviews import read_reviews, read_text

TWO = ["The plot was dull", "I found it wonderful"]


def read(tmp_path, content, name="reviews.txt", column=None):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_reviews(path, column)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_are_reviews_whatever_ends_them(end, encoding, tmp_path):
    reviews, form = read(tmp_path, (end.join([*TWO, "", "..."]) + end).encode(encoding))
    assert [one.text for one in reviews] == TWO
    assert [one.words[-1] for one in reviews] == ["dull", "wonderful"]
    assert form == "2 reviews, one a line; 2 without a word left out"


CSV = {
    "a comma": ("reviews.csv", 'review,sentiment\n"Dull,\nand ""long""",bad\nFun,good\n'),
    "windows": ("reviews.csv", 'review,label\r\n"Dull,\r\nand ""long""",0\r\nFun,1\r\n'),
    "semicolons": ("reviews.CSV", 'id;Review Text\n1;"Dull,\nand ""long"""\n2;Fun\n'),
    "tabs": ("reviews.tsv", 'label\ttext\n0\t"Dull,\nand ""long"""\n1\tFun\n'),
    "one column": ("reviews.csv", '"Dull,\nand ""long"""\nFun\n'),
    "no such name": ("reviews.txt", 'label,review\n0,"Dull,\nand ""long"""\n1,Fun\n'),
    "pandas": ("reviews.csv", ',review,n\n0,"Dull,\nand ""long""",1\n1,Fun,2\n'),
    "own name": ("reviews.csv", 'words,text\n"Dull,\nand ""long""",x\nFun,x\n'),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", CSV)
def test_a_csv_gives_the_reviews_of_its_column(kind, packed, tmp_path):
    name, content = CSV[kind]
    content = gzip.compress(content.encode()) if packed else content
    column = "words" if kind == "own name" else None
    reviews, form = read(tmp_path, content, name + ".gz" * packed, column)
    assert [one.text for one in reviews] == ['Dull, and "long"', "Fun"]
    first = 1 if kind == "one column" else 2
    assert [one.line for one in reviews] == [first, first + 2]
    assert form.startswith("2 reviews, from ")
    assert form.endswith("the only column" if first == 1 else f"column {_column(content, kind)}")


def _column(content, kind):
    return {"semicolons": "Review Text", "tabs": "text", "own name": "words"}.get(kind, "review")


def test_lines_with_commas_are_no_csv(tmp_path):
    reviews, _ = read(tmp_path, "good film, nice text\nbad\n")
    assert [one.text for one in reviews] == ["good film, nice text", "bad"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It’s “good” — really…", ["it's", "good", "really"]),
        ("good\u00a0film\u2003here", ["good", "film", "here"]),
        ("good😀film👩‍💻❤️fun", ["good", "film", "fun"]),
        ("Tom &amp; Jerry&#39;s &quot;fun&quot;", ["tom", "jerry's", "fun"]),
        ("AT&T &copyleft; 5 &lt; 6", ["at", "t", "copyleft", "5", "6"]),
        ("won\u00adder\u200bful\ufeff", ["wonder", "ful"]),
        ("cafe\u0301 ﬁlm", ["café", "film"]),
        ("a\x1b[31mred\x07 \x9bword\x7f", ["a", "31mred", "word"]),
        ("dull.<br /><br />Bad", ["dull", "br", "br", "bad"]),  # as the dataset has it
    ],
)
def test_reviews_are_made_plain_before_they_become_words(text, words):
    review = read_text(text)
    assert review.words == words
    assert review.text.isprintable()


@pytest.mark.parametrize(
    ("name", "content", "column", "sentence"),
    [
        ("a.txt", "", None, "a.txt holds no word"),
        ("a.csv", "", None, "a.csv holds no word"),
        (
            "a.txt",
            b"good\n\xff\xfe\n",
            None,
            "a.txt is not UTF-8: .*in line 2.*Save it as UTF-8, for instance with iconv -f ",
        ),
        ("a.csv", "a,b\n1,2\n", None, "no column of its first row, 'a', 'b', is known"),
        (
            "a.csv",
            "review,n\nbad, dull,1\n",
            None,
            "line 2, has 3 fields where the first",
        ),
        ("a.csv", 'review,n\ngood,1\n"bad,1\n', None, "line 3, is no row of a CSV (unexpected end"),
        (
            "a.csv.gz",
            gzip.compress(b"good", mtime=0)[:10] + b"\xff" * 9,
            None,
            "the file is cut off or damaged",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence(name, content, column, sentence, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=sentence.replace("(", r"\(")):
        read_reviews(path, column)


def test_a_text_in_other_bytes_is_refused():
    with pytest.raises(DataError, match="the text is not text in UTF-8"):
        read_text("caf\udce9")
