"""Writes the directory of one run: begun, filled epoch by epoch, finished or left unfinished."""

import contextlib
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ElsewhereError, RunError
from harness.records.checksums import write_checksums
from harness.records.files import write_json
from harness.records.record import UNFINISHED, put_in_place

if TYPE_CHECKING:
    from harness.records.study_outputs import StudyOutput

MODEL = "model.keras"


class Run:
    """One run in progress. Whatever it is given is written to disk at once.

    Everything is written to `seed-<k>.unfinished/`. `finish` renames that directory to `seed-<k>`,
    and replaces an earlier run only then. A run that fails or is interrupted destroys nothing.

    Args:
        directory: where the finished record will stand.
        seed: the run's seed, for whatever the experiment draws itself.
        data_dir: the user's data directory, or None.
        sample: whether the built-in sample data are used.
    """

    def __init__(self, directory: Path, *, seed: int, data_dir: Path | None, sample: bool):
        self.directory = directory
        self.seed = seed
        self.data_dir = data_dir
        self.sample = sample
        self.unfinished = directory.with_name(directory.name + UNFINISHED)
        self._lock = None  # the system releases it if this process dies
        self._parts: dict[str, dict] = {}  # content of each file by its name without `.json`
        self._history: dict[str, list[float]] = {}  # empty for a baseline without epochs
        self._made: list[Path] = []  # folders that were not there before, innermost first
        self._began = time.perf_counter()

    @property
    def checkpoint(self) -> Path:
        """The model with the best validation (a Keras archive, kept beside the record)."""
        return self.unfinished / "best.keras"

    @property
    def model_path(self) -> Path:
        """The model that a study leaves for others to use (a Keras archive beside the record)."""
        return self.unfinished / MODEL

    def begin(self, config: dict) -> None:
        """Makes the unfinished directory. One that a dead process left behind is removed first.

        Raises:
            RunError: the directory cannot be written, or another process is filling it.
        """
        from filelock import FileLock, Timeout  # slow to load, and `--help` begins no run

        self._made = [p for p in self.unfinished.parents if not p.exists()]
        try:
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.directory.with_name(f".{self.directory.name}.lock"))
            self._lock.acquire(blocking=False)
        except Timeout as error:
            message = f"{self.directory} is being written by another process."
            raise ElsewhereError(message) from error
        except OSError as error:
            raise RunError(
                f"cannot write to {self.directory.parent}: {error.strerror}; choose another "
                "--results-dir or correct its permissions."
            ) from error
        try:
            shutil.rmtree(self.unfinished, ignore_errors=True)
            write_json(self.unfinished / "config.json", config)
        except RunError:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Removes what the run has written and the folders made for it, when it cannot go on."""
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self._release()
        with contextlib.suppress(OSError):  # by now, another run may use one of them
            for folder in self._made:
                folder.rmdir()

    def write(self, part: str, content: dict) -> None:
        """Writes one file of the record, such as `environment`, or adds to what it holds."""
        self._parts[part] = {**self._parts.get(part, {}), **content}
        write_json(self.unfinished / f"{part}.json", self._parts[part])

    def keep_predictions(self, last: dict, best: dict | None = None) -> None:
        """Writes the predictions in the form that `harness.records.predictions` describes.

        Args:
            last: those of the last epoch, for `validation` and `test`.
            best: those of the best epoch; left out by a model without epochs.
        """
        self.write("predictions", {"best": best or last, "last": last})

    def add_epoch(self, values: dict[str, float]) -> None:
        """Appends one epoch to the history and writes it."""
        for column, value in values.items():
            self._history.setdefault(column, []).append(value)
        write_json(self.unfinished / "history.json", self._history)

    @property
    def history(self) -> dict[str, list[float]]:
        """Columns by Keras's names, one value an epoch."""
        return self._history

    def finish(self, metrics: dict) -> None:
        """Writes the metrics and gives the record its final name.

        Args:
            metrics: the fields of `metrics.json`, empty for a study. `wall_seconds` is added here.
        """
        wall = round(time.perf_counter() - self._began, 3)
        if not self._history:
            write_json(self.unfinished / "history.json", {})
        write_json(self.unfinished / "metrics.json", {**metrics, "wall_seconds": wall})
        write_checksums(self.unfinished)
        put_in_place(self.unfinished, self.directory)
        self._release()

    def finish_study(self, outputs: "list[StudyOutput]") -> None:
        """Writes what a study measured and gives the record its final name.

        Args:
            outputs: what it shows, in the order of presentation; each has a title of its own.

        Raises:
            RunError: a number is NaN or infinite, as after a training that went wrong.
        """
        from harness.records.study_outputs import to_json  # loads pydantic

        try:
            content = {"outputs": list(map(to_json, outputs))}
        except RunError as error:
            raise RunError(f"{self.directory}: {error} No record was made.") from error
        write_json(self.unfinished / "outputs.json", content)
        self.finish({})

    def _release(self) -> None:
        with contextlib.suppress(PermissionError):  # Windows removes no file that is open
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()


def made_data(sample: bool, note: str) -> dict:
    """The provenance of data that a study makes itself; `note` says what the data are."""
    return {"dataset": "made", "sample": sample, "files": [], "facts": {}, "notes": [note]}


def baseline_metrics(
    metric: str,
    *,
    parameters: int | None,
    validation: float,
    test: float,
    reference: dict,
    degrees_per_unit: float | None = None,
) -> dict:
    """The metrics of a baseline without epochs: its one state is both the best and the last.

    Args:
        metric: `accuracy` or `mae`.
        parameters: number of fitted parameters, None where nothing is fitted.
        validation: the metric on the validation data.
        test: the metric on the test data.
        reference: the trivial baseline, `{"label", "validation", "test"}`.
        degrees_per_unit: °C per unit of the metric, where the target is a normalised temperature.
    """
    return {
        "metric": metric,
        "parameters": parameters,
        "best_epoch": None,
        "best_validation": validation,
        "last_validation": validation,
        "test_at_best": test,
        "test_at_end": test,
        "seconds_per_epoch": None,
        "degrees_per_unit": degrees_per_unit,
        "reference": reference,
    }
