"""Every experiment through its real command line, on the built-in sample data."""

import importlib
import os
import re
import subprocess
import time
import tomllib

import pytest
from commands import REPOSITORY, places, run

from harness.command_line import parse
from harness.experiment import Experiment
from harness.records.record import load_record
from harness.records.schema import required_files

MODULES = [
    "imdb_majority",
    "imdb_linear",
    "imdb_dense",
    "imdb_simple_rnn",
    "imdb_stacked_rnn",
    "imdb_lstm",
    "imdb_lstm_document",
    "imdb_lstm_1997",
    "imdb_lstm_peephole",
    "imdb_gru",
    "imdb_conv_lstm",
    "jena_persistence",
    "jena_ridge",
    "jena_dense",
    "jena_gru",
    "jena_gru_dropout",
]
STUDIES = [
    "numpy_check",
    "gradient_flow",
    "recall",
    "next_letter",
    "text_generation",
    "any_length",
    "update_rules",
]
SMALL = {
    "imdb": ["--epochs", 1, "--maxlen", 24, "--units", 4],
    "jena": ["--epochs", 1, "--lookback-hours", 6, "--batches-per-epoch", 2, "--units", 4],
}
WITHOUT_EPOCHS = {"imdb_majority", "imdb_linear", "jena_persistence", "jena_ridge"}


def declaration(module: str) -> Experiment:
    return importlib.import_module(f"experiments.{module}").EXPERIMENT


