"""What a command refuses, how it ends, and what it says: one sentence and no traceback."""

import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from commands import REPOSITORY, run
from records import fabricate

from experiments import imdb_majority
from harness.cli import (
    ELSEWHERE,
    Parser,
    add_places,
    add_run_options,
    run_command,
    warn_left_out,
)
from harness.errors import MOST_NAMES, ElsewhereError, RunError
from harness.experiment import read_plan

# A command that is refused, and a part of the sentence. `F` is a folder with a record of imdb-a and
# imdb-b in F/some, and a file F/file.
REFUSED = [
    ("experiments nope", 2, "there is no experiment 'nope'"),
    ("experiments imdb-lstm --units 0", 2, "--units: must be at least 1, got 0"),
    ("experiments imdb-lstm --unit 3", 2, "unrecognized arguments: --unit 3"),
    ("experiments imdb-lstm --seed \x1b[31m", 2, r"expected a whole number, got '\x1b[31m'"),
    ("experiments imdb-lstm --patience -1", 2, "--patience: must be at least 0, got -1"),
    ("experiments imdb-lstm --keras 2.0.8 --patience 3", 2, "unrecognized arguments: --patience 3"),
    ("experiments imdb-dense --sample --tensorboard F/file", 1, "F/file; choose another --tens"),
    ("experiments recall --tensorboard F/x", 2, "the epochs of a network, and recall is none"),
    ("experiments imdb-lstm --data-dir F/none", 1, "F/none"),
    ("experiments jena-gru --data-dir F/file", 1, "F/file"),
    ("experiments text-generation --text F/none.txt", 1, "F/none.txt"),
    ("experiments imdb-majority --sample --results-dir F/file", 1, "F/file"),
    ("experiments imdb-majority --sample --plots-dir F/file", 1, "F/file; choose another"),
    ("experiments recall --keras 2.0.8", 1, "recall does not run on an old Keras"),
    ("experiments recall --reviews-file F/file", 1, "recall does not run on reviews"),
    (
        "experiments lstm --reviews-file F/none.csv",
        1,
        "there is no file F/none.csv; check its name",
    ),
    ("experiments gru --series-file F/file", 1, "F/file is empty"),
    ("experiments lstm --reviews-file F/file --sample", 2, "leave it out for a file of your own"),
    ("experiments imdb-conv-lstm --sample --maxlen 7", 1, "it must be at least 8"),
    ("experiments jena-ridge --sample --recent-hours 99", 1, "--recent-hours 99 must be a"),
    ("experiments jena-gru --sample --lookback-hours 20000", 1, "choose shorter ones"),
    ("experiments jena-gru --sample --horizon-hours 0.5", 1, "horizon of 0.5 hours"),
    ("experiments imdb-majority --sample --validation-split 0.99999", 1, "leaves 0 of"),
    ("experiments imdb-lstm --keras 2.0.8 --plain-keras", 1, "--plain-keras is for today's Keras"),
    ("experiments jena-gru --keras 2.0.8 --deterministic", 1, "--deterministic is for today's"),
    ("experiments imdb-dense --keras 2.0.8", 1, "imdb-dense does not run on an old Keras"),
    ("experiments next-letter --word namaskar,namaste", 1, "'namas' goes on with 'k' in namaskar"),
    ("experiments gradient-flow --sample --maxlen 200", 1, "no validation review has 200 words"),
    ("experiments gradient-flow --scale 0.5", 2, "--scale: must be at least 1, got 0.5"),
    ("experiments negation --sample --num-words 10", 1, "is not in the vocabulary of 10; use a"),
    ("experiments update-rules --sample --batch-size 8999", 1, "8999 is more than 6,400 reviews"),
    ("experiments numpy-check --word a", 2, "unrecognized arguments: --word"),
    ("experiments text-generation --sample --text alice", 1, "--text names another (alice)"),
    ("experiments text-generation --sample --window 4000", 1, "too few for a --window of 4,000"),
    ("experiments text-generation --sample --tail 0.999", 1, "--tail 0.999 leaves 3 for training"),
    ("harness.suite.own_data reviews F/none.csv", 1, "there is no file F/none.csv"),
    ("harness.suite.own_data reviews F/file", 1, "file is empty; it needs a column of reviews"),
    ("harness.suite.own_data series F/file", 1, "F/file is empty"),
    ("harness.suite.own_data series F/file --horizon soon", 2, "a span such as 30min, 24h, 10d"),
    ("harness.suite --experiments nope", 1, "there is no experiment 'nope'"),
    ("harness.suite --experiments imdb-gru ''", 1, "there is no experiment ''"),
    ('harness.suite --experiments "imdb-lstm \'open"', 1, "imdb-lstm 'open': No closing quotation"),
    (
        "harness.suite --experiments 'imdb-lstm --seed=7'",
        1,
        "--seed is an option of the whole suite",
    ),
    (
        "harness.suite --experiments 'recall --plots-dir X'",
        1,
        "--plots-dir is an option of the whole",
    ),
    (
        "harness.suite --experiments 'imdb-lstm --epoch 3'",
        2,
        "imdb-lstm: error: unrecognized argum",
    ),
    ("harness.suite --experiments 'recall --data-dir F/none'", 1, "F/none (--data-dir) cannot"),
    ("harness.suite --sample --experiments imdb-lstm --results-dir F/file", 1, "F/file"),
    ("harness.suite --seeds 3-1", 2, "'3-1' holds no seed"),
    ("harness.reporting.pages --results-dir F/none", 1, "F/none"),
    ("harness.reporting.pages --results-dir F/\x1b", 1, r"F/\x1b"),
    ("harness.reporting.report --results-dir F/file", 1, "F/file"),
    ("harness.reporting.compare imdb-a imdb-c --results-dir F/some", 1, "imdb-c"),
    ("harness.reporting.compare imdb-a imdb-a --results-dir F/some", 1, "are the same runs"),
    ("harness.reporting.verify F/none", 1, "F/none"),
    ("explore.generate --prompt a --model F/none", 1, "F/none holds no trained network"),
    ("explore.generate --prompt ''", 2, "--prompt: must not be empty"),
    ("explore.generate --prompt a --sample", 1, "make text-generation SAMPLE=1"),
    ("explore.generate --prompt a --temperature nan", 2, "must be finite, got nan"),
    ("explore.predict --file F/none", 1, "F/none"),
    ("explore.predict --text '?! ...' --sample", 1, "the text holds no word"),
    ("explore.predict --text good --sample --results-dir F/none", 1, "F/none has no trained"),
    ("explore.inspect --text good --cell rnn", 2, "invalid choice: 'rnn'"),
    ("explore.forecast --date tomorrow", 2, "expected such as '2015-07-14 12:00'"),
    ("explore.forecast --sample --plots-dir F/file", 1, "cannot write to F/file"),
    ("explore.keep_weights", 2, "the following arguments are required: DIR"),
    ("benchmarks --slow", 2, "unrecognized arguments: --slow"),
    ("benchmarks.plain imdb-lstm --epochs x", 2, "invalid int value: 'x'"),
]


