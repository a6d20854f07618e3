"""The Makefile: which variables it passes on and refuses, and that it installs what was pinned."""

import re
import shlex
import shutil
import subprocess
import tomllib

import pytest
from commands import REPOSITORY

from harness.experiment import find_experiments

# stands in for the environment's Python: it prints the arguments that reach a command
PYTHON = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n"


@pytest.fixture
def clone(tmp_path):
    """A folder with the Makefile, three experiments and an environment that is made already."""
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(REPOSITORY / name, tmp_path)
    (tmp_path / "experiments").mkdir()
    for name in ("__init__", "__main__", "imdb_lstm", "recall"):
        (tmp_path / f"experiments/{name}.py").touch()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(PYTHON, "utf-8")
    python.chmod(0o755)
    (tmp_path / ".venv/.runtime").touch()
    return tmp_path


def make(clone, *arguments, **environment):
    """Calls make with these variables alone, without those that `make test` passes on."""
    return subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def passed_on(clone, *arguments, **environment):
    """The words that reach Python after `-m`."""
    done = make(clone, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    dash_m, *words = done.stdout.splitlines()
    assert dash_m == "-m"
    return words


LSTM = ["experiments", "imdb-lstm"]
TABLES = ["harness.reporting.pages", "--results-dir", "results", "--reference", "results/reference"]
ODD = '-5 stars: "it\'s" `date` $10 $(HOME) $$'  # what make or a shell would change


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["imdb-lstm"], LSTM),
        (["imdb-lstm", "EPOCHS=2", "SEED=3"], [*LSTM, "--seed", "3", "--epochs", "2"]),
        (["imdb-lstm", "SAMPLE=1", "FORCE=1"], [*LSTM, "--sample", "--force"]),
        (["imdb-lstm", "SAMPLE=0", "FORCE="], LSTM),
        (["imdb-lstm", "KERAS=2.0.8"], [*LSTM, "--keras", "2.0.8"]),
        (["imdb-lstm-1997", "ARGS=--units 64"], ["experiments", "imdb-lstm-1997", "--units", "64"]),
        (["recall", "ARGS=--text '$10'"], ["experiments", "recall", "--text", "$10"]),
        (["predict", f"TEXT={ODD}"], ["explore.predict", f"--text={ODD}"]),
        (["predict", "ARGS=--json"], ["explore.predict", "--json"]),
        (
            ["inspect", f"TEXT={ODD}", "CELL=gru lstm", "SAMPLE=1"],
            ["explore.inspect", f"--text={ODD}", "--cell", "gru", "lstm", "--sample"],
        ),
        (
            ["forecast", "DATE=2015-07-14 12:00", f"FILE={ODD}"],
            ["explore.forecast", "--date", "2015-07-14 12:00", "--file", ODD],
        ),
        (
            ["try-reviews", f"FILE={ODD}", "ARGS=--seeds 2"],
            ["harness.suite.own_data", "reviews", ODD, "--seeds", "2"],
        ),
        (["try-series", "FILE=a b.csv"], ["harness.suite.own_data", "series", "a b.csv"]),
        (["compare", "A=imdb-lstm"], ["harness.reporting.compare", "imdb-lstm"]),
        (["compare", f"A={ODD}", "B=b c"], ["harness.reporting.compare", ODD, "b c"]),
        (["verify", f"RECORDS={ODD}"], ["harness.reporting.verify", ODD]),
        (["generate", f"PROMPT={ODD}"], ["explore.generate", "--prompt", ODD]),
        # what a command does not take, it refuses
        (["tables", "SEED=3"], [*TABLES, "--seed", "3"]),
    ],
)
def test_variables_reach_the_command_as_they_were_typed(clone, arguments, words):
    assert passed_on(clone, *arguments) == words


