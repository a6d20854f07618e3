"""Kills a true training at some of its changes of files: `python -m killed_trainings`.

The process loads TensorFlow and starts none of its threads, so that it can be forked: each command
is a child that has TensorFlow already.
"""

import dataclasses
import itertools
import shutil
import sys
import zipfile
from pathlib import Path

import h5py
import keras  # noqa: F401
from killing import DIED, child

from harness import experiment
from harness.experiment import find_experiments, main
from harness.records.record import load_record
from harness.training import checkpoints


def content(path: Path) -> dict:
    """A record without what differs between any two runs, and the weights that it saved."""
    record = dataclasses.asdict(load_record(path))
    record["history"].pop("seconds")
    for name in ("wall_seconds", "seconds_per_epoch", "checkpoint_sha256"):
        record["metrics"].pop(name, None)
    del record["path"], record["environment"]
    (network,) = path.glob("*.keras")
    weights = {}

    def keep(name, entry):  # but no attributes, which count the layers of the process
        if isinstance(entry, h5py.Dataset):
            weights[name] = entry[()].tobytes()

    with zipfile.ZipFile(network) as archive, archive.open("model.weights.h5") as file:
        h5py.File(file).visititems(keep)
    assert weights
    return record | {"weights": weights}


def check(folder: Path, every: int, name: str, *arguments: str) -> None:
    """Kills at one change in `every`, gives the command again, and compares the records."""
    checkpoints.SHARE = float("inf")  # a checkpoint after every epoch
    experiment.show = lambda record, options: None
    places = ["--results-dir", str(folder), "--plots-dir", str(folder)]
    command = [*arguments, "--sample", "--deterministic", *places]

    def start(die_at: int | None = None) -> tuple[int, int, str]:
        folder.mkdir(exist_ok=True)
        return child(lambda: main(find_experiments()[name], command), folder, die_at)

    def finished() -> dict:
        (path,) = folder.glob("*/seed-0")
        assert [entry.name for entry in path.parent.iterdir()] == ["seed-0"]
        found = content(path)
        shutil.rmtree(folder)
        return found

    status, _, output = start()
    assert status == 0, output
    whole, resumed = finished(), 0
    for at in itertools.count(0, every):
        status, _, output = start(at)
        if status != DIED:
            break
        status, _, output = start()
        assert status == 0, output
        resumed += "resuming after epoch" in output
        assert finished() == whole, f"killed at change {at}"
    assert status == 0, output
    print(f"{name}: killed {at // every} times, resumed {resumed} times, the record was the same")


if __name__ == "__main__":
    check(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
