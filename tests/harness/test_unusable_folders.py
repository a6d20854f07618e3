"""Folders that cannot be read or written: each command says so in one sentence."""

from pathlib import Path

import pytest
from limited_commands import LimitedCommands
from records import fabricate

LOOP, LONG = "loop", "long/" + "a" * 300
# Paths that are no folder that can be read and written, by what is wrong with them
PLACES = {
    "a file": "file",
    "a folder below a file": "file/below",
    "a link to itself": LOOP,
    "a folder below a link to itself": f"{LOOP}/below",
    "a name that is too long": LONG,
    "a path that is too long": "/".join(["a" * 200] * 25),
    "a closed folder": "closed",
    "a folder below a closed one": "closed/below",
}
FILES = ("--claims", "--file", "--output", "--pages", "--plot", "--published")
SAMPLE = ["--sample", "--experiments", "jena-persistence"]
COMMANDS = [
    ("experiments", "jena-persistence", "--sample", "--results-dir"),
    ("experiments", "imdb-majority", "--sample", "--plots-dir"),
    ("harness.suite", *SAMPLE, "--results-dir"),
    ("harness.reporting.tables", "--results-dir"),
]
MORE = [
    ("harness.reporting.tables", "--results-dir", "some", "--reference"),
    ("harness.reporting.tables", "--results-dir", "some", "--published"),
    ("harness.reporting.tables", "--results-dir", "some", "--claims"),
    ("harness.reporting.tables", "--results-dir", "some", "--pages"),
    ("harness.reporting.figures", "--results-dir"),
    ("harness.reporting.figures", "--results-dir", "some", "--plots-dir"),
    ("harness.reporting.report", "--results-dir"),
    ("harness.reporting.report", "--results-dir", "some", "--reference"),
    ("harness.reporting.report", "--results-dir", "some", "--output"),
    ("harness.reporting.compare", "imdb-a", "imdb-b", "--results-dir"),
    ("harness.reporting.compare", "imdb-a", "imdb-c", "--results-dir", "some", "--reference"),
    ("harness.reporting.compare", "imdb-a", "imdb-b", "--results-dir", "some", "--plot"),
    ("harness.reporting.compare", "imdb-a", "--results-dir", "some", "--reference", "some"),
    ("harness.reporting.verify",),
    ("harness.reporting.verify", "some", "--reference"),
    ("explore.predict", "--file"),
    ("explore.predict", "--text", "good", "--sample", "--results-dir"),
    ("explore.inspect", "--text", "good", "--sample", "--results-dir"),
    ("explore.forecast", "--sample", "--results-dir"),
    ("explore.forecast", "--sample", "--plots-dir"),
    ("experiments.generate", "--prompt", "a", "--model"),
    ("data", "--data-dir"),
]


@pytest.fixture(scope="module")
def commands():
    with LimitedCommands() as limited:
        yield limited


@pytest.fixture
def folder(tmp_path):
    """A folder with records and unusable places."""
    (tmp_path / "file").touch()
    (tmp_path / LOOP).symlink_to(LOOP)
    (tmp_path / "long").mkdir()
    (tmp_path / "experiments").symlink_to(Path("experiments").absolute())
    fabricate(tmp_path / "some", "imdb-a")
    fabricate(tmp_path / "some", "imdb-b")
    (tmp_path / "closed/below").mkdir(parents=True)
    (tmp_path / "closed").chmod(0)
    yield tmp_path
    (tmp_path / "closed").chmod(0o755)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unusable_place_is_one_sentence(command, commands, folder):
    check(command, commands, folder)


@pytest.mark.faults
@pytest.mark.parametrize("command", MORE, ids=" ".join)
def test_an_unusable_place_is_one_sentence_for_every_command(command, commands, folder):
    check(command, commands, folder)


def check(command: tuple, commands: LimitedCommands, folder: Path) -> None:
    places = PLACES
    if command[-1] in FILES:  # reads the file, or replaces it
        places = {kind: place for kind, place in PLACES.items() if place not in ("file", LOOP)}
    for kind, place in places.items():
        ended = commands.run(command[0], [*command[1:], place], folder)
        assert ended.status in (1, 2), (kind, ended)
        said = ended.errors.splitlines()
        usage = ended.status == 2 and ended.errors.startswith("usage: ")
        assert len(said) == 1 or usage, (kind, ended.errors)
        assert all(line.isprintable() for line in said), (kind, ended.errors)
        assert "error: " in said[-1], (kind, ended.errors)
