"""The run record: the only interface between training and everything that is made from it.

A finished run is the directory `<results>/<experiment>[+variant]/seed-<k>/`. It holds five JSON
files, or six for a study and for a network with stored predictions, and their checksums. During the
run, the files stand in `seed-<k>.unfinished/`. The directory gets its final name when all of them
are complete, so a record under its final name is always complete.
"""

import contextlib
import functools
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RunError, UnwritableError, escaped, few
from harness.records.atomic_files import read_json, sync_folder
from harness.records.checksums import CHECKSUMS, read_checksums
from harness.records.lock import Lock
from harness.records.renamed import current_config

if TYPE_CHECKING:
    from harness.records.study_outputs import StudyOutput

SCHEMA = 2  # version of the files; `config.json` names it
UNCHECKED = 1  # the version that had no checksums, and is the same otherwise
UNFINISHED = ".unfinished"
READABLE = os.R_OK | os.X_OK  # of a folder
CHECKPOINT = "checkpoint"  # the file from which an unfinished run goes on
LONGEST_LABEL = 150  # file systems allow 255 bytes, and plots add to it


@dataclass(frozen=True)
class Record:
    """One finished run, read from its directory and checked."""

    path: Path
    config: dict
    environment: dict
    data: dict
    history: dict
    metrics: dict
    outputs: "tuple[StudyOutput, ...]" = ()  # of a study
    predictions: dict | None = None  # of a network, see `harness.records.predictions`

    @property
    def is_study(self) -> bool:
        return self.config["role"] == "study"

    @property
    def experiment(self) -> str:
        return self.config["experiment"]

    @functools.cached_property
    def label(self) -> str:
        """Experiment and variant: the name of the record's folder and of its plot."""
        return label_of(self.experiment, self.config["variant"])

    @property
    def place(self) -> str:
        """Its folder below the results directory: how messages and tables name the record."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def seed(self) -> int:
        return self.config["seed"]

    @property
    def make_again(self) -> str:
        """The command that repeats the run and replaces this record."""
        # older records name the script's module in their command, newer ones the experiment
        settings = "--seed" + self.environment["command"].partition("--seed")[2]
        return f'make {self.experiment} ARGS="{settings} --force"'

    @property
    def sample(self) -> bool:
        """Whether it was made from the built-in sample data."""
        return self.config["sample"]


def label_of(experiment: str, variant: dict) -> str:
    """The experiment's name, followed by each setting that differs from its protocol.

    Args:
        experiment: name of the experiment, such as `jena-gru`.
        variant: the differing settings and their values, such as `{"horizon_hours": 24}`.

    Returns:
        A folder name, such as `jena-gru+horizon-hours-24` or `jena-gru+plain-keras`.
    """
    changes = (
        name.replace("_", "-") + ("" if value is True else f"-{plain(value)}")
        for name, value in variant.items()
    )
    name = "".join(map(_in_folder_name, "+".join([experiment, *changes])))
    if len(name.encode()) <= LONGEST_LABEL:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: LONGEST_LABEL - 9].decode(errors='ignore')}-{digest}"


def _in_folder_name(character: str) -> str:
    """The character itself where every file system takes it, else its number."""
    usual = character.isalnum() or character in "+-_.,"
    return character if usual else f"%{ord(character):06x}"


def plain(value) -> str:
    """A setting's value as names and tables write it: 24.0 as 24, True as yes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def load_record(path: Path) -> Record:
    """Reads and checks one finished run.

    Args:
        path: the run's directory, `.../seed-<k>`.

    Raises:
        RunError: naming the file and the field that is missing, mistyped or inconsistent.
    """
    # pydantic is slow to load, and `--help` reads no record
    from harness.records.schema import check_record, read_outputs, required_files

    checksums = read_checksums(path)
    known = checksums or {}

    def read(name: str) -> dict:
        return read_json(path / f"{name}.json", known.get(f"{name}.json"))

    config = read("config")
    found = config.get("schema")
    if type(found) is not int or found not in (UNCHECKED, SCHEMA):
        raise RunError(
            f"{path / 'config.json'}: schema {found!r}, expected {UNCHECKED} or {SCHEMA}; a newer "
            "version of this project reads newer records."
        )
    if found != UNCHECKED and checksums is None:
        raise RunError(f"{path / CHECKSUMS}: missing; without it, damage cannot be told.")
    role = config.get("role")
    names = [name for name in required_files(role) if name != "config"]
    if role != "study" and ((path / "predictions.json").exists() or "predictions.json" in known):
        names.append("predictions")  # earlier versions kept none
    parts = {"config": config} | {name: read(name) for name in names}
    if checksums is not None and (added := [n for n in parts if f"{n}.json" not in checksums]):
        raise RunError(f"{path / CHECKSUMS}: has no line for {added[0]}.json.")
    check_record(path, parts)
    content = parts.pop("outputs", {"outputs": []})["outputs"]
    outputs = read_outputs(path / "outputs.json", content)
    record = Record(path=path, **parts | {"config": current_config(config)}, outputs=outputs)
    labels = record.label, label_of(config["experiment"], config["variant"])  # of today, or older
    if path.parent.name not in labels or path.name != f"seed-{record.seed}":
        raise RunError(
            f"{path}: the record is of {record.label}, seed {record.seed}; a record stands in a "
            "folder of its own name."
        )
    return record


