"""True trainings, killed by their number of changes of files and started again."""

import os
import re
import subprocess
import sys

import pytest
from commands import REPOSITORY

JENA = ["--lookback-hours", 2, "--batches-per-epoch", 5, "--batch-size", 16, "--units", 16]
NETWORKS = {
    "imdb-conv-lstm": ["--maxlen", 24, "--units", 4, "--epochs", 2],
    "jena-gru-dropout": [*JENA, "--epochs", 3],
    "text-generation": ["--units", 8, "--batch-size", 64, "--sample-length", 9, "--epochs", 2],
}
EVERY = 7  # changes from one kill to the next; `test_killed_runs` has all of them


@pytest.mark.faults
@pytest.mark.parametrize("name", NETWORKS)
def test_a_killed_training_ends_with_the_same_bits(name, tmp_path):
    script = [sys.executable, "-m", "killed_trainings", tmp_path / "results", EVERY, name]
    done = subprocess.run(
        list(map(str, [*script, *NETWORKS[name]])),
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": "tests"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kills, resumed = map(int, re.findall(r"\d+(?= times)", done.stdout))
    assert kills > 8
    assert resumed >= 2
