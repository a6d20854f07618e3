"""`make inspect` by its command line, on models of made-up runs on the sample reviews."""

import re

import pytest

from explore import inspect


@pytest.fixture
def look(ask, results, tmp_path):
    places = ("--sample", "--results-dir", results, "--plots-dir", tmp_path)
    return lambda text, *arguments: ask(inspect.main, f"--text={text}", *places, *arguments)


def test_every_cell_is_printed_and_drawn_on_a_page(look, tmp_path):
    done = look("Not good: not AWFUL!", "--cell", "lstm", "lstm-document")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout  # no terminal, no colours
    assert done.stdout.count("\n23 × padding start not good not awful\n") == 2
    words = re.findall(r"^(\S+) +0\.\d\d +−?\d\.\d\d .*0\.\d\d±0\.\d\d", done.stdout, re.MULTILINE)
    assert words == ["not", "good", "not", "awful"] * 2
    for counted in (r"4 × \(4 × \(4 \+ 4\) \+ 4\) +144", r"4 × .* \+ 4 × 4 +160"):
        assert re.search(counted, done.stdout)
    html = tmp_path / "inspect/not-good-not-awful.html"
    assert done.stdout.endswith(f"{html}\n")
    page = html.read_text("utf-8")
    assert page.count("<section") == 2
    # the probability, the influence and the linear model's; h, c, k, f, i and o of the units
    assert page.count('<img src="data:image/png;base64,') >= 2 * (3 + 6)
    assert "“Not good: not AWFUL!” (sample data)" in page
    verdicts = re.findall(r"^LSTM.*: \w+ \(0\.\d\d\)$", done.stdout, re.MULTILINE)
    assert len(verdicts) == 2
    assert all(f">{verdict}</h2>" in page for verdict in verdicts)


def test_words_that_are_missing_rare_or_hostile(look, results, tmp_path):
    path = results / "imdb-lstm/seed-0/config.json"
    fewer = path.read_text("utf-8").replace('"num_words": 250', '"num_words": 100')
    path.write_text(fewer, "utf-8")
    done = look(
        "zxqy zxqy \x1b[31m good filler199 <script>alert(1)</script> --><img \"'onload=' [red]"
    )
    assert "are left out: zxqy, 31m, script, alert, 1, img, 'onload, ', red" in done.stdout
    assert "start good (filler199)\n" in done.stdout
    assert "A word in brackets is too rare" in done.stdout
    assert "\x1b" not in done.stdout
    (page,) = (tmp_path / "inspect").glob("*.html")
    content = page.read_text("utf-8")
    assert "&lt;script&gt;" in content
    assert not re.search(r"<script|<img (?!src=\"data:)|--><|<[^>]*onload", content)
    assert set(re.findall(r"(?:src|href)=\"(?!#)(.{4})", content)) == {"data"}  # no network


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the text holds no word"),
        ("ничего хорошего", "no training review has any of the words ничего, хорошего, so there"),
        ("\udcff\udcfe", "the text is not text in UTF-8"),
    ],
)
def test_a_text_without_a_known_word_is_refused(look, text, sentence):
    done = look(text)
    assert done.stderr.startswith(f"error: {sentence}")
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)


def test_a_cell_that_was_not_trained_is_refused(look):
    assert "train it with `make imdb-gru SAMPLE=1`" in look("good", "--cell", "gru").stderr