def _set_aside(directory: Path) -> Path:
    """Where a record stands for the moment in which a new one takes its place."""
    return directory.with_name(f".{directory.name}.replaced")


def put_in_place(complete: Path, directory: Path) -> None:
    """Gives a complete record its final name. It replaces an earlier one.

    Raises:
        UnwritableError: the names cannot be changed.
    """
    replaced = _set_aside(directory)
    shutil.rmtree(replaced, ignore_errors=True)
    try:
        if directory.exists():
            os.replace(directory, replaced)
        os.replace(complete, directory)
    except OSError as error:
        raise UnwritableError(f"cannot write {directory}: {error.strerror or error}.") from error
    sync_folder(directory.parent)
    (directory / CHECKPOINT).unlink(missing_ok=True)
    shutil.rmtree(replaced, ignore_errors=True)


def mend(directory: Path) -> None:
    """Restores or clears up what a process left that died while it gave a record its name."""
    replaced, checkpoint, lock = _set_aside(directory), directory / CHECKPOINT, Lock(directory)
    if not any(path.exists() for path in (replaced, checkpoint, lock.path)):
        return
    with contextlib.suppress(OSError):  # what cannot be mended stays as it is
        if not lock.acquire():  # that process is still at it
            return
        if replaced.exists() and not directory.exists():
            os.replace(replaced, directory)
        checkpoint.unlink(missing_ok=True)
        shutil.rmtree(replaced, ignore_errors=True)
        lock.release()


def refuse_mixture(
    results_dir: Path, records: list[Record], adding_sample: bool | None = None
) -> None:
    """Refuses a folder that holds runs on sample data and on real data.

    Args:
        results_dir: the folder, for the message.
        records: its records.
        adding_sample: whether a run to be added uses sample data; None without such a run.

    Raises:
        RunError: naming the records of both kinds.
    """
    names = {True: [], False: []}
    for record in records:
        names[record.sample].append(record.place)
    if adding_sample is not None:
        names[adding_sample].append("this run")
    if all(names.values()):
        raise RunError(
            f"{results_dir} would mix runs on sample data ({few(sorted(names[True]))}) with runs "
            f"on real data ({few(sorted(names[False]))}); use another --results-dir for one of "
            "the two."
        )


def find_records(results_dir: Path, folder: str = "*") -> tuple[list[Record], list[str]]:
    """All finished runs under a results directory, in a stable order.

    Args:
        results_dir: the directory.
        folder: the label of the runs; all labels by default.

    Returns:
        The records, sorted by experiment, variant and seed, and one sentence for each run that
        was left out because it is unfinished or damaged.

    Raises:
        RunError: the directory does not exist or cannot be read.
    """
    if not os.path.isdir(results_dir):  # unlike Path.is_dir, it raises no error
        raise RunError(f"results directory {results_dir} does not exist; run an experiment first.")
    if not os.access(results_dir, READABLE):
        raise RunError(f"results directory {results_dir} cannot be read; correct its permissions.")
    folders = [path for path in sorted(results_dir.glob(folder)) if os.path.isdir(path)]
    closed = [path.name for path in folders if not os.access(path, READABLE)]
    records, left_out = [], [f"{name}: the folder cannot be read." for name in closed]
    for path in sorted(results_dir.glob(f"{folder}/seed-*")):
        where = path.relative_to(results_dir)
        if path.name.endswith(UNFINISHED):
            left_out.append(f"{where}: the run did not finish.")
            continue
        try:
            records.append(load_record(path))
        except RunError as error:
            left_out.append(str(error).replace(str(path), str(where)))
    for replaced in sorted(results_dir.glob(f"{folder}/{_set_aside(Path('seed-*')).name}")):
        place = replaced.parent / replaced.stem.removeprefix(".")
        if not place.exists():
            left_out.append(
                f"{place.relative_to(results_dir)}: the process that was replacing this record was "
                "killed; the command that makes the record restores it."
            )
    return sorted(records, key=lambda r: (r.label, r.seed)), list(map(escaped, left_out))
