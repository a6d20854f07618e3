"""One run in progress: its folder, its lock, and the checkpoint from which it goes on if killed."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DivergedError, ElsewhereError, RunError, UnwritableError
from harness.records.files import (
    read_bytes,
    read_checksums,
    sha256,
    sync_folder,
    write_bytes,
    write_checksums,
    write_json,
)

if TYPE_CHECKING:
    import numpy as np
    from filelock import FileLock

    from harness.records.study_outputs import StudyOutput

# Models that stay beside the record: a network with its best weights, a fitted linear model on
# reviews (arrays of numbers), and the network that a study leaves for others to use.
BEST, LINEAR, MODEL = "best.keras", "linear.npz", "model.keras"
VOCABULARY = "vocabulary.txt"  # of a model on own reviews: its words by rank, one a line
UNFINISHED = ".unfinished"
CHECKPOINT = "checkpoint"
DIGEST = hashlib.sha256().digest_size


class Run:
    """One run in progress. Whatever it is given is written to disk at once.

    Everything is written to `seed-<k>.unfinished/`, last of all its checksums. Then the folder is
    complete, and a rename promotes it to the record `seed-<k>`. A run that fails or is interrupted
    destroys nothing. The next process that finds a complete folder of a killed one promotes it.
    """

    def __init__(self, directory: Path, *, seed: int, data_dir: Path | None, sample: bool):
        self.directory = directory  # where the finished record will stand
        self.seed = seed  # for whatever the experiment draws itself
        self.data_dir = data_dir
        self.sample = sample
        self.unfinished = directory.with_name(directory.name + UNFINISHED)  # that is being filled
        self.checkpoint = self.unfinished / CHECKPOINT
        self.history: dict[str, list[float]] = {}  # by Keras's names, one value an epoch
        self.events: Path | None = None  # folder that receives the epochs for TensorBoard
        self._lock = Lock(directory)
        self._parts: dict[str, dict] = {}  # content of each file by its name without `.json`
        self._made: list[Path] = []  # folders that were not there before, innermost first
        self._began = time.perf_counter()

    @property
    def can_resume(self) -> bool:
        """Whether there is a checkpoint."""
        return self.checkpoint.exists()

    def begin(self, config: dict, resume: bool = False) -> None:
        """Makes the unfinished folder, or clears the one that a dead process left.

        With `resume`, the checkpoint of a dead process stays. A folder that cannot be written, or
        that another process is filling, is a `RunError`.
        """
        self._made = [p for p in self.unfinished.parents if not p.exists()]
        try:
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            if not self._lock.acquire():
                raise ElsewhereError(f"{self.directory} is being written by another process.")
        except OSError as error:
            raise RunError(
                f"cannot write to {self.directory.parent}: {error.strerror}; choose another "
                "--results-dir or correct its permissions."
            ) from error
        try:
            if resume and self.can_resume:
                for path in self.unfinished.iterdir():
                    if path.is_file() and path != self.checkpoint:
                        path.unlink()
            else:
                shutil.rmtree(self.unfinished, ignore_errors=True)
            self._write("config", config)
        except RunError:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Removes what the run has written and the folders made for it, when it cannot go on."""
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self._lock.release()
        with contextlib.suppress(OSError):  # by now, another run may use one of them
            for folder in self._made:
                folder.rmdir()

    def part(self, name: str) -> dict:
        """What has been written to one file of the record, such as `environment`."""
        return self._parts.get(name, {})

    def write(self, part: str, content: dict) -> None:
        """Writes one file of the record, or adds to what it holds."""
        self._write(part, self.part(part) | content)

    def _write(self, part: str, content: dict) -> None:
        self._parts[part] = content
        write_json(self.unfinished / f"{part}.json", content)

    def add_layers(self, computed_by: str) -> None:
        """Records which layers computed, as `choose_layers` says; a study has several networks."""
        known = self.part("environment").get("layers", "").split(", ")
        self.write("environment", {"layers": ", ".join(sorted({computed_by, *known} - {""}))})

    def add_epoch(self, values: dict[str, float]) -> None:
        """Appends one epoch to the history and writes it."""
        for column, value in values.items():
            self.history.setdefault(column, []).append(value)
        self._write("history", self.history)

    def save_checkpoint(self, values: dict, arrays: "Sequence[np.ndarray]") -> None:
        """Replaces the checkpoint by the present state, given as to `write_checkpoint`."""
        own = {"history": self.history, "seconds": self._seconds}
        write_checkpoint(self.checkpoint, {**values, "run": own}, arrays)

    def resume(self, values: dict) -> None:
        """Takes up the history and the time of the process that died, from its checkpoint."""
        self.history = values["run"]["history"]
        self._began -= values["run"]["seconds"]
        self._write("history", self.history)

    @property
    def _seconds(self) -> float:
        """Seconds that the run has taken, in this process and in those that died."""
        return time.perf_counter() - self._began

    def finish(self, metrics: dict) -> None:
        """Makes the folder a record; `metrics`, empty for a study, gets `wall_seconds` here."""
        self._write("history", self.history)
        self._write("metrics", {**metrics, "wall_seconds": round(self._seconds, 3)})
        for part in self._parts:
            if not (path := self.unfinished / f"{part}.json").exists():
                raise RunError(f"{path} was removed during the run; no record was made.")
        write_checksums(self.unfinished)
        promote(self.unfinished, self.directory)
        self._lock.release()

    def finish_model(
        self,
        splits: Any,
        best: "dict[str, np.ndarray]",
        last: "dict[str, np.ndarray] | None" = None,
        *,
        best_epoch: int | None = None,
        parameters: int | None = None,
        **others: Any,
    ) -> None:
        """Finishes the run of a network, or of a baseline, which has no epochs and one state.

        Args:
            splits: knows `metric`, `reference`, `degrees_per_unit` and how to `summarise` outputs,
                see `harness.training.fit.Splits`.
            best: outputs on `validation` and `test` at the best epoch.
            last: likewise, after the last epoch of a network.
            best_epoch: the epoch with the best validation, counted from 1.
            parameters: how many there are; None where nothing is fitted.
            others: the other fields of `metrics.json`.
        """
        by_epoch = {"best": best, "last": best if last is None else last}
        judged = {
            epoch: {split: splits.summarise(split, found) for split, found in outputs.items()}
            for epoch, outputs in by_epoch.items()
        }
        kept = {epoch: {s: own for s, (_, own) in one.items()} for epoch, one in judged.items()}
        self.write("predictions", kept)
        value, _ = judged["best"]["validation"]
        # as Keras measured it after each epoch
        validation = self.history.get(f"val_{splits.metric}", [value])
        seconds = self.history.get("seconds")
        self.finish(
            {
                "metric": splits.metric,
                "best_epoch": best_epoch,
                "best_validation": validation[(best_epoch or 1) - 1],
                "last_validation": validation[-1],
                "test_at_best": judged["best"]["test"][0],
                "test_at_end": judged["last"]["test"][0],
                "seconds_per_epoch": statistics.median(seconds) if seconds else None,
                "parameters": parameters,
                "reference": splits.reference,
                "degrees_per_unit": splits.degrees_per_unit,
                **others,
            }
        )

    def finish_study(self, outputs: "list[StudyOutput]") -> None:
        """Finishes the run of a study; its outputs, each with its own title, keep this order.

        Raises:
            DivergedError: a number is NaN or infinite, as after a training that went wrong.
        """
        from harness.records.study_outputs import to_json  # loads pydantic

        try:
            self._write("outputs", {"outputs": list(map(to_json, outputs))})
        except RunError as error:
            raise DivergedError(f"{self.directory}: {error} No record was made.") from error
        self.finish({})


