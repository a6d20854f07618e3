"""Training a network that writes, and letting it write: by their command lines."""

import dataclasses
import functools
import json
import math
import re
import shutil

import pytest
from commands import places, run

from data.files import own_file
from experiments.text_generation import EXPERIMENT
from explore import generate
from harness.experiment import main
from harness.records.files import write_checksums
from harness.records.record import label_of, load_record
from harness.records.study_outputs import Table, Text

train = functools.partial(main, EXPERIMENT)
EPOCHS = 3
SMALL = ["--epochs", EPOCHS, "--units", 24, "--sample-length", 20]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run on the sample text, and what it printed."""
    folder = tmp_path_factory.mktemp("trained")
    done = run("experiments.text_generation", "--sample", *SMALL, *places(folder))
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "results").glob("*/seed-0")
    return path, done


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of the run that a test may spoil."""
    path, _ = trained
    return shutil.copytree(path, tmp_path / path.parent.name / path.name)


def outputs(path, kind):
    return [one for one in load_record(path).outputs if isinstance(one, kind)]


def test_the_tail_is_measured_against_counting(trained):
    path, done = trained
    table, saved = outputs(path, Table)
    history = load_record(path).history
    assert table.columns == ["bits per character", "accuracy"]
    bits, accuracy = table.rows["SimpleRNN"]
    assert bits == pytest.approx(history["val_loss"][-1] / math.log(2))
    assert accuracy == history["val_accuracy"][-1]
    counted = [table.rows[name] for name in ("5-gram", "trigram", "bigram", "unigram")]
    assert sorted(counted) == counted
    assert saved.rows["trigram"] == [table.rows["trigram"][0] - bits]
    assert done.stderr == ""


def test_every_round_leaves_what_it_wrote_and_nothing_of_the_text(trained):
    path, _ = trained
    (samples,) = outputs(path, Text)
    assert len(samples.lines) == EPOCHS * 3
    places_of_windows = set()
    for (name, written), (epoch, temperature) in zip(
        samples.lines.items(),
        [(e, t) for e in (1, 2, 3) for t in ("0", "0.5", "1")],
        strict=True,
    ):
        start = re.fullmatch(rf"round {epoch}, from ([\d,]+), temperature {temperature}", name)
        places_of_windows.add(start[1])
        assert len(written) == 20
    assert len(places_of_windows) == EPOCHS  # a window of its own each round, for all temperatures
    everything = "".join(file.read_text("utf-8") for file in path.glob("*.json"))
    assert "ferry on the slow river" not in everything.lower()


def one_message(done, code, *parts):
    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (error,) = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.stderr.splitlines()[-1] == error
    for part in parts:
        assert part in error


def test_a_network_on_an_own_text_is_the_one_that_writes_next(tmp_path, ask):
    text = tmp_path / "mine.txt"
    text.write_text("Round and round it goes.\n" * 40, encoding="utf-8")
    arguments = ["--text", text, "--cell", "gru", "--epochs", 1, "--units", 8, "--sample-length", 5]
    done = run("experiments.text_generation", *arguments, *places(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'try next: make generate PROMPT="the "'
    (path,) = (tmp_path / "results").glob("*/seed-0")
    record = load_record(path)
    assert record.data["files"][0]["name"] == record.config["protocol"]["text"] == "mine.txt"
    assert str(tmp_path) not in "".join(file.read_text("utf-8") for file in path.glob("*.json"))
    table, _ = outputs(path, Table)
    assert next(iter(table.rows)) == "GRU"
    place = ["--results-dir", tmp_path / "results"]
    written = ask(generate.main, *place, "--prompt", "ROUND", "--length", 7)
    assert written.returncode == 0, written.stderr
    assert re.fullmatch(r"round[ .a-z]{7}\n", written.stdout)
    assert "which read mine.txt" in written.stderr


@pytest.fixture
def books(copy, tmp_path, monkeypatch):
    """Two texts of one name, and a record of the first of them among the results."""
    folder = tmp_path / "books"
    paths = [folder / letter / "book.txt" for letter in "ab"]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text(f"All that stands in {path.parent.name}.\n" * 40, encoding="utf-8")
    monkeypatch.chdir(folder)
    stands_for(copy, "book.txt", own_file(paths[0]).record(), tmp_path / "results")
    return paths


def stands_for(record, text, file, results):
    """Puts a record among the results as that of a run on real data."""
    for part, changes in {
        "config": {"sample": False, "variant": {"text": text} if text != "alice" else {}},
        "data": {"sample": False, "files": [file]},
    }.items():
        path = record / f"{part}.json"
        content = json.loads(path.read_text("utf-8")) | changes
        if part == "config":
            content["protocol"] = dataclasses.asdict(EXPERIMENT.protocol) | {"text": text}
        path.write_text(json.dumps(content), "utf-8")
    write_checksums(record)
    config = json.loads((record / "config.json").read_text("utf-8"))
    place = results / label_of(config["experiment"], config["variant"]) / "seed-0"
    place.parent.mkdir(parents=True)
    record.rename(place)


def test_a_record_is_shown_again_for_the_very_file(books, tmp_path, ask):
    moved = tmp_path / "elsewhere" / "book.txt"
    moved.parent.mkdir()
    shutil.copy(books[0], moved)
    for text in (books[0], "a/book.txt", moved, tmp_path / "gone" / "book.txt"):
        done = ask(train, "--text", text, *places(tmp_path))
        assert done.returncode == 0, done.stderr
        assert "already finished at" in done.stdout


def test_another_file_of_the_same_name_is_not_answered_with_the_first_one_s(books, tmp_path, ask):
    done = ask(train, "--text", books[1], *places(tmp_path))
    one_message(done, 1, f"another book.txt than {books[1]}", "--force", "--results-dir")
    assert "seed-0" in done.stderr
    shutil.copy(books[1], "book.txt")  # a bare name is a file too
    done = ask(train, "--text", "book.txt", *places(tmp_path))
    one_message(done, 1, "another book.txt than book.txt")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--sample", "--text", "alice"], 1, "--text names another (alice)"),
        (["--sample", "--window", "4000"], 1, "too few for a --window of 4,000"),
        (["--sample", "--tail", "0.999"], 1, "--tail 0.999 leaves 3 for training"),
    ],
)
def test_settings_that_cannot_work_are_one_message_and_leave_nothing(
    arguments, code, message, tmp_path, ask
):
    done = ask(train, *arguments, *places(tmp_path / "out"))
    one_message(done, code, message)
    assert not (tmp_path / "out").exists()