@pytest.mark.parametrize(("line", "status", "sentence"), REFUSED, ids=lambda value: str(value))
def test_a_refusal_is_one_sentence(line, status, sentence, tmp_path, monkeypatch, ask):
    monkeypatch.delenv("RNN_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("imdb-a", "imdb-b"):
        fabricate(tmp_path / "some", name)
    (tmp_path / "file").touch()
    module, *arguments = shlex.split(line.replace("F/", f"{tmp_path}/"))
    package = import_module(module)
    command = import_module(f"{module}.__main__") if hasattr(package, "__path__") else package
    done = ask(command.main, *arguments)
    errors = done.stderr.replace(f"{tmp_path}/", "F/").splitlines()
    assert (done.returncode, sentence in errors[-1]) == (status, True), errors
    assert "error: " in errors[-1]
    assert errors[-1].isprintable()
    assert status == 2 or len(errors) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "some"]


def raising(error: BaseException):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "status", "said"),
    [
        (lambda: None, 0, ""),
        (lambda: 3, 3, ""),
        (raising(RunError("a\x1b[31m\nb\u202ec\udcff")), 1, r"error: a\x1b[31m\nb\u202ec\udcff"),
        (raising(OSError(28, "No space left")), 1, "error: [Errno 28] No space left"),
        (raising(ElsewhereError("done there.")), ELSEWHERE, "error: done there."),
        (raising(KeyboardInterrupt()), 130, "error: interrupted."),
        (raising(KeyboardInterrupt("ended by SIGTERM.")), 130, "error: ended by SIGTERM."),
        (lambda: np.empty(2**50), 1, "error: Unable to allocate 8.00 PiB"),
    ],
)
def test_a_command_ends_in_one_of_five_ways(work, status, said, capsys):
    assert run_command(work) == status
    errors = capsys.readouterr().err
    assert errors.startswith(said)
    assert errors.count("\n") == (1 if said else 0)


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(ValueError, match="a fault"):
        run_command(raising(ValueError("a fault of this program")))


@pytest.mark.parametrize(
    ("argv", "results", "plots"),
    [
        ([], "results", "plots"),
        (["--sample"], "demo/results", "demo/plots"),
        (["--results-dir", "mine", "--sample"], "mine", "demo/plots"),
    ],
)
def test_places_follow_from_the_options(argv, results, plots):
    parser = Parser("some.command", "Does something.")
    add_run_options(parser)
    add_places(parser, "data")
    options = parser.parse_args(argv)
    found = options.results_dir, options.plots_dir, options.data_dir
    assert found == (Path(results), Path(plots), None)


def test_the_sample_protocol_is_that_of_the_command_line():
    experiment = imdb_majority.EXPERIMENT
    for sample in (False, True):
        plan = read_plan(experiment, ["--sample"] if sample else [])
        assert plan.protocol == experiment.default_protocol(sample)
        assert plan.changed == {}


def test_ten_runs_that_are_left_out_are_named_and_the_others_counted(capsys):
    warn_left_out(f"imdb-toy/seed-{seed}: damaged\x1b." for seed in range(64))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == MOST_NAMES + 1
    assert lines[0] == r"warning: left out: imdb-toy/seed-0: damaged\x1b."
    assert lines[-1] == "  and 54 more"


def test_a_closed_pipe_ends_a_command_quietly_and_ascii_does_not_end_it(tmp_path):
    folder = tmp_path / "Ergebnis-Größen"
    fabricate(folder, "imdb-toy", config={"title": "4 × Größe"})
    command = ["harness.reporting.pages", "--results-dir", folder]
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", *map(str, command)]
    done = subprocess.run(words, cwd=REPOSITORY, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
    done = run(*command, PYTHONIOENCODING="ascii", MPLBACKEND="bogus")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"Ergebnis-Gr\xf6\xdfen" in done.stdout
