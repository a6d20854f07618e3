"""Trained models are found, checked and loaded; those of the reference belong to their records."""

import itertools
import os
import re
import shutil

import keras
import numpy as np
import pandas as pd
import pytest
from commands import REPOSITORY, words

from data.imdb import encode_words, load_word_index, split_words
from explore import keep_weights, trained
from explore.predict import probabilities
from explore.trained import find_trained, load_trained
from harness.errors import RunError
from harness.records.files import read_checksums, read_json, sha256, write_json
from harness.reporting.groups import REFERENCE

needs_data = pytest.mark.skipif("RNN_DATA_DIR" not in os.environ, reason="RNN_DATA_DIR is not set")
KEPT = sorted(
    f"{file.parent.parent.name}/{file.parent.name}"
    for name in ("best.keras", "model.keras", "linear.npz")
    for file in REFERENCE.glob(f"*/seed-*/{name}")
)
MODELS = ["imdb-lstm", "imdb-lstm-document", "imdb-linear"]


def labels(models):
    return [model.label for model in models]


def change_record(path, part, **fields):
    write_json(path / f"{part}.json", read_json(path / f"{part}.json") | fields)


def test_models_are_found_checked_and_compute_as_before(results, reviews):
    found = find_trained("imdb", results, sample=True)
    assert labels(found) == MODELS
    *networks, linear = found
    ids = np.array([[0, 1, 5, 9]])
    for network in networks:
        saved = keras.saving.load_model(network.path, compile=False)
        assert network.model.predict(ids, verbose=0) == saved.predict(ids, verbose=0)
    judged = linear.model.predict_proba(list(reviews))[:, 1] > 0.5
    assert judged.tolist() == list(reviews.values())
    with pytest.raises(RunError, match=r"no trained network on jena; `make demo` trains one"):
        find_trained("jena", results, sample=True)


def test_the_lowest_seed_is_taken_and_what_is_unsound_left_out(results, capsys):
    folder = results / "imdb-lstm"
    for seed in (2, 10):
        shutil.copytree(folder / "seed-0", folder / f"seed-{seed}")
        change_record(folder / f"seed-{seed}", "config", seed=seed)
    (folder / "seed-0/history.json").unlink()
    shutil.copytree(folder / "seed-2", folder / "seed-1.unfinished")
    other = results / "imdb-lstm-document/seed-0/best.keras"
    other.write_bytes(other.read_bytes() + b" ")
    found = find_trained("imdb", results, sample=True)
    assert [f"{model.label}/{model.record.seed}" for model in found] == [
        "imdb-lstm/2",
        "imdb-linear/0",
    ]
    left_out = capsys.readouterr().err.splitlines()
    assert len(left_out) == 2
    assert all(line.startswith("left out: ") for line in left_out)
    assert "seed-0/best.keras is not the file that its run left" in left_out[1]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("imdb-lstm", b"something else", "is no model that this version can load"),
        ("imdb-linear", b"something else", "is no model that this version can load"),
        ("imdb-lstm", None, "parameters, where the record beside it says"),
    ],
)
def test_without_a_hash_other_contents_are_noticed(results, name, content, sentence):
    path = results / name / "seed-0"
    change_record(path, "metrics", checkpoint_sha256=None)
    model = load_trained(name, results, sample=True)
    other = results / "imdb-lstm-document/seed-0/best.keras"
    model.path.write_bytes(other.read_bytes() if content is None else content)
    with pytest.raises(RunError, match=sentence) as raised:
        _ = model.model
    assert f'train it again with `make {name} ARGS="' in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("imdb-gru+units-64", "`make imdb-gru SAMPLE=1` and the settings in ARGS"),
        ("recall", "there is no model recall; known: imdb-"),
    ],
)
def test_an_absent_network_is_named_with_the_command_that_trains_it(results, label, sentence):
    with pytest.raises(RunError) as raised:
        load_trained(label, results, sample=True)
    assert sentence in str(raised.value)


@pytest.fixture
def reference(results, tmp_path, monkeypatch, capsys):
    """A reference to which the models of the runs were copied."""
    for file in results.glob("*/seed-0/config.json"):
        change_record(file.parent, "config", sample=False)
        change_record(file.parent, "data", sample=False)
    folder = tmp_path / "reference"
    for path in sorted(results.glob("imdb-*")):
        shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("*.keras", "*.npz"))
    for module in (trained, keep_weights):
        monkeypatch.setattr(module, "REFERENCE", folder)
    keep_weights.main([str(results)])
    assert "left out: " in capsys.readouterr().err
    return folder


def test_the_reference_keeps_rounded_weights(reference, results, tmp_path):
    own, nobody = load_trained("imdb-lstm", results, sample=False), tmp_path / "nobody"
    kept = load_trained("imdb-lstm", nobody, sample=False)
    assert (own.path.parent.parent.parent, kept.path.parent.parent.parent) == (results, reference)
    for before, after in zip(own.model.get_weights(), kept.model.get_weights(), strict=True):
        assert after.dtype == np.float32
        assert (after == before.astype(np.float16)).all()
    assert labels(find_trained("imdb", nobody, sample=False)) == MODELS
    before = sha256(kept.path)
    assert read_checksums(kept.record.path)["best.keras"] == before
    keep_weights.main([str(results)])
    assert sha256(kept.path) == before


