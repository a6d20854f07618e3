"""The Makefile: which Python it takes, and which variables it passes on or refuses."""

import shutil
import subprocess
import sys
import tomllib

import pytest
from commands import REPOSITORY

TOOLS = ["make", "rm", "mkdir", "cp", "chmod", "touch"]

# An interpreter of another version: it answers the Makefile's question, and makes an environment
# that holds nothing but a `python` and a `pip` that do nothing.
INTERPRETER = """\
#!/bin/sh
if [ "$1" = -c ]; then
  exec {real} -c "import ensurepip, platform, sys
sys.version_info, sys.platform, platform.machine = {version}, '{system}', lambda: '{machine}'
$2"
fi
mkdir -p "$3/bin"
printf '#!/bin/sh\\n' > "$3/bin/python"
cp "$3/bin/python" "$3/bin/pip"
chmod +x "$3/bin/python" "$3/bin/pip"
"""
UV = '#!/bin/sh\necho "uv $@"\nfor last; do :; done\nexec {python} -m venv "$last"\n'


@pytest.fixture
def clone(tmp_path):
    """A folder with the Makefile, and a PATH on which there is no Python yet."""
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(REPOSITORY / name, tmp_path)
    (tmp_path / "experiments").mkdir()
    for name in ("__init__", "__main__", "generate", "imdb_lstm", "recall"):
        (tmp_path / f"experiments/{name}.py").touch()
    (tmp_path / "path").mkdir()
    for tool in TOOLS:
        (tmp_path / "path" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def install(clone, name, version=(3, 13, 0), system="linux", machine="x86_64"):
    """Puts an interpreter on the PATH."""
    path = clone / "path" / name
    form = {"version": version, "system": system, "machine": machine}
    path.write_text(INTERPRETER.format(real=sys.executable, **form), "utf-8")
    path.chmod(0o755)
    return path


def make(clone, *arguments, **environment):
    return subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env={"PATH": str(clone / "path")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def set_up(clone, *arguments, **environment):
    """What `make` says when it makes the environment."""
    done = make(clone, ".venv/.runtime", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    assert (clone / ".venv/.runtime").exists()
    return done.stdout


def test_the_newest_python_that_tensorflow_exists_for_is_taken(clone):
    install(clone, "python3.14", (3, 14, 0))
    install(clone, "python3", (3, 14, 0))
    install(clone, "python3.11", (3, 11, 9))
    install(clone, "python3.12", (3, 12, 1))
    assert "setting up .venv with python3.12\n" in set_up(clone)
    assert "setting up" not in set_up(clone)


def test_an_interpreter_that_cannot_make_an_environment_is_passed_over(clone):
    broken = clone / "path/python3.13"  # such as pyenv's for a version that is not active
    broken.write_text("#!/bin/sh\nexit 127\n", "utf-8")
    broken.chmod(0o755)
    install(clone, "python3", (3, 11, 2))
    assert "setting up .venv with python3\n" in set_up(clone)


def test_python_can_be_named(clone):
    install(clone, "python3.13")
    other = install(clone, "other", (3, 11, 0))
    assert f"setting up .venv with {other}\n" in set_up(clone, f"PYTHON={other}")
    again = make(clone, ".venv/.runtime", f"PYTHON={other}")
    assert "PYTHON is for making .venv, which exists already" in again.stderr
    shutil.rmtree(clone / ".venv")
    assert "setting up .venv with other\n" in set_up(clone, PYTHON="other")


def test_uv_provides_a_python_where_there_is_none(clone):
    install(clone, "python3", (3, 14, 0))
    maker = install(clone, "maker")
    uv = clone / "path/uv"
    uv.write_text(UV.format(python=maker), "utf-8")
    uv.chmod(0o755)
    assert "uv venv --quiet --seed --python 3.13 .venv" in set_up(clone)


@pytest.mark.parametrize(
    ("version", "system", "machine"),
    [
        ((3, 10, 9), "linux", "x86_64"),
        ((3, 14, 0), "linux", "x86_64"),
        ((3, 13, 0), "darwin", "x86_64"),
    ],
)
@pytest.mark.parametrize("arguments", [[], ["PYTHON=python3"]])
def test_without_a_suitable_python_one_sentence_says_what_to_do(
    clone, version, system, machine, arguments
):
    install(clone, "python3", version, system, machine)
    done = make(clone, ".venv/.runtime", *arguments)
    assert done.returncode == 2
    sentence, _ = done.stderr.splitlines()  # the other line is make's own
    assert sentence.startswith("Python 3.11, 3.12 or 3.13 with its venv module is needed")
    assert "install one, or uv, or name one with PYTHON=" in sentence
    assert not (clone / ".venv").exists()


def test_a_mac_with_its_own_processor_will_do(clone):
    install(clone, "python3.13", (3, 13, 0), "darwin", "arm64")
    assert "setting up .venv with python3.13\n" in set_up(clone)


def test_the_project_states_the_versions_that_the_makefile_takes():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in makefile


@pytest.mark.parametrize(
    ("variables", "flags"),
    [
        ([], ""),
        (["EPOCHS=2", "SEED=3"], '--seed "3" --epochs "2"'),
        (["SAMPLE=1", "FORCE=1"], "--sample --force"),
        (["SAMPLE=0", "FORCE="], ""),
        (["ARGS=--units 64"], "--units 64"),
    ],
)
@pytest.mark.parametrize("name", ["imdb-lstm", "imdb-lstm-1997", "recall"])
def test_variables_become_options_of_the_experiment(clone, name, variables, flags):
    done = make(clone, "-n", name, *variables)
    command = " ".join(done.stdout.replace("\\\n", " ").split())
    assert command.endswith(f".venv/bin/python -m experiments {name} {flags}".strip())


@pytest.mark.parametrize(
    ("goal", "variable"),
    [
        ("imdb-lstm", "EPOCH=2"),
        ("imdb-lstm", "SEEDS=5"),
        ("tables", "SEED=3"),
        ("report", "SEED=3"),
        ("all", "EPOCHS=2"),
        ("demo", "ARGS=--epochs 2"),
        ("help", "seed=3"),
        ("inspect", "CELLS=gru"),
        ("compare", "RECORDS=results"),
        ("verify", "A=imdb-lstm"),
    ],
)
def test_a_variable_that_would_be_ignored_is_refused(clone, goal, variable):
    done = make(clone, "-n", goal, variable)
    assert done.returncode == 2
    name = variable.partition("=")[0]
    assert f"`make {goal}` does not take {name}; it takes " in done.stderr
    assert "PYTHON" not in done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["imdb-lstm", "SAMPLE=no"], "SAMPLE=no is not understood; SAMPLE=1 means yes, SAMPLE=0"),
        (["recall", "FORCE=yes"], "FORCE=yes is not understood; FORCE=1 means yes, FORCE=0"),
        (["bench", "QUICK=2"], "QUICK=2 is not understood; QUICK=1 means yes, QUICK=0"),
        (["all", "SEEDS=0"], "SEEDS=0 is not a number of seeds"),
        (["all", "SEEDS="], "SEEDS= is not a number of seeds"),
        (["all", "SEEDS=5x"], "SEEDS=5x is not a number of seeds"),
        (["compare"], "compare needs A, and B unless your runs of A are compared with"),
        (["compare", "A=", "B=imdb-gru"], "make compare A=imdb-lstm B=imdb-gru"),
        (["verify"], "verify needs RECORDS, a folder of records: make verify RECORDS=results"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_one_sentence(clone, arguments, sentence):
    done = make(clone, "-n", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_a_text_and_cells_are_passed_on(clone):
    done = make(clone, "-n", "inspect", 'TEXT=it\'s "good"', "CELL=gru lstm", "SAMPLE=1")
    command = " ".join(done.stdout.replace("\\\n", " ").split())
    assert command.endswith('explore.inspect --text="$TEXT" --cell gru lstm --sample')


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["compare", "A=imdb-lstm"], 'compare "imdb-lstm"'),
        (["compare", "A=a", "B=b c", "ARGS=--format json"], 'compare "a" "b c" --format json'),
        (["compare", "ARGS=--help"], "compare --help"),
        (["verify", "RECORDS=some folder"], 'verify "some folder"'),
    ],
)
def test_what_is_compared_is_passed_on(clone, arguments, command):
    printed = " ".join(make(clone, "-n", *arguments).stdout.split())
    assert printed.endswith(f".venv/bin/python -m harness.reporting.{command}")


def test_the_number_of_seeds_is_passed_on(clone):
    assert "--seeds 0-$((12 - 1))" in make(clone, "-n", "all", "SEEDS=12").stdout


def test_variables_of_the_environment_do_not_become_options(clone):
    done = make(clone, "-n", "imdb-lstm", SEED="3", EPOCHS="2", ARGS="--units 64")
    assert "--" not in done.stdout.splitlines()[-1]


def test_every_script_is_a_target_and_nothing_else_is(clone):
    assert make(clone, "-n", "imdb-lstm-peephole").returncode == 0
    for name in ("generate", "recall"):
        assert make(clone, "-n", name).returncode == 0
    assert "there is no target main; `make help` lists them" in make(clone, "-n", "main").stderr


def test_a_review_reaches_predict_as_it_is_written(clone):
    """Also an empty one, about which the command has something to say."""
    for text in ('it\'s "a" `film`', "-5 stars", ""):
        command = make(clone, "-n", "predict", f"TEXT={text}", "SAMPLE=1").stdout
        assert '-m explore.predict --text="$TEXT"' in command
        assert command.strip().endswith("--sample")
    assert "--text" not in make(clone, "-n", "predict", "ARGS=--file reviews.txt").stdout
