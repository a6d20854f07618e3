"""Every experiment through its real command line, on the built-in sample data."""

import inspect
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from commands import REPOSITORY, places, run
from records import fabricate

from experiments.__main__ import main
from explore.trained import load_trained
from harness.errors import RunError
from harness.experiment import find_experiments, finished_record, read_plan
from harness.records.files import sha256
from harness.records.record import load_record
from harness.records.schema import NetworkFiles

EXPERIMENTS = find_experiments()
ALIKE = ("imdb-lstm-1997", "imdb-lstm-document", "jena-simple-rnn")  # another one has their script
SLOW = ("jena-gru-stacked",)  # to compile
MEASURED = [
    pytest.param(name, marks=pytest.mark.faults if name in ALIKE + SLOW else ())
    for name, one in EXPERIMENTS.items()
    if one.role != "study"
]
# All batches are whole, since XLA compiles each size anew.
WHOLE = ["--batch-size", 60, "--validation-split", 0.25]
SMALL = {
    "imdb": ["--epochs", 1, "--maxlen", 24, "--embedding", 16, "--units", 16, *WHOLE],
    "jena": ["--epochs", 1, "--lookback-hours", 6, "--batches-per-epoch", 2, "--units", 16],
}


def small(name: str) -> list:
    own = ["--filters", 8] if name == "imdb-conv-lstm" else []
    return SMALL[EXPERIMENTS[name].dataset] + own if EXPERIMENTS[name].uses_keras else []


@pytest.fixture(scope="module")
def finished(tmp_path_factory, ask):
    """Runs an experiment once for all the tests that look at it."""
    outcomes = {}

    def outcome(name):
        if name not in outcomes:
            tmp_path = tmp_path_factory.mktemp(name)
            done = ask(main, name, "--sample", *small(name), *places(tmp_path))
            outcomes[name] = done, tmp_path
        return outcomes[name]

    return outcome


def record_below(folder):
    (path,) = (folder / "results").glob("*/seed-0")
    return load_record(path)


@pytest.mark.parametrize("name", MEASURED)
def test_one_command_makes_a_whole_record_and_its_plot(name, finished):
    done, tmp_path = finished(name)
    assert done.returncode == 0, done.stderr
    record = record_below(tmp_path)
    assert {f.stem for f in record.path.glob("*.json")} == set(NetworkFiles.model_fields)
    assert record.experiment == record.path.parent.name.partition("+")[0] == name
    assert record.environment["command"].startswith(f"python -m experiments {name} --seed 0")
    assert record.config["sample"]
    assert record.data["sample"]
    assert len(record.history.get("seconds", [])) == EXPERIMENTS[name].uses_keras
    plots = [p.name for p in (tmp_path / "plots").glob("*.png")]
    assert plots == [f"{record.label}.png"] * EXPERIMENTS[name].uses_keras
    # and nothing but the result is printed
    assert done.stderr == ""
    names = ["best validation", "last validation", "test at best"]
    names += ["test at best in °C"] if name.startswith("jena") else []
    trained = EXPERIMENTS[name].uses_keras
    ends = ["record", *["plot", "try next"] * trained]
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[-len(ends) :]] == ends
    *numbers, last = lines[-len(names) - 1 - len(ends) : -len(ends)]
    for line, measured in zip(numbers, names, strict=True):
        assert re.fullmatch(rf"  {measured}(:| {{2,}}).*\d\.\d+.*", line)
    assert last.strip() == "not compared: runs on sample data have no reference"


@pytest.mark.parametrize("name", ["imdb-lstm-peephole", "imdb-linear", "jena-gru"])
def test_the_trained_model_can_be_used_again(name, finished):
    _, tmp_path = finished(name)
    again = load_trained(record_below(tmp_path).label, tmp_path / "results", sample=True)
    assert again.record.metrics["checkpoint_sha256"] == sha256(again.path)
    assert again.model is not None


def test_a_finished_run_is_not_repeated_unless_forced(finished, ask):
    _, tmp_path = finished("jena-ridge")
    seconds = load_record(tmp_path / "results/jena-ridge/seed-0").metrics["wall_seconds"]
    again = ask(main, "jena-ridge", "--sample", *places(tmp_path))
    assert "seed 0: already finished at" in again.stdout
    kept = load_record(tmp_path / "results/jena-ridge/seed-0").metrics["wall_seconds"]
    ask(main, "jena-ridge", "--sample", "--force", *places(tmp_path))
    repeated = load_record(tmp_path / "results/jena-ridge/seed-0").metrics["wall_seconds"]
    assert kept == seconds != repeated


def test_the_note_on_reset_gates_counts_those_of_every_layer():
    for name, fewer in (("jena-gru", 3 * 32), ("jena-gru-stacked", 3 * (32 + 64))):
        one = find_experiments()[name]
        assert f"({fewer} parameters fewer)" in " ".join(one.notes(one.protocol))


def test_another_configuration_gets_a_record_of_its_own(finished, ask):
    _, tmp_path = finished("jena-persistence")
    command = ["jena-persistence", "--sample", "--horizon-hours", 24, *places(tmp_path)]
    assert ask(main, *command).returncode == 0
    published = load_record(tmp_path / "results/jena-persistence/seed-0")
    corrected = load_record(tmp_path / "results/jena-persistence+horizon-hours-24/seed-0")
    assert "25 hours ahead" in published.config["notes"][0]
    assert corrected.config["notes"][0].startswith("Corrected form")
    assert corrected.metrics["best_validation"] < published.metrics["best_validation"]


def test_sample_and_real_data_never_share_a_folder(finished, tmp_path, ask):
    _, sample_path = finished("jena-persistence")
    done = ask(main, "jena-persistence", *places(sample_path), "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "/seed-0) with runs on real data (this run)" in done.stderr


