"""`make predict` by its command line, on models of made-up runs on the sample reviews."""

import json

import keras
import numpy as np
import pytest

from data import files
from data.imdb import load_word_index
from explore import predict


@pytest.fixture
def judge(ask, results):
    return lambda *arguments: ask(predict.main, "--sample", "--results-dir", results, *arguments)


def test_reviews_of_a_file_are_judged_one_by_one(judge, results, tmp_path):
    file = tmp_path / "reviews.txt"
    lines = ["Filler3 GOOD, filler5 isn’t not!", "  ", "unheard of " * 20, "filler1 " * 40]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    done = judge("--file", file, "--json")
    assert done.returncode == 0, done.stderr
    # a slow machine also says how far it is
    assert done.stderr.startswith("3 reviews, one a line; 1 without a word left out\n")
    found = json.loads(done.stdout)
    assert list(found["models"]) == ["imdb-lstm", "imdb-lstm-document", "imdb-linear"]
    assert [review["line"] for review in found["reviews"]] == [1, 3, 4]
    first, unknown, long = found["reviews"]
    assert (first["words"], first["unknown"]) == (5, ["isn't"])
    assert (unknown["words"], unknown["different_words"]) == (40, 2)
    assert unknown["unknown"] == ["unheard", "of"]
    assert set(unknown["probabilities"].values()) == {None}

    index = load_word_index(sample=True)
    ids = [1, *(index[word] + 3 for word in ("filler3", "good", "filler5", "not"))]
    model = keras.saving.load_model(results / "imdb-lstm/seed-0/best.keras", compile=False)
    x = np.array([[0] * (28 - len(ids)) + ids, [index["filler1"] + 3] * 28])
    expected = model.predict(x, verbose=0)[:, 0]
    probabilities = [review["probabilities"]["imdb-lstm"] for review in (first, long)]
    assert probabilities == pytest.approx(expected, abs=2e-6)


def test_one_review_is_a_table(judge):
    unknown = [f"un{n}" for n in range(15)]
    text = " ".join(["filler3", "good\x1b", *unknown, *["x"] * 20, *["not"] * 30])
    done = judge("--text", text)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    first, heading, *rows, agreed, last = done.stdout.splitlines()
    assert first.startswith("filler3 good un0 un1")
    assert heading.split() == ["positive", "verdict"]
    positive = 0
    for row, title in zip(rows, ("LSTM", "LSTM-DOCUMENT", "LINEAR"), strict=True):
        name, probability, verdict = row.split(maxsplit=2)
        assert name == title
        positive += float(probability) > 0.5
        assert verdict.startswith("positive" if float(probability) > 0.5 else "negative")
    assert rows[0].endswith(", of the last 28 words")
    assert not rows[2].endswith("words")
    assert f"{positive} of 3 say that it is positive." in agreed
    assert "16 of 19 different words are not in the vocabulary of 250: un0, un1," in last
    assert last.endswith("un9, and 6 more. Is it English?")


def test_a_text_of_unknown_words_has_no_verdict(judge):
    done = judge("--text", "ничего хорошего")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("–  knows no word of it\n") == 3
    assert "say that" not in done.stdout


def test_a_record_without_a_setting_is_one_sentence(judge, results):
    path = results / "imdb-lstm/seed-0/config.json"
    path.write_text(path.read_text("utf-8").replace('"maxlen": 28', '"maxlen": "28"'), "utf-8")
    done = judge("--text", "good")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"{path}: the protocol has no maxlen; train it again with `make imdb-lstm" in done.stderr


def test_without_the_word_index_one_sentence_says_how_to_get_it(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(files, "URLS", dict.fromkeys(files.URLS, "http://127.0.0.1:9/none"))
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # pooch waits between attempts
    done = ask(predict.main, "--text", "good", "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "imdb_word_index.json" in done.stderr.splitlines()[-1]
    assert "`make data`" in done.stderr.splitlines()[-1]