def test_the_commands_without_make_are_those_of_the_makefile(clone):
    names = find_experiments()
    for script in (REPOSITORY / "experiments").glob("*.py"):
        (clone / "experiments" / script.name).touch()
    for name in ("requirements-dev.txt", ".venv/.runtime", ".venv/.development"):
        (clone / name).touch()
    # prints its words at once, since commands may run beside each other
    python = "#!/bin/sh\nprintf '%s\\037' '<' \"$@\" '>'\n"
    (clone / ".venv/bin/python").write_text(python, "utf-8")
    page = (REPOSITORY / "docs/running.md").read_text("utf-8")
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    demo = re.search(r"^DEMO := ((?:.*\\\n)*.*)", makefile, re.MULTILINE)[1].replace("\\\n", "")
    assert set(demo.split()) < names.keys()
    rows = re.findall(r"^\| `make (.*?)` \| (.*) \|$", page, re.MULTILINE)
    for arguments, cell in rows[1:]:  # `make help` has a text of its own
        cell = cell.replace("NAMES", " ".join(names)).replace("DEMO", demo)
        commands = re.findall("`(python -m .*?)`", cell)
        written = [sorted(shlex.split(command)[1:]) for command in commands]
        printed = make(clone, *shlex.split(arguments)).stdout
        called = [sorted(one.split("\037")) for one in re.findall("<\037(.*?)\037>", printed)]
        assert sorted(called) == sorted(written), arguments
    targets = set(re.findall("^([a-z-]+):.*## ", makefile, re.MULTILINE))
    shown = {arguments.split()[0] for arguments, _ in rows}
    assert targets - shown == {"audit", "clean", "reference"}
    assert shown - targets == {"imdb-lstm"}


def test_variables_of_the_environment_do_not_become_options(clone):
    variables = {"SEED": "3", "EPOCHS": "2", "ARGS": "--units 64", "TEXT": "x", "FILE": "f"}
    assert passed_on(clone, "imdb-lstm", **variables) == LSTM
    assert passed_on(clone, "predict", **variables) == ["explore.predict"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["imdb-lstm", "EPOCH=2"], "there is no variable EPOCH; there are ARGS SEED EPOCHS "),
        (["imdb-lstm", "SAMPLE=no"], "SAMPLE=no is not understood; SAMPLE=1 means yes, SAMPLE=0"),
        (["bench", "QUICK=2"], "QUICK=2 is not understood; QUICK=1 means yes, QUICK=0"),
        (["compare", "B=imdb-gru"], "B is what A is compared with; give both"),
        (["main"], "there is no target main; `make help` lists them"),
        (["imdb-lstm", "PYTHON=python3"], "PYTHON is for making .venv, which exists already"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(clone, arguments, sentence):
    done = make(clone, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_without_a_suitable_python_one_sentence_says_what_to_do(clone):
    shutil.rmtree(clone / ".venv")
    done = make(clone, "predict", "PYTHON=/bin/false")
    assert done.returncode == 2
    assert done.stderr.startswith("Python 3.11, 3.12 or 3.13 with its venv module is needed")
    assert "name one with PYTHON=" in done.stderr
    assert done.stdout == ""
    assert not (clone / ".venv").exists()


def test_the_project_states_the_versions_that_the_makefile_takes():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in makefile


def test_every_package_is_pinned_and_has_hashes_that_pip_compares():
    pinned = r"\S+==\S+( ; .+?)?( +--hash=sha256:[0-9a-f]{64})+ *"
    for kind in ("", "-cluster", "-dev"):
        text = (REPOSITORY / f"requirements{kind}.txt").read_text("utf-8").replace("\\\n", " ")
        packages = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
        assert len(packages) > 5
        assert [line for line in packages if not re.fullmatch(pinned, line)] == []
    done = make(REPOSITORY, "--always-make", "--dry-run", ".venv/.development")
    assert done.returncode == 0, done.stderr
    installing = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert len(installing) == 2
    assert all("--require-hashes" in line for line in installing)