@pytest.mark.parametrize(
    "name", ["jena-gru", pytest.param("imdb-conv-lstm", marks=pytest.mark.faults)]
)
def test_the_same_seed_gives_the_same_bits_when_asked_for(name, tmp_path):
    histories = []
    # forked commands have one hash seed; the second starts anew with its own
    for place, variables in ((tmp_path / "a", {}), (tmp_path / "b", {"PYTHONHASHSEED": "7"})):
        command = ["--sample", "--deterministic", *small(name), "--epochs", 2]
        done = run("experiments", name, *command, *places(place), **variables)
        assert done.returncode == 0, done.stderr
        record = record_below(place)
        assert record.config["deterministic"]
        assert "--deterministic" in record.environment["command"]
        histories.append({k: v for k, v in record.history.items() if k != "seconds"})
    assert histories[0] == histories[1]


def test_a_record_without_the_same_bits_does_not_pass_for_one_with_them(finished, ask):
    _, tmp_path = finished("jena-ridge")
    done = ask(main, "jena-ridge", "--sample", "--deterministic", *places(tmp_path))
    assert done.returncode == 1
    assert "(deterministic: False there, True asked)" in done.stderr


@pytest.mark.parametrize("name", ["imdb-lstm", pytest.param("jena-gru", marks=pytest.mark.faults)])
def test_plain_keras_is_one_flag_away(name, finished, tmp_path):
    """The first epoch ends near that of the faster layers, which start from the same weights."""
    plain = ["--sample", "--plain-keras", *small(name), *places(tmp_path)]
    done = run("experiments", name, *plain)
    assert done.returncode == 0, done.stderr
    faster, plain = (record_below(folder) for folder in (finished(name)[1], tmp_path))
    assert faster.environment["layers"] in {"native", "fast"}
    assert plain.environment["layers"] == "keras"
    assert (faster.config["plain_keras"], plain.config["plain_keras"]) == (False, True)
    assert plain.config["variant"]["plain_keras"]
    assert "--plain-keras" in plain.environment["command"]
    assert plain.label.endswith("+plain-keras")
    losses = [record.history["val_loss"][0] for record in (plain, faster)]
    assert losses[0] == pytest.approx(losses[1], rel=0.2)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_keras_backends(backend, tmp_path):
    pytest.importorskip(backend)
    command = ["--sample", *small("imdb-lstm"), *places(tmp_path)]
    done = run("experiments.imdb_lstm", *command, KERAS_BACKEND=backend)
    assert done.returncode == 0, done.stderr
    assert record_below(tmp_path).environment["backend"] == backend


@pytest.mark.faults
def test_a_backend_that_does_not_exist_is_one_message(tmp_path):
    done = run("experiments.imdb_lstm", "--sample", *places(tmp_path), KERAS_BACKEND="theano")
    assert done.returncode == 1
    assert "error: Keras does not start (Unable to import backend : theano" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_script_runs_by_its_path_too():
    done = subprocess.run(
        [sys.executable, "experiments/imdb_lstm.py", "--help"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},  # as in `.venv`
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "python -m experiments" in done.stdout


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_defaults_of_the_command_line_are_the_declared_protocol(name):
    configured = read_plan(EXPERIMENTS[name], [])
    assert configured.experiment is EXPERIMENTS[name]
    assert configured.protocol == EXPERIMENTS[name].protocol
    assert (configured.variant, configured.name) == ({}, f"{name}/seed-0")
    assert (configured.seed, configured.sample, configured.force) == (0, False, False)


def test_the_cell_decides_which_of_a_script_s_experiments_is_run():
    document, older = EXPERIMENTS["imdb-lstm-document"], EXPERIMENTS["imdb-lstm-1997"]
    asked = read_plan(document, ["--cell", "lstm-1997", "--epochs", "2"])
    assert asked.experiment is older
    assert asked.label == "imdb-lstm-1997+epochs-2"
    assert asked.config["title"] == older.title
    assert read_plan(older, ["--epochs", "2"]).label == "imdb-lstm-1997+epochs-2"


@pytest.mark.parametrize("name", ["imdb-lstm-document", "imdb-lstm-1997", "imdb-lstm-peephole"])
def test_a_record_from_before_there_was_a_choice_of_cells_is_recognised(name, tmp_path):
    protocol = asdict(EXPERIMENTS[name].protocol)
    del protocol["cell"]
    fabricate(tmp_path / "results", name, config={"protocol": protocol})
    asked = read_plan(EXPERIMENTS[name], list(map(str, places(tmp_path))))
    assert finished_record(asked, asked.directory).experiment == name
    other = replace(asked, protocol=replace(asked.protocol, units=9))
    with pytest.raises(RunError, match="another configuration"):
        finished_record(other, asked.directory)


def test_the_list_of_experiments_names_each_with_its_group_and_title(ask):
    listed = [line.split(maxsplit=2) for line in ask(main).stdout.splitlines()]
    assert listed == [[one.name, one.group, one.title] for one in EXPERIMENTS.values()]
    assert {group for _, group, _ in listed} == {"imdb", "jena", "study"}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_script_reads_as_its_experiment(name):
    script = EXPERIMENTS[name].script
    for part in ("Source:", "Claim:", "Protocol:", "Deviations:", "Expected:"):
        assert part in script.__doc__, f"{script.__name__}: no {part} in the docstring"
    source = inspect.getsource(script)
    assert "import tensorflow" not in source
    # an experiment is read at a glance, a study is a chapter
    assert source.count("\n") <= (400 if EXPERIMENTS[name].role == "study" else 80)
