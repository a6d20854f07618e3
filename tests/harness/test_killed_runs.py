"""A run is killed at every change of a file, and the same command is given again."""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from killing import DIED, child

from harness import experiment
from harness.errors import RunError
from harness.experiment import Experiment, Plan
from harness.protocol import setting
from harness.records.record import find_records
from harness.records.run import CHECKPOINT, MODEL, made_data, read_checkpoint
from harness.records.study_outputs import Table
from harness.training import machine


@dataclass(frozen=True)
class Protocol:
    epochs: int = setting(3, "epochs")


def train(protocol, run):
    """Files as a training writes them, from numbers that each follow from the one before."""
    run.write("data", made_data(True, "Made up."))
    x, done = np.array([1.0]), 0
    if run.can_resume:
        try:
            values, (x,) = read_checkpoint(run.checkpoint)
        except RunError as error:
            print(f"starting anew: {error}")
        else:
            run.resume(values)
            done = values["epochs"]
            print(f"resuming after epoch {done}")
    for epoch in range(done, protocol.epochs):
        x = 1 + np.cos(x + epoch)
        run.add_epoch(dict.fromkeys(("loss", "seconds"), float(x[0])))
        run.save_checkpoint({"epochs": epoch + 1}, [x])
    (run.unfinished / MODEL).write_bytes(x.tobytes())
    run.finish_study([Table("numbers", ["last"], {"x": x.tolist()})])


TOY = Experiment("toy-net", "Toy", "made", "study", Protocol(), train, uses_keras=False)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Neither figures nor a look at the repository, which would take most of the time."""
    monkeypatch.setattr(experiment, "show", lambda record, options: None)
    monkeypatch.setattr(machine, "code_version", lambda: (None, None))
    monkeypatch.setattr(machine, "code_digest", lambda packages: "")


def configuration(results: Path, force: bool = False) -> Plan:
    places = {"data_dir": None, "results_dir": results, "plots_dir": results}
    flags = {"sample": True, "deterministic": True, "plain_keras": False, "force": force}
    return Plan(TOY, Protocol(), seed=0, **flags, **places)


def start(results: Path, force: bool = False, die_at: int | None = None) -> tuple[int, int, str]:
    """Gives the command; returns exit status, changes, and output, as `child` does."""
    return child(lambda: experiment.carry_out(configuration(results, force)), results, die_at)


def content(path: Path) -> dict:
    """A record's files without the times that differ from run to run."""
    record = dataclasses.asdict(experiment.load_record(path))
    record["metrics"].pop("wall_seconds")
    record["environment"] = record["environment"]["command"]
    return record | {"path": path.name, "model": (path / MODEL).read_bytes()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The record that every run must end with."""
    results = tmp_path_factory.mktemp("uninterrupted")
    with pytest.MonkeyPatch.context() as patch:
        quick.__wrapped__(patch)
        status, _, output = start(results)
    assert status == 0, output
    return content(results / "toy-net" / "seed-0")


def check_finished(results: Path, uninterrupted: dict) -> None:
    """The record is whole, and nothing else is left, but for an empty file that locks nothing."""
    folder = results / "toy-net"
    assert {path.name for path in folder.iterdir()} - {".seed-0.lock"} == {"seed-0"}
    assert content(folder / "seed-0") == uninterrupted
    assert not (folder / "seed-0" / CHECKPOINT).exists()
    assert find_records(results)[1] == []


def check_readable(results: Path, uninterrupted: dict, sound: bool) -> None:
    """What tables see: the whole record or none; if there was one, it is there."""
    records, _ = find_records(results) if results.exists() else ([], [])
    assert [content(record.path) for record in records] == [uninterrupted] * len(records)
    assert records or not sound


def kill_and_start_again(before: str, kills: slice, folder: Path, uninterrupted: dict) -> int:
    """Kills a run at some of its changes, and gives the command again; returns how many resumed."""
    results, prepared = folder / "results", folder / "prepared"
    prepared.mkdir()
    if before == "a record":
        assert start(prepared)[0] == 0
    elif before == "a killed run":
        assert start(prepared, die_at=45)[0] == DIED
        assert (prepared / "toy-net" / "seed-0.unfinished" / CHECKPOINT).exists()
    force = before == "a record"
    shutil.copytree(prepared, folder / "whole")
    status, changes, output = start(folder / "whole", force)
    assert (status, changes > 50) == (0, True), output
    resumed = 0
    for at in range(changes)[kills]:
        shutil.copytree(prepared, results)
        status, begun, output = start(results, force, die_at=at)
        assert (status, begun) == (DIED, at), output
        check_readable(results, uninterrupted, sound=force)
        if force:  # without it, the earlier record stays
            assert "already finished" in start(results)[2]
            check_readable(results, uninterrupted, sound=True)
        status, _, output = start(results, force)
        assert status == 0, output
        resumed += "resuming after epoch" in output
        check_finished(results, uninterrupted)
        shutil.rmtree(results)
    return resumed


def test_killed_at_some_changes_and_started_again(tmp_path, uninterrupted):
    assert kill_and_start_again("nothing", slice(None, None, 6), tmp_path, uninterrupted) > 3


def test_killed_while_a_record_is_replaced(tmp_path, uninterrupted):
    kill_and_start_again("a record", slice(-16, None, 2), tmp_path, uninterrupted)


@pytest.mark.faults
@pytest.mark.parametrize("before", ["nothing", "a record", "a killed run"])
def test_killed_at_any_change_and_started_again(before, tmp_path, uninterrupted):
    resumed = kill_and_start_again(before, slice(None), tmp_path, uninterrupted)
    assert resumed == 0 if before == "a record" else resumed > 20


def test_a_damaged_record_is_replaced_only_by_force(tmp_path, uninterrupted):
    results = tmp_path / "results"
    assert start(results)[0] == 0
    (results / "toy-net/seed-0/metrics.json").write_text("{")
    status, _, output = start(results)
    assert (status, "--force repeats the run" in output) == (1, True)
    assert start(results, force=True)[0] == 0
    check_finished(results, uninterrupted)
