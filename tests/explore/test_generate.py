"""`make generate`: which network writes, and what; on networks of made-up runs."""

import keras
import pytest
from records import fabricate_study

from explore import generate
from harness.records.files import read_json, write_json
from harness.records.study_outputs import Table
from models.networks import character_model

KNOWN = " abcdefghijklmnopqrstuvwxyz"


def leave_writer(results, text, started, sample=False):
    """A run whose network writes, as `text-generation` leaves it."""
    config = {
        "protocol": {"cell": "gru", "units": 4, "window": 5, "text": text},
        "variant": {} if text == "alice" else {"text": text},
        "sample": sample,
    }
    outputs = [Table("Held-out tail", ["accuracy"], {"GRU": [0.5]})]
    environment = {"started": f"2020-01-0{started}T00:00:00+00:00"}
    place = {"outputs": outputs, "config": config, "environment": environment}
    path = fabricate_study(results, "text-generation", **place)
    data = read_json(path / "data.json")
    write_json(path / "data.json", data | {"facts": {"characters": KNOWN}})
    keras.utils.set_random_seed(started)
    character_model("gru", len(KNOWN), 4).save(path / "model.keras")
    return path


def test_the_newest_network_writes_and_is_named(ask, tmp_path):
    for text, started in (("alice", 1), ("mine.txt", 3), ("other.txt", 2)):
        leave_writer(tmp_path, text, started)
    done = ask(generate.main, "--results-dir", tmp_path, "--prompt", "ROUND", "--length", 30)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("writing with the network of ")
    assert done.stderr.endswith("text-generation+text-mine.txt/seed-0, which read mine.txt\n")
    assert done.stdout.startswith("round")
    assert len(done.stdout) == len("round") + 30 + 1


def test_what_is_written_depends_on_the_seed_but_at_temperature_0(ask, tmp_path):
    path = leave_writer(tmp_path, "alice", 1)

    def written(seed, temperature):
        options = ["--prompt", "t", "--length", 30, "--seed", seed, "--temperature", temperature]
        return ask(generate.main, "--model", path, *options).stdout

    assert written(1, 1) == written(1, 1) != written(2, 1)
    assert written(1, 0) == written(2, 0) != ""


def test_without_an_own_network_the_project_s_writes(ask, tmp_path):
    done = ask(generate.main, "--results-dir", tmp_path, "--prompt", "alice was", "--length", 5)
    assert done.returncode == 0, done.stderr
    assert "results/reference/text-generation/seed-0, which read alice" in done.stderr
    assert len(done.stdout) == len("alice was") + 5 + 1


def spoil(path, kind):
    model = path / "model.keras"
    if kind == "garbage":
        model.write_bytes(b"no network at all")
    elif kind == "other vocabulary":
        character_model("gru", len(KNOWN) + 1, 4).save(model)
    elif kind == "code":
        inputs = keras.Input((None,), dtype="int32")
        keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(model)
    elif kind == "no characters":
        write_json(path / "data.json", read_json(path / "data.json") | {"facts": {}})
    elif kind == "no network":
        model.unlink()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("garbage", "is no model that this version can load"),
        ("code", "is no model that this version can load"),
        ("other vocabulary", "does not match the record beside it"),
        ("no characters", "says nothing of characters and a window; train a network"),
        ("no network", "holds no trained network"),
    ],
)
def test_a_foreign_network_or_record_is_one_sentence(kind, sentence, ask, tmp_path):
    path = leave_writer(tmp_path, "alice", 1)
    spoil(path, kind)
    done = ask(generate.main, "--model", path, "--prompt", "the")
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--prompt", ""], 2, "--prompt: must not be empty"),
        (["--prompt", "Ein Mädchen\n7"], 1, "never saw '\\n', '7', 'ä'; the prompt may hold ' abc"),
        (["--prompt", "a", "--sample", "--results-dir", "no"], 1, "make text-generation SAMPLE=1"),
    ],
)
def test_a_wrong_prompt_or_option_is_one_sentence(arguments, code, sentence, ask, tmp_path):
    leave_writer(tmp_path, "alice", 1)
    done = ask(generate.main, "--results-dir", tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr.splitlines()[-1]
