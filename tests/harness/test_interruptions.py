"""What ends a command, what does not, and what it says: in processes of their own."""

import re
import shlex
import signal
import subprocess
import sys

import pytest
from commands import REPOSITORY, places, run
from processes import wait_for

from harness.experiment import find_experiments
from harness.processes import Child, ForkedChild, can_fork
from harness.records.record import load_record

DENSE = ["experiments.imdb_dense", "--sample", "--maxlen", 24, "--units", 4]


def test_an_interrupted_run_says_how_it_goes_on(tmp_path):
    """That it does, and that Ctrl-C does the same, the tests of a suite show."""
    kind = ForkedChild if can_fork() else Child
    command = [*map(str, DENSE), "--epochs", "2000", *map(str, places(tmp_path))]
    child = kind(command, tmp_path / "log", {})
    try:
        wait_for(lambda: list((tmp_path / "results").glob("*/seed-0.unfinished/checkpoint")))
        child.send(signal.SIGTERM)
        assert child.wait() == 130
    finally:
        child.send(signal.SIGKILL)
    resumes = "The same command goes on after the run's last checkpoint."
    assert child.last_line() == f"error: ended by SIGTERM. {resumes}"


def test_a_run_without_a_checkpoint_promises_nothing(tmp_path):
    code = """
import dataclasses, os, signal
from experiments.jena_persistence import EXPERIMENT
from harness.experiment import main
def train(protocol, run):
    os.kill(os.getpid(), signal.SIGTERM)
main(dataclasses.replace(EXPERIMENT, train=train))
"""
    words = [sys.executable, "-c", code, "--sample", *map(str, places(tmp_path))]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "error: ended by SIGTERM.\n")


@pytest.mark.faults
@pytest.mark.parametrize("output", [">&-", "| true"])
def test_a_run_that_nobody_can_read_goes_on(output, tmp_path):
    words = [sys.executable, "-m", *DENSE, "--epochs", 3, *places(tmp_path)]
    command = f"{shlex.join(map(str, words))} {output}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    (record,) = (tmp_path / "results").glob("*/seed-0")
    assert len(load_record(record).history["loss"]) == 3


# The first power of ten times its own learning rate at which a training diverges
DIVERGES = {
    "imdb-simple-rnn": 37,
    "imdb-stacked-rnn": 38,
    "imdb-lstm": 38,
    "imdb-conv-lstm": 15,
    "jena-gru": 37,
    "jena-gru-dropout": 37,
}


@pytest.mark.faults
@pytest.mark.parametrize("name", DIVERGES)
def test_a_protocol_that_diverges_says_where_and_leaves_nothing(name, tmp_path):
    """Neither ten times its learning rate nor the power below ends it."""

    def trained(power: int, folder):
        rate = 10.0**power * find_experiments()[name].protocol.learning_rate
        return run("experiments", name, "--sample", "--learning-rate", rate, *places(folder))

    for power in (1, DIVERGES[name] - 1):
        assert trained(power, tmp_path / "finished").returncode == 0
    done = trained(DIVERGES[name], tmp_path / "diverged")
    assert done.returncode == 1
    where = r"the loss became NaN or infinite in epoch \d, .*step.*|val_loss is nan after epoch \d"
    assert re.fullmatch(f"error: ({where}); .* Try a lower --learning-rate .*\n", done.stderr)
    assert not (tmp_path / "diverged").exists()
