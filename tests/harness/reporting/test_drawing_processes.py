"""Figures are drawn by several processes as by one."""

import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import joblib
import pytest
from commands import REPOSITORY
from processes import alive, descendants, started, wait_for

from harness.errors import RunError, UnwritableError
from harness.records.files import write_text
from harness.reporting.figures.processes import FEW, draw_in_processes

FIGURES = "harness.reporting.figures"


def draw(path: Path) -> Path:
    """Writes which process it was."""
    write_text(path, str(os.getpid()))
    time.sleep(0.2)
    return path


def test_few_figures_are_drawn_here_and_many_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    few, many = ([partial(draw, tmp_path / f"{n}-{k}") for k in range(n)] for n in (FEW, FEW + 1))
    assert {path.read_text() for path in draw_in_processes(few)} == {str(os.getpid())}
    written = draw_in_processes(many)
    assert written == [tmp_path / f"{FEW + 1}-{k}" for k in range(FEW + 1)]
    assert str(os.getpid()) not in {path.read_text() for path in written}


def test_a_figure_that_cannot_be_written_is_one_error(tmp_path):
    (tmp_path / "file").touch()
    drawings = [partial(draw, tmp_path / "file" / str(k)) for k in range(FEW + 1)]
    with pytest.raises(UnwritableError, match="cannot write"):
        draw_in_processes(drawings)


def end(path: Path) -> Path:
    """Is killed, as a process is for which there is no memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return path


def test_a_process_that_is_killed_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    with pytest.raises(RunError, match="a process that drew figures was ended from outside"):
        draw_in_processes([partial(end, tmp_path)] * (FEW + 1))


@pytest.fixture
def many_figures(tmp_path):
    """The arguments that draw one figure for each of 20 copies of a record."""
    record = REPOSITORY / "results/reference/imdb-dense/seed-0"
    for k in range(20):
        shutil.copytree(record, tmp_path / f"results/imdb-dense+units-{k}/seed-0")
        config = tmp_path / f"results/imdb-dense+units-{k}/seed-0/config.json"
        text = config.read_text("utf-8")
        assert '"variant": {}' in text
        config.write_text(text.replace('"variant": {}', f'"variant": {{"units": {k}}}'), "utf-8")
        (config.parent / "SHA256SUMS").unlink(missing_ok=True)
    return ["--results-dir", tmp_path / "results", "--plots-dir", tmp_path / "plots"]


@pytest.mark.skipif(joblib.cpu_count() == 1, reason="one core draws in one process")
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_command(ended_by, many_figures, tmp_path):
    with started(FIGURES, *many_figures) as process:
        wait_for(lambda: list(tmp_path.glob("plots/*.png")))
        children = descendants(process.pid)
        assert children
        process.send_signal(ended_by)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if ended_by == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in errors
    wait_for(lambda: not alive(children))
    if ended_by == signal.SIGINT:
        assert not list(tmp_path.glob("plots/.*"))
