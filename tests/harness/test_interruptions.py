"""What ends a command, what does not, and what it says: in processes of their own."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys

import pytest
from commands import REPOSITORY, places, run
from processes import wait_for

from harness.experiment import find_experiments
from harness.records.record import load_record

DENSE = ["experiments.imdb_dense", "--sample", "--maxlen", 24, "--units", 4]


def popen(*arguments, stdout):
    variables = {k: v for k, v in os.environ.items() if k != "RNN_DATA_DIR"}
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=REPOSITORY,
        env=variables,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        # pytest itself may have been started where Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (signal.SIGTERM, "error: ended by SIGTERM."),
        pytest.param(signal.SIGINT, "error: interrupted.", marks=pytest.mark.faults),
    ],
)
def test_an_interrupted_run_says_how_it_goes_on_and_does(number, message, tmp_path):
    command = [*DENSE, "--epochs", 2000, *places(tmp_path)]
    process = popen(*command, stdout=subprocess.PIPE)
    try:
        wait_for(lambda: list((tmp_path / "results").glob("*/seed-0.unfinished/checkpoint")))
    finally:
        process.send_signal(number)
        _, errors = process.communicate()
    words = f"{message} The same command goes on after the run's last checkpoint.\n"
    assert (process.returncode, errors) == (130, words)
    again = popen(*command, stdout=subprocess.PIPE)
    try:
        assert again.stdout.readline().startswith("resuming after epoch ")
    finally:
        again.kill()
        again.communicate()


@pytest.mark.parametrize("output", [">&-", pytest.param("| true", marks=pytest.mark.faults)])
def test_a_run_that_nobody_can_read_goes_on(output, tmp_path):
    words = [sys.executable, "-m", *DENSE, "--epochs", 3, *places(tmp_path)]
    command = f"{shlex.join(map(str, words))} {output}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    (record,) = (tmp_path / "results").glob("*/seed-0")
    assert len(load_record(record).history["loss"]) == 3


def test_a_run_without_a_checkpoint_promises_nothing(tmp_path):
    code = """
import dataclasses, os, signal
from experiments.jena_persistence import EXPERIMENT
from harness.experiment import main
def train(protocol, run):
    os.kill(os.getpid(), signal.SIGTERM)
main(dataclasses.replace(EXPERIMENT, train=train))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "--sample", *map(str, places(tmp_path))],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (130, "error: ended by SIGTERM.\n")


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
    hint = "the run was stopped and no record was made. Try a lower --learning-rate or another"
    assert re.fullmatch(f"error: ({where}); {hint} --seed.\n", done.stderr)
    assert not (tmp_path / "diverged").exists()


@pytest.mark.parametrize(
    ("settings", "variables", "message"),
    [
        ({"floatx": "float64"}, {}, "floatx = float64"),
        pytest.param({"epsilon": 0.1}, {}, "epsilon = 0.1", marks=pytest.mark.faults),
        pytest.param(
            {}, {"KERAS_MAX_EPOCHS": "1"}, "KERAS_MAX_EPOCHS = 1", marks=pytest.mark.faults
        ),
    ],
)
def test_settings_of_keras_that_change_numbers_are_refused(settings, variables, message, tmp_path):
    home = tmp_path / "keras"
    home.mkdir()
    (home / "keras.json").write_text(json.dumps(settings))
    results = tmp_path / "results"
    arguments = ["--results-dir", results, "--plots-dir", results]
    done = run(*DENSE, *arguments, KERAS_HOME=str(home), **variables)
    assert done.stderr == (
        f"error: Keras is set to {message}, which changes the numbers; remove it from "
        "~/.keras/keras.json or from the environment.\n"
    )
    assert done.returncode == 1
    assert not results.exists()


@pytest.mark.faults
def test_the_record_keeps_the_variables_that_change_numbers(tmp_path):
    flags = {"TF_ENABLE_ONEDNN_OPTS": "0", "ONEDNN_MAX_CPU_ISA": "SSE41", "OMP_NUM_THREADS": "1"}
    done = run(
        *DENSE, "--epochs", 1, *places(tmp_path), **flags, XLA_FLAGS="--xla_dump_hlo_as_text"
    )
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "results").glob("*/seed-0")
    environment = load_record(path).environment
    assert flags.items() <= environment["flags"].items()
    assert environment["flags"]["XLA_FLAGS"] == "--xla_dump_hlo_as_text"
    assert (environment["floatx"], len(environment["code"])) == ("float32", 64)
