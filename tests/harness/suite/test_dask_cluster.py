"""Runs on a Dask cluster: a scheduler and two workers on this machine, with nothing shared."""

import json
import os
import shutil
import signal
import sys

import pytest
from commands import REPOSITORY, places, run
from processes import EPOCHS, LONG, mentioning, started, wait_for

from harness.records.record import load_record
from harness.suite import __main__ as suite
from harness.suite.local_workers import Ended, EpochDone, Started
from harness.suite.plan import make_plan

QUICK = ["imdb-majority", "jena-persistence"]
FAILING = "jena-ridge --recent-hours 99"  # it finds out when it runs


def test_without_dask_there_is_one_message(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "harness.suite.dask_cluster", raising=False)
    arguments = ["--sample", "--cluster", "tcp://127.0.0.1:1", "--experiments", QUICK[0]]
    assert suite.main([*arguments, *map(str, places(tmp_path))]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: --cluster needs Dask, which is not installed (")
    assert message.endswith(" -m pip install -r requirements-cluster.txt\n")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def distributed():
    return pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler(distributed, tmp_path_factory):
    """The address of a scheduler that has no worker."""
    file = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    command = ["scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard"]
    with started("dask", *command, "--scheduler-file", file):
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


def worker(scheduler, folder, **where):
    command = ["--nthreads", 1, "--resources", "RUN=1", "--no-nanny", "--no-dashboard"]
    return started("dask", "worker", scheduler, *command, "--local-directory", folder, **where)


def workers_of(client) -> dict[str, int]:
    """The process of each worker, by its address."""
    return client.run(os.getpid)


def suite_command(scheduler, tmp_path, *experiments):
    where = ["--cluster", scheduler, *places(tmp_path)]
    return ["harness.suite", "--sample", *where, "--experiments", *experiments]


def test_records_come_back(scheduler, cluster, tmp_path):
    with worker(scheduler, tmp_path / "a"), worker(scheduler, tmp_path / "b"):
        wait_for(lambda: len(workers_of(cluster)) == 2)
        command = suite_command(scheduler, tmp_path, *QUICK, FAILING)
        done = run(*command, "--seeds", "0-1")
        assert done.returncode == 1
        results = tmp_path / "results"
        for name in QUICK:
            for seed in (0, 1):
                record = load_record(results / name / f"seed-{seed}")
                assert record.environment["threads"] == 1
            assert {path.name for path in (results / name).iterdir()} == {"seed-0", "seed-1"}
        assert "exit code 1\nlast lines of " in done.stderr
        assert "    error: --recent-hours 99 must be a whole" in done.stderr
        assert len(list((results / "logs").iterdir())) == 6
        assert (
            len({line.split()[-1] for line in done.stdout.splitlines() if " on tcp" in line}) == 2
        )
        again = run(*suite_command(scheduler, tmp_path, *QUICK))
        assert (again.returncode, again.stdout.splitlines()[0]) == (0, "already finished: 2")


def test_the_run_of_a_killed_worker_is_done_by_the_other(scheduler, cluster, tmp_path):
    from harness.suite.dask_cluster import run_on_cluster

    options = suite.parse_arguments(["--sample", *map(str, places(tmp_path))])
    (planned,) = make_plan([LONG], [0], options).runs
    events = []
    with worker(scheduler, tmp_path / "a"), worker(scheduler, tmp_path / "b"):
        wait_for(lambda: len(workers_of(cluster)) == 2)
        for event in run_on_cluster([planned], scheduler):
            if isinstance(event, EpochDone) and not any(isinstance(e, EpochDone) for e in events):
                (folder,) = tmp_path.glob("[ab]/*/*/run-*")  # in the middle of the run
                os.kill(workers_of(cluster)[events[0].where], signal.SIGKILL)
                wait_for(lambda place=folder: not mentioning(place), seconds=10)
            events.append(event)
    begun = [event.where for event in events if isinstance(event, Started)]
    assert len(set(begun)) == len(begun) == 2
    # the last epochs may end between two looks at the run; its record below has all of them
    assert [event.epoch for event in events if isinstance(event, EpochDone)]
    assert (type(events[-1]), events[-1].failure) == (Ended, None)
    assert len(load_record(planned.directory).history["loss"]) == EPOCHS


def test_an_interrupted_suite_ends_its_runs_on_the_cluster(scheduler, cluster, tmp_path):
    with worker(scheduler, tmp_path / "a"):
        wait_for(lambda: workers_of(cluster))
        with started(*suite_command(scheduler, tmp_path, LONG)) as process:
            wait_for(lambda: list(tmp_path.glob("a/**/config.json")))
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert process.returncode == 130
        wait_for(lambda: not list(tmp_path.glob("a/**/run-*")), seconds=20)
        assert (
            len([line for line in mentioning(tmp_path) if "harness.suite.child_process" in line])
            == 0
        )
        assert not (tmp_path / "results").exists()


def test_another_c_source_is_other_code(distributed, tmp_path, monkeypatch):
    from harness.suite import dask_cluster

    shutil.copytree(REPOSITORY / "harness", tmp_path / "harness")
    monkeypatch.setattr(dask_cluster, "REPOSITORY", tmp_path)
    before = dask_cluster.Code.here()
    source = tmp_path / "harness/training/native_recurrence.c"
    source.write_text(source.read_text("utf-8") + "\n", "utf-8")
    assert dask_cluster.Code.here() != before


def test_a_worker_with_other_code_is_left_out(scheduler, cluster, tmp_path):
    copy = tmp_path / "copy"
    for package in ("data", "experiments", "harness", "models"):
        shutil.copytree(REPOSITORY / package, copy / package)
    with worker(scheduler, tmp_path / "a", cwd=copy):
        wait_for(lambda: workers_of(cluster))
        done = run(*suite_command(scheduler, tmp_path, QUICK[0]))
        assert done.returncode == 1
        assert "no worker of the cluster can take part" in done.stderr
        assert "its code is of commit None, not" in done.stderr
    with started(*suite_command(scheduler, tmp_path, QUICK[0])) as process:
        assert "waiting for workers; start one in a checkout" in process.stdout.readline()
        with worker(scheduler, tmp_path / "b", cwd=copy):  # it joins when the suite has begun
            assert "is left out: its code is of commit None" in process.stdout.readline()
            with worker(scheduler, tmp_path / "c"):
                output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert load_record(tmp_path / "results" / QUICK[0] / "seed-0").sample


def test_a_worker_outside_of_a_checkout_is_one_message(scheduler, cluster, tmp_path):
    with worker(scheduler, tmp_path / "a", cwd=tmp_path):
        wait_for(lambda: workers_of(cluster))
        done = run(*suite_command(scheduler, tmp_path, QUICK[0]))
    assert done.returncode == 1
    assert "No module named 'harness'" in done.stderr
    assert "start it in a checkout of the same code: python -m dask worker" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scheduler_that_does_not_answer_is_one_message(
    distributed, tmp_path, monkeypatch, capsys
):
    from harness.suite import dask_cluster as cluster

    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    arguments = ["--sample", "--cluster", "tcp://127.0.0.1:1", "--experiments", QUICK[0]]
    assert suite.main([*arguments, *map(str, places(tmp_path))]) == 1
    assert "error: no Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
