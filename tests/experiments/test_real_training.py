"""Short trainings on the real data, where RNN_DATA_DIR has them."""

import os
from pathlib import Path

import pytest
from commands import places, run

from data.files import IMDB, JENA
from harness.records.record import load_record

DATA_DIR = Path(os.environ.get("RNN_DATA_DIR") or "/nonexistent")
SHORT = {
    IMDB: ["imdb-lstm", "--epochs", 1, "--maxlen", 100],
    JENA: ["jena-gru", "--epochs", 2, "--batches-per-epoch", 100, "--lookback-hours", 72],
}


@pytest.mark.parametrize("file", SHORT)
def test_a_short_training_beats_the_trivial_baseline(file, tmp_path):
    if not (DATA_DIR / file).exists():
        pytest.skip(f"RNN_DATA_DIR has no {file}: real data not tested")
    done = run("experiments", *SHORT[file], "--data-dir", DATA_DIR, *places(tmp_path))
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "results").glob("*/seed-0")
    metrics = load_record(path).metrics
    better = 1 if metrics["metric"] == "accuracy" else -1
    for split, reached in (("validation", "best_validation"), ("test", "test_at_best")):
        assert better * metrics[reached] > better * metrics["reference"][split]
    assert file == JENA or metrics["test_at_best"] > 0.75
