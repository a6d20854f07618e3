"""Short trainings on the real data, where RNN_DATA_DIR has them."""

import os
from pathlib import Path

import pytest
from commands import places, run

from data.files import IMDB, JENA
from harness.records.record import load_record

DATA_DIR = Path(os.environ.get("RNN_DATA_DIR") or "/nonexistent")


def needs(name: str):
    return pytest.mark.skipif(
        not (DATA_DIR / name).exists(), reason=f"RNN_DATA_DIR has no {name}: real data not tested"
    )


@needs(IMDB)
def test_a_short_training_beats_the_majority_class(tmp_path):
    arguments = ["--data-dir", DATA_DIR, "--epochs", 1, "--maxlen", 100]
    done = run("experiments", "imdb-lstm", *arguments, *places(tmp_path))
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "results").glob("*/seed-0")
    metrics = load_record(path).metrics
    assert metrics["reference"]["test"] == 0.5
    assert metrics["test_at_best"] > 0.75


@needs(JENA)
def test_a_short_training_beats_persistence(tmp_path):
    arguments = ["--data-dir", DATA_DIR, "--epochs", 2, "--batches-per-epoch", 100]
    done = run("experiments.jena_gru", *arguments, "--lookback-hours", 72, *places(tmp_path))
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "results").glob("*/seed-0")
    metrics = load_record(path).metrics
    assert metrics["best_validation"] < metrics["reference"]["validation"]
    assert metrics["test_at_best"] < metrics["reference"]["test"]
