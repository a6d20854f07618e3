"""`make tables` and `make plots` where the terminal, the pipe or the records are troublesome."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import REPOSITORY, places, run
from processes import started, wait_for
from records import fabricate

from harness.errors import MOST_NAMES, RunError
from harness.records.record import find_records, refuse_mixture
from harness.reporting.rebuild import rebuild

TABLES, FIGURES = "harness.reporting.tables", "harness.reporting.figures"


@pytest.fixture
def results(tmp_path):
    fabricate(tmp_path / "results", "imdb-toy", config={"title": "4 × Größe"})
    return tmp_path / "results"


def options(module, results) -> list:
    plots = ["--plots-dir", results.parent / "plots"] if module == FIGURES else []
    return ["--results-dir", results, *plots]


@pytest.mark.parametrize("module", [TABLES, FIGURES])
def test_a_terminal_that_knows_only_ascii(module, results):
    moved = results.rename(results.with_name("Ergebnis-Größen"))
    done = run(module, *options(module, moved), PYTHONIOENCODING="ascii", MPLBACKEND="bogus")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"Ergebnis-Gr\xf6\xdfen" in done.stdout or module == FIGURES


def test_a_run_in_a_terminal_that_knows_only_ascii(tmp_path):
    command = ["experiments", "jena-persistence", "--sample", *places(tmp_path)]
    done = run(*command, PYTHONIOENCODING="ascii", MPLBACKEND="bogus")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"test at best in \xb0C" in done.stdout


@pytest.mark.parametrize("module", [TABLES, FIGURES])
def test_a_pipe_that_nobody_reads_and_a_full_disk_behind_it(module, results):
    command = [sys.executable, "-m", module, *map(str, options(module, results))]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, cwd=REPOSITORY, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, cwd=REPOSITORY, stdout=full, stderr=subprocess.PIPE)
        message = b"warning: cannot print (No space left on device); work goes on.\n"
        assert (done.returncode, done.stderr) == (0, message)


def test_an_interruption_is_one_line(tmp_path):
    for seed in range(200):
        fabricate(tmp_path / "results", "imdb-toy", seed=seed, environment={"started": "then"})
    with started(TABLES, *options(TABLES, tmp_path / "results")) as process:
        maps = Path(f"/proc/{process.pid}/maps")
        if not maps.exists():
            pytest.skip("there is no /proc to look into another process with")
        wait_for(lambda: "numpy" in maps.read_text())  # it is at work
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "interrupted; the same command begins again.\n"


def test_an_interruption_while_it_works_says_what_to_do(capsys):
    def interrupted():
        raise KeyboardInterrupt

    assert rebuild(interrupted) == 130
    assert capsys.readouterr().err == "interrupted; the same command begins again.\n"


def test_ten_damaged_records_are_named_and_the_others_counted(results):
    for seed in range(1, 65):
        path = fabricate(results, "imdb-toy", seed=seed, environment={"started": "then"})
        (path / "metrics.json").unlink()
    done = run(TABLES, *options(TABLES, results))
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == MOST_NAMES + 1
    assert lines[0].startswith("warning: left out: imdb-toy/seed-1/metrics.json: ")
    assert lines[-1] == "  and 54 more"


def test_ten_records_of_a_mixture_are_named_and_the_others_counted(tmp_path):
    for seed in range(64):
        fabricate(tmp_path, "imdb-toy", seed=seed, environment={"started": "then"})
    records, _ = find_records(tmp_path)
    with pytest.raises(RunError, match=r"imdb-toy/seed-16, imdb-toy/seed-17, and 54 more\)"):
        refuse_mixture(tmp_path, records, adding_sample=True)


def test_control_characters_of_names_are_shown_and_not_sent(tmp_path):
    assert str(RunError("a\x1b[31m\nb\u202ec\udcff")) == r"a\x1b[31m\nb\u202ec\udcff"
    (fabricate(tmp_path, "imdb-toy").parent / "seed-\x1b[31m.unfinished").mkdir()
    assert find_records(tmp_path)[1] == [
        r"imdb-toy/seed-\x1b[31m.unfinished: the run did not finish."
    ]
