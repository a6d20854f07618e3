"""Any command line works, or is refused in words; it gives no traceback and leaves no rest."""

import dataclasses
import shutil
import signal
from pathlib import Path

import pytest
from commands import REPOSITORY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limited_commands import LimitedCommands
from limits import BYTES
from records import fabricate

from harness.experiment import find_experiments
from harness.records.record import find_records

# Sizes at which an experiment takes a moment; a protocol has some of them.
TINY = {
    "epochs": 1,
    "batches_per_epoch": 1,
    "steps": 1,
    "units": 2,
    "shapes": 1,
    "reviews": 1,
    "tested": 1,
    "longest": 10,
    "maxlen": 5,
    "timesteps": 3,
    "sample_length": 1,
    "torch_epochs": 0,
}
QUICK = ["imdb-majority", "jena-persistence", "jena-ridge"]
# they train for seconds; the one left out takes minutes, and installs old Keras
SLOW = [name for name in find_experiments() if name not in [*QUICK, "step-for-step"]]
PLACES = ["data-dir", "results-dir", "plots-dir"]
OF_RUNS = ["seed", *PLACES, "sample", "force", "deterministic", "plain-keras"]
OF_TABLES = ["results-dir", "published"]
# By module: a command line that works, or lacks only the data, and the flags that it knows.
COMMANDS = {
    "harness.suite": (
        ["--sample", "--experiments", "imdb-majority"],
        [*OF_RUNS, "experiments", "seeds", "workers", "fetch-weights", "tls-ca-file", "tls-cert"],
    ),
    "harness.reporting.tables": (
        ["--results-dir", "some"],
        [*OF_TABLES, "claims", "pages", "reference"],
    ),
    "harness.reporting.figures": (["--results-dir", "some"], [*OF_TABLES, "plots-dir"]),
    "harness.reporting.report": (
        ["--results-dir", "some"],
        [*OF_TABLES, "claims", "output", "reference"],
    ),
    "harness.reporting.compare": (
        ["imdb-a", "imdb-b", "--results-dir", "some"],
        ["format", "results-dir", "reference", "plot"],
    ),
    "harness.reporting.verify": (["some", "--reference", "some"], ["reference"]),
    "explore.predict": (
        ["--text", "a good film"],
        ["text", "file", "json", "sample", "results-dir", "data-dir"],
    ),
    "explore.inspect": (
        ["--text", "a good film", "--cell", "gru"],
        ["text", "cell", "sample", "results-dir", "plots-dir", "data-dir"],
    ),
    "explore.forecast": (
        ["--date", "2015-07-14 12:00"],
        ["date", "file", "network", "sample", "results-dir", "plots-dir", "data-dir"],
    ),
    "explore.keep_weights": (["some"], ["data-dir"]),
    "experiments.generate": (
        ["--prompt", "alice", "--length", "2"],
        ["prompt", "temperature", "length", "seed", "sample", "model"],
    ),
    "benchmarks": (["--help"], ["quick", "sample"]),
    "benchmarks.equality": (["--help"], ["sample"]),
    "benchmarks.benchmark_tables": (["--help"], []),
    "benchmarks.benchmark_figures": (["--help"], []),
    "benchmarks.plain": (["--help"], ["epochs", "sample", "maxlen"]),
    "data": ([], ["data-dir", "from-reviews"]),
}
PLAUSIBLE = ["0", "1", "2", "0.5", "1e-3", "some", "some/imdb-a", "imdb-lstm", "adam", "lstm"]
ABSURD = [
    *("", " ", "-1", "-0", "1e999", "-inf", "nan", "9" * 30, "9" * 5000, "0x10", "1_0", "٣", "½"),
    *("--", "-", "---", "--=", "=", "-h=", "*", "?", "[", "{}", "%", "%s", "%(prog)s", "$HOME"),
    *("~", ".", "..", "../..", "/proc/self/mem", "nowhere/at/all", "file", "a" * 300, "a/" * 3000),
    *("\x1b[31m", "a\nb", "\r", "\t", "\x7f", "\u202e", "\u2028", "\ufeff", "\udcff\udc80"),
    *("नमस्कार", "🎬" * 100, "'", '"', "`id`", ";", "imdb-majority --sample"),
]
# A shell hands over bytes; those that are no letters arrive as lone surrogates. Without "/" and "~"
# they name no file outside the test's folder, which root could overwrite.
OF_BYTES = st.binary(max_size=20).map(lambda word: word.decode("utf-8", "surrogateescape"))
OF_LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORDS = st.one_of(
    st.sampled_from(PLAUSIBLE),
    st.sampled_from(ABSURD),
    st.one_of(OF_BYTES, OF_LETTERS).filter(lambda word: not set(word) & set("\0/~")),
)


