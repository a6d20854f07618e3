"""Processes that end with this one, be they started anew or forked."""

import os
import subprocess
import sys

import psutil
import pytest
from commands import REPOSITORY
from processes import alive, descendants, wait_for

from harness.errors import RunError
from harness.processes import (
    Child,
    ForkedChild,
    answers,
    can_fork,
    load_before_timing,
    run_to_end,
)

KINDS = [
    Child,
    pytest.param(ForkedChild, marks=pytest.mark.skipif(not can_fork(), reason="cannot fork")),
]
SAYING = """
import os, sys, time
print(sys.argv, os.environ["TOLD"], *(name in sys.modules for name in ("tensorflow", "models")))
print("to the errors", file=sys.stderr)
if sys.argv[1] == "wait":
    os.system("sleep 60 &")
    time.sleep(60)
sys.exit(sys.argv[1])
"""


@pytest.fixture
def saying(tmp_path, monkeypatch):
    """A module that says what it was told, in the working folder of this process and its path."""
    (tmp_path / "saying.py").write_text(SAYING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(REPOSITORY)]))
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_runs_with_its_arguments_variables_and_log(kind, saying):
    child = kind(["saying", "failed"], saying / "log", {"TOLD": "this"})
    assert (child.wait(), child.status(), child.failure()) == (1, 1, "exit code 1")
    first, *others = (saying / "log").read_text().splitlines()
    # a forked one finds TensorFlow in memory, and nothing of this project that a run computes with
    assert first.endswith(f"'failed'] this {kind is ForkedChild} False")
    assert others == ["to the errors", "failed"]
    assert child.last_line() == "failed"


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_process_is_said_to_be_killed_with_what_it_started(kind, saying):
    child = kind(["saying", "wait"], saying / "log", {"TOLD": "this"})
    (grandchild,) = wait_for(lambda: sleeping(child.pid))
    child.send(9)
    child.wait()
    assert child.failure().startswith("ended by signal 9 (Killed), perhaps because memory ran out")
    wait_for(lambda: not alive([grandchild]))


def sleeping(group):
    """The `sleep` of a group of processes, in a list."""
    sleeps = (one.pid for one in psutil.process_iter(["name"]) if one.info["name"] == "sleep")
    return [pid for pid in sleeps if os.getpgid(pid) == group]


# that no forked one does, the tests of the suite show, too
@pytest.mark.parametrize("kind", ["Child", pytest.param("ForkedChild", marks=pytest.mark.faults)])
def test_no_process_outlives_a_killed_parent(kind, saying):
    if kind == "ForkedChild" and not can_fork():
        pytest.skip("cannot fork")
    program = f"""
import sys, time
from pathlib import Path
from harness.processes import {kind}
if __name__ == "__main__":
    child = {kind}(["saying", "wait"], Path("log"), {{"TOLD": "this"}})
    print(child.pid, flush=True)
    time.sleep(60)
"""
    (saying / "parent.py").write_text(program)
    parent = subprocess.Popen([sys.executable, "parent.py"], cwd=saying, stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    started = wait_for(lambda: sleeping(child))
    others = descendants(parent.pid)
    parent.kill()
    parent.communicate()
    wait_for(lambda: not alive([child, *started, *others]), seconds=20)


def test_a_module_that_fails_is_one_sentence_with_its_last_line(saying):
    with pytest.raises(RunError, match=r"^saying: too bad$"):
        run_to_end(["saying", "too bad"], saying / "log", {"TOLD": "this"})
    (saying / "file").touch()
    with pytest.raises(RunError, match=r"cannot write .*/file/log: "):
        run_to_end(["saying", "0"], saying / "file/log", {"TOLD": "this"})


ANSWERING = """
import sys, time
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
for number in connection.recv():
    connection.send(number + 1)
sys.exit("no more" if number else 0)
"""


def test_a_module_answers_a_task_or_says_why_it_failed(saying):
    (saying / "answering.py").write_text(ANSWERING)
    assert list(answers("It", "answering", [1, 2, 0], {})) == [2, 3, 1]
    with pytest.raises(RunError, match=r"^It failed: no more$"):
        list(answers("It", "answering", [1], {}))
    with pytest.raises(RunError, match=r"^It failed: .*No module named"):
        list(answers("It", "no_such_module", [1], {}))


@pytest.mark.parametrize(("load", "busy"), [(0.6, False), (0.61, True)])
def test_a_timing_says_that_the_machine_is_busy(load, busy, monkeypatch, capsys):
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0, 0))
    found, sentence = load_before_timing(cores=2)
    assert (found, "(load 0.61)" in sentence) == (load, busy)
    assert capsys.readouterr().out.strip() == sentence
