"""The documents' networks on their own Keras: installed whole or not at all, and unchanged."""

import base64
import csv
import hashlib
import json
import os
import zipfile

import keras
import numpy as np
import pytest
from commands import places, run

from experiments import step_for_step
from experiments.originals.install import VERSIONS, install, installed, requirements, wheels
from experiments.originals.original import LOGS, carry_out, original, task_of
from harness.errors import RunError
from harness.experiment import find_experiments, read_plan
from harness.records.record import load_record
from harness.records.run import Run
from harness.reporting.groups import PUBLISHED, load_published

SMALL = {
    "imdb": ["--epochs", 1, "--units", 8],
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


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("imdb-lstm", "2.1.6"),
        ("imdb-conv-lstm", "2.2.4"),
        ("jena-gru-dropout", "2.0.8"),
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


def test_an_old_keras_leaves_the_users_home_alone(tmp_path, monkeypatch):
    needs("2.0.8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "task").mkdir()
    protocol = configured("imdb-simple-rnn", "--keras", "2.0.8", "--units", "2").protocol
    shapes = [(250, 32), (32, 2), (2, 2), (2,), (2, 1), (1,)]
    data = {f"w{place:02}": np.zeros(shape) for place, shape in enumerate(shapes)}
    data |= {"x": np.ones((1, 4, 3), int), "y": np.ones((1, 4), int)}
    said = carry_out(task_of("imdb-simple-rnn", protocol, 0), data, tmp_path / "task")
    assert said["losses"] == pytest.approx([np.log(2)])  # a probability of one half
    assert (tmp_path / "task/home/.keras/keras.json").exists()
    assert os.listdir(tmp_path / "home") == []


def test_an_old_keras_that_does_not_start_says_where_it_does(tmp_path):
    for name in ("wheels/keras", "task"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "wheels/keras/__init__.py").write_text("raise ImportError('no such name')")
    task = {"keras": "2.0.8", "wheels": str(tmp_path / "wheels"), "seed": 0, "floatx": "float32"}
    with pytest.raises(RunError, match=r"Keras 2.0.8 failed: .* \(no such name\); the originals"):
        carry_out(task, {}, tmp_path / "task")


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


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("imdb-lstm", "1.2.2", "invalid choice: '1.2.2' (choose from '2.0.8', '2.1.6', '2.2.4')"),
        ("imdb-linear", "2.0.8", "error: imdb-linear does not run on an old Keras; these do: "),
        ("step-for-step", "2.0.8", "error: step-for-step does not run on an old Keras"),
    ],
)
def test_what_no_old_keras_does_is_refused_in_one_sentence(name, version, said, tmp_path):
    done = run("experiments", name, "--keras", version, "--sample", *places(tmp_path))
    assert done.returncode != 0
    assert said in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (None, r"pip cannot install pinned.txt \(No matching distribution found for tiny==1.0\); "),
        ("altered", "another hash"),
        ("published", None),
    ],
)
def test_an_old_keras_is_installed_whole_or_not_at_all(offered, said, tmp_path, monkeypatch):
    (tmp_path / "index").mkdir()
    wheel = tmp_path / "index/tiny-1.0-py3-none-any.whl"
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        archive.writestr("tiny-1.0.dist-info/WHEEL", kind)
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    published = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if offered is None:
        wheel.unlink()
    if offered == "altered":
        with zipfile.ZipFile(wheel, "a") as archive:
            archive.writestr("tiny.py", "altered = True\n")
    pinned, folder = tmp_path / "pinned.txt", tmp_path / "into/keras-1.0"
    pinned.write_text(f"tiny==1.0 --hash=sha256:{published}\n")
    folder.parent.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    if said is None:
        install(pinned, folder)
        assert json.loads((folder / "wheels.json").read_text()) == {wheel.name: published}
        install(pinned, folder)  # as when two runs begin at once
        assert os.listdir(folder.parent) == [folder.name]
    else:
        with pytest.raises(RunError, match=said):
            install(pinned, folder)
        assert os.listdir(folder.parent) == []