def settings_of(name: str) -> tuple[list[str], list[str]]:
    """A command line of an experiment that takes a moment, and the flags that it knows."""
    fields = [field.name for field in dataclasses.fields(find_experiments()[name].protocol)]
    tiny = [word for one in fields if one in TINY for word in (flag(one), str(TINY[one]))]
    return [name, "--sample", *tiny], [*fields, *OF_RUNS]


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


@st.composite
def command_lines(draw) -> tuple[str, list[str]]:
    """A module and its arguments: a command line that works, in which a few things are wrong."""
    kind = draw(st.integers(0, 49))
    if kind < 25:
        module = "experiments"
        line, flags = settings_of(draw(st.sampled_from(SLOW if kind < 15 else QUICK)))
        if 0 < kind < 15:  # few of the slow ones get so far as to train
            line += [flag(draw(st.sampled_from(flags))), draw(st.sampled_from(ABSURD))]
    else:
        module = draw(st.sampled_from(sorted(COMMANDS)))
        line, flags = COMMANDS[module]
    line = list(line)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(line)))
        change = draw(st.sampled_from(["set", "set", "set", "flag", "word", "lose", "exchange"]))
        known = draw(st.sampled_from(flags)) if flags else "help"
        if change == "set":
            line[place:place] = [flag(known), draw(WORDS)]
        elif change == "flag":
            line[place:place] = [flag(known)]
        elif change == "word":
            line[place:place] = [draw(WORDS)]
        elif change == "lose":
            del line[place : place + 1]
        else:
            line[place:] = reversed(line[place:])
    return module, line


def check(commands: LimitedCommands, module: str, line: list[str], folder: Path) -> None:
    """Runs a command line in a folder of its own; the two above it are the test's, too."""
    shutil.rmtree(folder.parents[1], ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "file").touch()
    (folder / "experiments").symlink_to(REPOSITORY / "experiments")
    for name in "ab":
        fabricate(folder / "some", f"imdb-{name}")
    ended = commands.run(module, line, folder)
    assert ended.bytes < BYTES, (module, line, ended.bytes)
    data = [path for path in folder.rglob("seed-*/data.json") if "some" not in path.parts]
    stopped = -signal.SIGALRM if module == "harness.suite" else -signal.SIGPROF
    if ended.status in (-signal.SIGPROF, stopped) and data:
        return  # it was accepted; what trains may take longer
    assert ended.status in (0, 1, 2, 75), (module, line, ended)
    assert "Traceback" not in ended.errors, (module, line, ended.errors)
    lines = ended.errors.splitlines()
    assert all(one.isprintable() for one in lines), (module, line, ended.errors)
    if ended.status == 2:
        assert ended.errors.startswith(("usage: ", "error: ")), (module, line, ended.errors)
    if ended.status == 1 and module != "harness.reporting.verify":
        assert lines, (module, line, ended)
    assert_nothing_is_unfinished(folder.parents[1])


def assert_nothing_is_unfinished(folder: Path) -> None:
    """Every record is whole, and there are no files that somebody was writing."""
    rest = [path for path in folder.rglob("*") if path.name.endswith(".unfinished")]
    # in the home folder, other packages keep their settings
    rest += [p for p in folder.rglob(".*") if p.suffix != ".lock" and p.parent.name != "home"]
    assert rest == []
    for results in {path.parents[1] for path in folder.rglob("seed-*") if path.is_dir()}:
        records, left_out = find_records(results)
        assert records
        assert left_out == []


@pytest.fixture(scope="module")
def commands():
    with LimitedCommands() as limited:
        yield limited


SETTINGS = {"suppress_health_check": list(HealthCheck), "database": None}


@settings(**SETTINGS, max_examples=8, derandomize=True)
@given(command_lines())
def test_a_command_line_works_or_is_refused_in_words(commands, tmp_path, line):
    check(commands, *line, tmp_path / "top/middle/folder")


@pytest.mark.faults
@settings(**SETTINGS, max_examples=500)
@given(command_lines())
def test_500_command_lines_work_or_are_refused_in_words(commands, tmp_path, line):
    check(commands, *line, tmp_path / "top/middle/folder")
