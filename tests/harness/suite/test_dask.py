"""Runs on a Dask cluster: a scheduler and two workers on this machine, with nothing shared."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
from commands import places
from processes import EPOCHS, LONG, mentioning, started, wait_for
from rich.console import Console

from harness.errors import RunError
from harness.records.record import load_record
from harness.suite import __main__ as suite
from harness.suite.plan import plan_suite
from harness.suite.progress import Display
from harness.training.machine import code_version

QUICK = ["imdb-majority", "jena-persistence"]
FAILING = "jena-ridge --recent-hours 99"  # it finds out when it runs


NOBODY = ["--sample", "--cluster", "tcp://127.0.0.1:1", "--experiments", QUICK[0]]


def test_without_dask_there_is_one_message(tmp_path, monkeypatch, ask):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "harness.suite.dask", raising=False)
    done = ask(suite.main, *NOBODY, *places(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: --cluster needs Dask, which is not installed (")
    assert done.stderr.endswith(" -m pip install -r requirements-cluster.txt\n")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def distributed():
    return pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler(distributed, tmp_path_factory):
    """The address of a scheduler that has no worker."""
    folder = tmp_path_factory.mktemp("scheduler")
    file = folder / "scheduler.json"
    command = ["scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard"]
    with started("dask", *command, "--scheduler-file", file, cwd=folder):
        wait_for(file.exists)
        yield wait_for(lambda: _address(file))


def _address(file):
    try:
        return json.loads(file.read_text())["address"]
    except ValueError:
        return None  # it is being written


@pytest.fixture
def cluster(scheduler, distributed):
    """A client to look at the cluster with."""
    with distributed.Client(scheduler, set_as_default=False) as client:
        yield client


def worker(scheduler, folder, *options):
    """Starts a worker outside of the checkout: it has the requirements, and not this project."""
    command = ["--nthreads", 1, "--resources", "RUN=1", "--no-nanny", "--no-dashboard"]
    folder.mkdir()
    command += ["--local-directory", folder, *options]
    return started("dask", "worker", scheduler, *command, cwd=folder)


def workers_of(client) -> dict[str, int]:
    """The process of each worker, by its address."""
    return client.run(os.getpid)


def on_cluster(scheduler, tmp_path, *experiments):
    where = ["--cluster", scheduler, *places(tmp_path)]
    return ["--sample", *where, "--experiments", *experiments]


def test_records_come_back(scheduler, cluster, tmp_path, ask):
    with worker(scheduler, tmp_path / "a"), worker(scheduler, tmp_path / "b"):
        wait_for(lambda: len(workers_of(cluster)) == 2)
        asked = on_cluster(scheduler, tmp_path, *QUICK, FAILING)
        done = ask(suite.main, *asked)
        assert done.returncode == 1
        results = tmp_path / "results"
        for name in QUICK:
            record = load_record(results / name / "seed-0")
            assert record.environment["threads"] == 1
            assert record.environment["commit"] == code_version()[0]
            assert [path.name for path in (results / name).iterdir()] == ["seed-0"]
        assert "exit code 1\nlast lines of " in done.stderr
        assert "    error: --recent-hours 99 must be a whole" in done.stderr
        assert len(list((results / "logs").iterdir())) == 3
        assert len(set(re.findall(r" on (tcp://\S+): ", done.stdout))) == 2
        again = ask(suite.main, *on_cluster(scheduler, tmp_path, *QUICK))
        assert (again.returncode, again.stdout.splitlines()[0]) == (0, "already finished: 2")


@pytest.mark.faults
def test_the_run_of_a_killed_worker_is_done_by_the_other(scheduler, cluster, tmp_path):
    from harness.suite.dask import run_on_cluster

    options = suite.parse_arguments(["--sample", *map(str, places(tmp_path))])
    asked = plan_suite([LONG], [0], options)
    (plan,), begun, epochs = asked.plans, [], []

    class Killing(Display):
        def started(self, plan, where=""):
            begun.append(where)

        def epoch_done(self, plan, epoch, loss):
            if not epochs:
                (folder,) = tmp_path.glob("[ab]/*/*/run-*")  # in the middle of the run
                os.kill(workers_of(cluster)[begun[0]], signal.SIGKILL)
                wait_for(lambda: not mentioning(folder), seconds=10)
            epochs.append(epoch)

    with worker(scheduler, tmp_path / "a"), worker(scheduler, tmp_path / "b"):
        wait_for(lambda: len(workers_of(cluster)) == 2)
        display = Killing(asked, Console(quiet=True))
        run_on_cluster([plan], scheduler, weights=True, display=display)
    assert len(set(begun)) == len(begun) == 2
    # the last epochs may end between two looks at the run; its record below has all of them
    assert epochs
    assert display.failures == {}
    assert len(load_record(plan.directory).history["loss"]) == EPOCHS
    checked = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    if shutil.which("sha256sum"):  # the weights have come back, too
        subprocess.run(checked, cwd=plan.directory, check=True)
    assert "best.keras" in (plan.directory / "SHA256SUMS").read_text()


@pytest.mark.faults
def test_an_interrupted_suite_ends_its_runs_on_the_cluster(scheduler, cluster, tmp_path):
    with worker(scheduler, tmp_path / "a"):
        wait_for(lambda: workers_of(cluster))
        with started("harness.suite", *on_cluster(scheduler, tmp_path, LONG)) as process:
            wait_for(lambda: list(tmp_path.glob("a/**/config.json")))
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert process.returncode == 130
        wait_for(lambda: not list(tmp_path.glob("a/**/run-*")), seconds=20)
        assert not [line for line in mentioning(tmp_path) if "harness.processes" in line]
        assert [path.name for path in (tmp_path / "results").rglob("*")] == ["logs"]


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "config.json/../x", "x.json", "", "a\x1b"])
def test_a_worker_cannot_name_a_file_outside_of_the_record(distributed, tmp_path, name):
    from harness.suite.dask import receive

    options = suite.parse_arguments(["--sample", *map(str, places(tmp_path))])
    (plan,) = plan_suite([QUICK[0]], [0], options).plans
    with pytest.raises(RunError, match=r"imdb-majority/seed-0: the worker sent '.*', which is no"):
        receive(plan, {"config.json": b"{}", name: b"x"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.faults
def test_a_run_that_takes_four_workers_with_it_is_given_up(scheduler, cluster, tmp_path):
    asked = on_cluster(scheduler, tmp_path, LONG)
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(started("harness.suite", *asked))
        for number in range(4):
            folder = tmp_path / f"worker-{number}"
            stack.enter_context(worker(scheduler, folder))
            wait_for(lambda place=folder: list(place.glob("**/config.json")))
            (pid,) = workers_of(cluster).values()
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not cluster.scheduler_info()["workers"])
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    said = f"imdb-dense+epochs-{EPOCHS}/seed-0 after 0 s: KilledWorker: Attempted to run task"
    assert f"failed    {said}" in output
    assert "KilledWorker" in errors
    assert "Traceback" not in errors


def test_a_scheduler_that_does_not_answer_is_one_message(distributed, tmp_path, monkeypatch, ask):
    from harness.suite import dask as cluster

    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    done = ask(suite.main, *NOBODY, *places(tmp_path))
    assert done.returncode == 1
    assert "error: no Dask scheduler answers at tcp://127.0.0.1:1" in done.stderr
