"""The documents' networks on their own Keras, whose installed files are unchanged."""

import base64
import csv
import hashlib
import os
from dataclasses import fields
from pathlib import Path

import keras
import numpy as np
import pytest
from commands import places, run

from experiments import originals, step_for_step
from experiments.common.jena import WindowProtocol
from experiments.originals.install import VERSIONS, installed, requirements, wheels
from experiments.originals.original import LOGS, carry_out, original, task_of
from harness.errors import RunError
from harness.experiment import find_experiments, read_plan
from harness.records.record import load_record
from harness.records.run import Run
from harness.reporting.groups import PUBLISHED, load_published

SMALL = {
    "imdb": ["--epochs", 1, "--units", 8, "--maxlen", 12, "--batch-size", 320],
    "jena": ["--epochs", 2, "--lookback-hours", 6, "--batches-per-epoch", 2, "--units", 8],
}


def needs(version: str) -> None:
    """Skips the test where an old Keras can be had neither here nor from a package index."""
    try:
        installed(version)
    except RunError as error:
        pytest.skip(str(error))


def test_tables_look_for_the_runs_of_the_keras_that_made_the_log():
    published = load_published(PUBLISHED).experiments
    assert {name: published[name].keras for name in LOGS} == LOGS


def configured(name: str, *arguments: str):
    return read_plan(original(find_experiments()[name]), [*arguments, "--sample"])


def test_the_variant_is_the_keras_alone():
    made = configured("imdb-lstm", "--keras", "2.0.8", "--seed", "3")
    assert made.name == "imdb-lstm+keras-2.0.8/seed-3"
    assert made.config["variant"] == {"keras": "2.0.8"}
    assert made.command == "python -m experiments imdb-lstm --seed 3 --sample --keras 2.0.8"
    today = find_experiments()["imdb-lstm"].default_protocol(sample=True)
    shared = {k: v for k, v in made.config["protocol"].items() if k != "keras"}
    assert shared == {name: getattr(today, name) for name in shared}
    assert "gates" not in shared  # which that Keras does not take from us


@pytest.mark.parametrize("name", LOGS)
def test_an_old_keras_takes_no_setting_that_its_network_ignores(name):
    files = Path(originals.__file__).parent.glob("*.py")
    text = "".join(file.read_text("utf-8") for file in files)
    taken = {field.name for field in fields(original(find_experiments()[name]).protocol)}
    windows = {field.name for field in fields(WindowProtocol)}  # which are cut before
    assert [one for one in taken - windows if f'"{one}"' not in text] == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("imdb-lstm", "2.1.6"),
        pytest.param("imdb-conv-lstm", "2.2.4", marks=pytest.mark.faults),
        pytest.param("jena-gru-dropout", "2.0.8", marks=pytest.mark.faults),
        pytest.param("jena-gru-stacked", "2.0.8", marks=pytest.mark.faults),
    ],
)
def test_an_old_keras_leaves_a_record_like_all_others(name, version, tmp_path):
    needs(version)
    small = SMALL[name.partition("-")[0]]
    done = run("experiments", name, "--keras", version, "--sample", *small, *places(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = (tmp_path / "results").glob("*/seed-0")
    record = load_record(path)
    assert path.parent.name.endswith(f"+keras-{version}")
    metric = record.metrics["metric"]
    columns = {"loss", metric, "val_loss", f"val_{metric}", "seconds"}
    assert set(record.history) == columns
    assert "test_at_end" in record.predictions
    assert record.environment["packages"]["keras"] == version
    assert record.environment["layers"] == f"keras-{version}"
    assert f"Keras-{version}-py2.py3-none-any.whl" in record.environment["wheels"]
    assert done.stdout.startswith("epoch 1 of ")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_installed_files_are_those_of_the_wheels(version):
    needs(version)
    checked = 0
    for listed in installed(version).glob("*.dist-info/RECORD"):
        for name, known, _ in csv.reader(listed.read_text().splitlines()):
            if known and "dist-info" not in name and not name.endswith(".pyc"):
                digest = hashlib.sha256((installed(version) / name).read_bytes()).digest()
                found = base64.urlsafe_b64encode(digest).decode().rstrip("=")
                assert known == f"sha256={found}", name
                checked += 1
    assert checked > 80
    assert set(wheels(version).values()) <= set(
        requirements(version).read_text().replace("sha256:", " ").split()
    )


@pytest.mark.faults
def test_an_old_keras_leaves_the_users_home_alone(tmp_path, monkeypatch):
    needs("2.0.8")
    monkeypatch.setenv("HOME", str(tmp_path))
    protocol = configured("imdb-simple-rnn", "--keras", "2.0.8", "--units", "2").protocol
    shapes = [(250, 32), (32, 2), (2, 2), (2,), (2, 1), (1,)]
    task = task_of("steps", "imdb-simple-rnn", protocol, 0) | {
        "weights": [np.zeros(shape) for shape in shapes],
        "x": np.ones((1, 4, 3), int),
        "y": np.ones((1, 4), int),
    }
    (said,) = carry_out(task)
    assert said["losses"] == pytest.approx([np.log(2)])  # a probability of one half
    assert os.listdir(tmp_path) == []


@pytest.mark.faults
def test_an_old_keras_that_does_not_start_says_where_it_does(tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras/__init__.py").write_text("raise ImportError('no such name')")
    task = {"keras": "2.0.8", "wheels": str(tmp_path), "seed": 0, "floatx": "float32"}
    with pytest.raises(RunError, match=r"Keras 2.0.8 failed: .* \(no such name\); the originals"):
        list(carry_out(task))


def test_steps_are_those_of_old_keras_by_its_rule_and_not_by_todays(tmp_path):
    needs("2.0.8")
    run_of = Run(tmp_path / "step/seed-0", seed=0, data_dir=None, sample=True)
    run_of.begin({})
    found = step_for_step.differences("imdb-gru", step_for_step.FIRST, run_of)
    assert max(found[step_for_step.THEN]) < 1e-12
    assert max(found[step_for_step.TODAY]) > 1e-6
    assert max(found[step_for_step.FASTER]) < 1e-4
    assert keras.config.floatx() == keras.config.dtype_policy().name == "float32"
    run_of.abandon()