def small(module: str) -> list:
    return [] if module in WITHOUT_EPOCHS else SMALL[module.partition("_")[0]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Runs an experiment once for all the tests that look at it."""
    outcomes = {}

    def outcome(module):
        if module not in outcomes:
            tmp_path = tmp_path_factory.mktemp(module)
            done = run(f"experiments.{module}", "--sample", *small(module), *places(tmp_path))
            outcomes[module] = done, tmp_path
        return outcomes[module]

    return outcome


@pytest.mark.parametrize("module", MODULES)
def test_one_command_makes_a_whole_record_and_its_plot(module, finished):
    done, tmp_path = finished(module)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "results").glob("*/seed-0")
    assert {f.stem for f in path.glob("*.json")} == {*required_files("network"), "predictions"}
    record = load_record(path)
    assert record.experiment == declaration(module).name == module.replace("_", "-")
    assert record.config["sample"]
    assert record.data["sample"]
    plots = [p.name for p in (tmp_path / "plots").glob("*.png")]
    if module in WITHOUT_EPOCHS:
        assert record.history == {}
        assert plots == []
    else:
        assert len(record.history["seconds"]) == 1
        assert plots == [f"{record.label}.png"]


@pytest.mark.parametrize("module", MODULES)
def test_nothing_but_the_result_is_printed(module, finished):
    done, _ = finished(module)
    assert done.stderr == ""
    assert "best validation" in done.stdout.splitlines()[-4]
    assert "not compared: runs on sample data" in done.stdout.splitlines()[-1]


def test_a_finished_run_is_not_repeated_unless_forced(finished):
    _, tmp_path = finished("jena_ridge")
    began = load_record(tmp_path / "results/jena-ridge/seed-0").environment["started"]
    again = run("experiments.jena_ridge", "--sample", *places(tmp_path))
    assert "seed 0: already finished at" in again.stdout
    assert load_record(tmp_path / "results/jena-ridge/seed-0").environment["started"] == began
    time.sleep(1)  # start times are recorded in whole seconds
    run("experiments.jena_ridge", "--sample", "--force", *places(tmp_path))
    assert load_record(tmp_path / "results/jena-ridge/seed-0").environment["started"] > began


def test_another_configuration_gets_a_record_of_its_own(finished):
    _, tmp_path = finished("jena_persistence")
    done = run("experiments.jena_persistence", "--sample", "--horizon-hours", 24, *places(tmp_path))
    assert done.returncode == 0, done.stderr
    published = load_record(tmp_path / "results/jena-persistence/seed-0")
    corrected = load_record(tmp_path / "results/jena-persistence+horizon-hours-24/seed-0")
    assert "25 hours ahead" in published.config["notes"][0]
    assert corrected.config["notes"][0].startswith("Corrected form")
    assert corrected.metrics["best_validation"] < published.metrics["best_validation"]


def test_a_record_of_another_protocol_is_never_replaced_silently(finished):
    _, tmp_path = finished("jena_persistence")
    config = tmp_path / "results/jena-persistence/seed-0/config.json"
    original = config.read_text()
    config.write_text(original.replace('"lookback_hours": 48', '"lookback_hours": 72'))
    assert config.read_text() != original
    done = run("experiments.jena_persistence", "--sample", *places(tmp_path))
    config.write_text(original)
    assert done.returncode == 1
    assert "another configuration (lookback_hours: 72 there, 48 asked)" in done.stderr
    assert "Traceback" not in done.stderr


def test_sample_and_real_data_never_share_a_folder(finished, tmp_path):
    _, sample_path = finished("jena_persistence")
    done = run("experiments.jena_persistence", *places(sample_path), "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "jena-persistence/seed-0) with runs on real data (this run)" in done.stderr


@pytest.mark.parametrize("module", ["imdb_conv_lstm", "jena_gru"])
def test_the_same_seed_gives_the_same_bits_when_asked_for(module, tmp_path):
    histories = []
    for place in (tmp_path / "a", tmp_path / "b"):
        command = ["--sample", "--deterministic", *small(module), "--epochs", 2]
        done = run(f"experiments.{module}", *command, *places(place))
        assert done.returncode == 0, done.stderr
        (path,) = (place / "results").glob("*/seed-0")
        record = load_record(path)
        assert record.config["deterministic"]
        assert "--deterministic" in record.environment["command"]
        histories.append({k: v for k, v in record.history.items() if k != "seconds"})
    assert histories[0] == histories[1]


def test_a_record_without_the_same_bits_does_not_pass_for_one_with_them(finished):
    _, tmp_path = finished("jena_ridge")
    done = run("experiments.jena_ridge", "--sample", "--deterministic", *places(tmp_path))
    assert done.returncode == 1
    assert "(deterministic: False there, True asked)" in done.stderr


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_keras_backends(backend, tmp_path):
    pytest.importorskip(backend)
    command = ["--sample", *small("imdb_lstm"), *places(tmp_path)]
    done = run("experiments.imdb_lstm", *command, KERAS_BACKEND=backend)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "results").glob("*/seed-0")
    assert load_record(path).environment["backend"] == backend


def test_a_backend_that_does_not_exist_is_one_message(tmp_path):
    done = run("experiments.imdb_lstm", "--sample", *places(tmp_path), KERAS_BACKEND="theano")
    assert done.returncode == 1
    assert (
        "error: the Keras backend does not start (Unable to import backend : theano" in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("module", "arguments", "code", "message"),
    [
        ("imdb_lstm", ["--lr", "0.1"], 2, "unrecognized arguments: --lr"),
        ("imdb_lstm", ["--epochs", "-3"], 2, "--epochs: must be at least 1, got -3"),
        ("imdb_lstm", ["--units", "0"], 2, "--units: must be at least 1, got 0"),
        ("jena_gru", ["--lookback-hours", "0"], 2, "--lookback-hours: must be at least"),
        ("jena_gru", ["--data-dir", "/no/such/place"], 1, "/no/such/place"),
        ("imdb_conv_lstm", ["--sample", "--maxlen", "7"], 1, "it must be at least 8"),
        (
            "jena_ridge",
            ["--sample", "--recent-hours", "99"],
            1,
            "--recent-hours 99 must be a whole",
        ),
        ("jena_gru", ["--sample", "--lookback-hours", "20000"], 1, "shorter lookback"),
        ("jena_gru", ["--sample", "--horizon-hours", "0.5"], 1, "horizon of 0.5 hours"),
        ("imdb_majority", ["--sample", "--validation-split", "0.99999"], 1, "leaves 0 of"),
        ("imdb_lstm", ["--optimizer", "newton"], 2, "invalid choice: 'newton'"),
    ],
)
def test_bad_input_is_one_message_and_leaves_nothing(module, arguments, code, message, tmp_path):
    done = run(f"experiments.{module}", *arguments, *places(tmp_path))
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_results_directory_that_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "results").write_text("a file, not a directory")
    done = run("experiments.jena_persistence", "--sample", *places(tmp_path))
    assert done.returncode == 1
    assert re.fullmatch(r"error: cannot write to .*results.*\n", done.stderr)


def test_a_plots_directory_that_cannot_be_written_is_found_out_before_training(tmp_path):
    (tmp_path / "plots").write_text("a file, not a directory")
    done = run("experiments.jena_gru", "--sample", *places(tmp_path))
    assert done.returncode == 1
    assert re.fullmatch(r"error: cannot write plots to .*\n", done.stderr)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["--no-such-flag"], ["--epochs", "none"]])
def test_help_and_wrong_flags_answer_at_once(arguments):
    began = time.perf_counter()
    run("experiments.imdb_lstm", *arguments)
    assert time.perf_counter() - began < 1.5


@pytest.mark.parametrize("module", MODULES + STUDIES)
def test_defaults_of_the_command_line_are_the_declared_protocol(module):
    experiment = declaration(module)
    protocol, options = parse(experiment, [])
    assert protocol == experiment.protocol
    assert (options.seed, options.sample, options.force) == (0, False, False)


def test_every_experiment_has_a_target_and_a_place_in_the_tables():
    scripts = {
        path.stem.replace("_", "-")
        for path in (REPOSITORY / "experiments").glob("*.py")
        if "EXPERIMENT = Experiment(" in path.read_text(encoding="utf-8")
    }
    listed = subprocess.run(
        ["make", "help"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},  # without what `make test` passes on
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    published = tomllib.loads((REPOSITORY / "experiments/published.toml").read_text("utf-8"))
    assert scripts <= set(listed)
    assert set(published) - {"datasets"} == scripts
    assert {module.replace("_", "-") for module in MODULES + STUDIES} == scripts


@pytest.mark.parametrize("module", MODULES + STUDIES)
def test_a_script_reads_as_its_experiment(module):
    path = REPOSITORY / "experiments" / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    for part in ("Source:", "Claim:", "Protocol:", "Deviations:", "Expected:"):
        assert part in text.split('"""')[1], f"{path.name}: no {part} in the docstring"
    assert "import tensorflow" not in text