def test_changed_weights_of_the_reference_are_refused(reference, tmp_path, capsys):
    with (reference / "imdb-lstm/seed-0/best.keras").open("ab") as file:
        file.write(b" ")
    with pytest.raises(RunError, match="no trained imdb-lstm is in "):
        load_trained("imdb-lstm", tmp_path / "nobody", sample=False)
    assert "differs; restore it with `git checkout" in capsys.readouterr().err


def kept_model(place, tmp_path):
    return load_trained(place.partition("/")[0], tmp_path, sample=False)


def test_the_weights_that_come_with_the_project_are_small_and_whole(tmp_path):
    models = [kept_model(place, tmp_path) for place in KEPT]
    size = sum(model.path.stat().st_size for model in models)
    assert size < 15e6
    assert f"their weights come with the project ({size / 1e6:.0f} MB)" in words("README.md")
    assert f" {size / 1e6:.0f} MB in `results/reference/`" in words("docs/running.md")
    networks = [one.model for one in models if one.path.name == "best.keras"]
    for weights in itertools.chain(*(network.get_weights() for network in networks)):
        assert (weights == weights.astype(np.float16)).all()
    assert len(networks) == 11
    assert "The eleven networks that come with the project" in words("docs/running.md")
    assert len([place for place in KEPT if place.startswith("imdb")]) == 8
    assert "All eight models together" in words("docs/running.md")
    for model, place in zip(models, KEPT, strict=True):
        assert model.record.place == place
        facts = model.record.data["facts"]
        assert len(facts.get("normalisation", ())) == facts.get("features", 0)
        assert model.model is not None


@needs_data
@pytest.mark.parametrize("place", [place for place in KEPT if place.startswith("imdb")])
def test_kept_models_judge_the_test_reviews_as_their_records_say(place, tmp_path):
    """All but one in 500: float16 turns reviews at the threshold."""
    from data.imdb import load_imdb

    model = kept_model(place, tmp_path)
    protocol = model.record.config["protocol"]
    imdb = load_imdb(num_words=protocol["num_words"] or None)
    count = 1000
    right = (np.array(probabilities(model, imdb.x_test[:count])) > 0.5) == imdb.y_test[:count]
    kept = model.record.predictions["test_at_best"].right
    recorded = np.unpackbits(np.frombuffer(kept, np.uint8))[:count].astype(bool)
    assert (right != recorded).sum() <= count // 500


@needs_data
@pytest.mark.parametrize("place", [place for place in KEPT if place.startswith("jena")])
def test_kept_forecasters_have_the_error_of_their_records(place, tmp_path):
    from data.jena import jena_windows, load_jena

    model = kept_model(place, tmp_path)
    protocol = model.record.config["protocol"]
    names = ("lookback_hours", "step_hours", "horizon_hours", "train_rows", "validation_rows")
    windows = jena_windows(
        load_jena(), **{name: protocol[name] for name in names}, straddle_gaps=True
    )
    assert model.record.data["facts"]["normalisation"] == windows.facts["normalisation"]
    errors = model.record.predictions["test_at_best"]
    first = np.arange(errors.windows[0])  # the windows of the first week
    predicted = model.model.predict(windows.test.inputs(first), verbose=0)[:, 0]
    total = np.abs(predicted - windows.test.targets(first)).sum()
    assert total == pytest.approx(errors.error_sums[0], rel=2e-3)


def test_the_examples_that_take_a_network_along_run(results, tmp_path, monkeypatch):
    """Those of the page on running, but ONNX, which needs packages that the tests do without."""
    page = (REPOSITORY / "docs/running.md").read_text("utf-8")
    examples = re.findall("^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    home = tmp_path / "home"
    home.mkdir()
    (home / "results").symlink_to(results)
    monkeypatch.chdir(home)
    index = load_word_index(sample=True)
    monkeypatch.setattr("data.imdb.load_word_index", lambda: index)
    judge, lite, _ = ({} for _ in examples)
    exec(examples[0], judge)
    exec(examples[1], lite)
    table = pd.read_csv("judged.csv")
    words = [split_words(review) for review in table["review"]]
    network = load_trained("imdb-lstm", results, sample=True)
    ids = [encode_words(review, index, None) for review in words]
    padded = keras.utils.pad_sequences(ids, 500)  # (reviews, 500)
    expected = network.model.predict(padded, verbose=0)[:, 0]  # (reviews,)
    np.testing.assert_allclose(table["positive"], expected, rtol=1e-5)
    (by_keras,) = network.model.predict(np.ones((1, 500), np.int32), verbose=0)
    np.testing.assert_allclose(lite["probability"], by_keras[0], rtol=1e-4)