def made_data(sample: bool, note: str) -> dict:
    """The provenance of data that a study makes itself; `note` says what the data are."""
    return {"dataset": "made", "sample": sample, "files": [], "facts": {}, "notes": [note]}


class Lock:
    """Keeps a run to one process, by a file beside a path; the system frees it if that dies."""

    def __init__(self, path: Path):
        self.path = path.with_name(f".{path.name}.lock")
        self._lock: FileLock | None = None

    def acquire(self) -> bool:
        """Takes the lock unless another process has it; an OSError if no process could."""
        from filelock import FileLock, Timeout  # slow to load, and `--help` begins no run

        self._lock = FileLock(self.path)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Lets others in, and removes the file."""
        with contextlib.suppress(OSError):  # Windows removes no file that is open
            self.path.unlink(missing_ok=True)
        self._lock.release()


def promote(complete: Path, directory: Path) -> None:
    """Puts a complete folder in the record's place; if this process dies, the next one does it."""
    try:
        (complete / CHECKPOINT).unlink(missing_ok=True)
        if directory.exists():
            shutil.rmtree(directory)
        os.replace(complete, directory)
    except OSError as error:
        raise UnwritableError(f"cannot write {directory}: {error.strerror or error}.") from error
    sync_folder(directory.parent)


def promote_left(directory: Path) -> None:
    """Promotes a complete folder that a process left because it was killed."""
    unfinished = directory.with_name(directory.name + UNFINISHED)
    if not is_complete(unfinished):
        return
    lock = Lock(directory)
    with contextlib.suppress(OSError, RunError):  # such as a folder that only others can write
        if lock.acquire():
            if is_complete(unfinished):  # the other process has not promoted it meanwhile
                promote(unfinished, directory)
            lock.release()


def is_complete(folder: Path) -> bool:
    """Whether the checksums, which are written last, are there and match."""
    try:
        checksums = read_checksums(folder)
        return bool(checksums) and all(sha256(folder / n) == s for n, s in checksums.items())
    except RunError:
        return False


def write_checkpoint(path: Path, values: dict, arrays: "Sequence[np.ndarray]") -> None:
    """Replaces a checkpoint. If the process dies meanwhile, the earlier one stays.

    The file holds the SHA-256 of what follows, then NumPy arrays of any type but objects; the first
    of them is JSON of `values`.
    """
    import numpy as np

    text = np.frombuffer(json.dumps(values).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, text, *arrays, allow_pickle=False)
    content = buffer.getvalue()
    write_bytes(path, hashlib.sha256(content).digest() + content)


def read_checkpoint(path: Path) -> "tuple[dict, list[np.ndarray]]":
    """The values and arrays of a checkpoint; a RunError if they are not those that were written."""
    import numpy as np

    read = read_bytes(path)
    digest, content = read[:DIGEST], read[DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise RunError(f"{path} is damaged.")
    with np.load(io.BytesIO(content), allow_pickle=False) as parts:
        text, *arrays = (parts[name] for name in parts.files)  # in the order of writing
    return json.loads(bytes(text)), arrays
