"""The record of a finished run: the only interface between training and all that is made from it.

It is the folder `<results>/<experiment>[+variant]/seed-<k>/`. It holds five JSON files, or six for
a study and for a network with stored predictions, and their checksums. During the run the files
stand in `seed-<k>.unfinished/`; a folder under its final name is always complete. A record that
cannot be used is a `RunError` that names the file and the field.
"""

import contextlib
import functools
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RunError, escaped, few
from harness.records.files import CHECKSUMS, read_checksums, read_json
from harness.records.run import UNFINISHED, promote_left

if TYPE_CHECKING:
    import pandas as pd

    from harness.records.schema import Reviews, Weeks
    from harness.records.study_outputs import StudyOutput

SCHEMA = 2  # version of the files; `config.json` names it
UNCHECKED = 1  # the version that needs no checksums, and is the same otherwise
READABLE = os.R_OK | os.X_OK  # of a folder
LONGEST_LABEL = 150  # file systems allow 255 bytes, and plots add to it
# update rules by their names in older records
RENAMED = {
    "rmsprop-keras2": "rmsprop-keras-2.0",
    "rmsprop-summed-rows": "rmsprop-keras-2.11",
    "adam-keras2": "adam-keras-2.0",
}


@dataclass(frozen=True)
class Record:
    """One finished run, read from its folder and checked."""

    path: Path
    config: dict
    environment: dict
    data: dict
    history: dict
    metrics: dict
    outputs: "tuple[StudyOutput, ...]" = ()  # of a study
    predictions: "dict[str, Reviews | Weeks] | None" = None  # of a network, by names of metrics

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
        if self.own_data:
            return f".venv/bin/{self.environment['command']} --force"
        # older records name the script's module in their command, newer ones the experiment
        settings = "--seed" + self.environment["command"].partition("--seed")[2]
        return f'make {self.experiment} ARGS="{settings} --force"'

    @property
    def own_data(self) -> bool:
        """Whether it was made from a file of the user's own, of which nothing was published."""
        return bool({"reviews_file", "series_file"} & set(self.config["protocol"]))

    @property
    def sample(self) -> bool:
        """Whether it was made from the built-in sample data."""
        return self.config["sample"]

    def epochs(self) -> "pd.DataFrame":
        """The curves as a table: a row an epoch, counted from 1; columns by Keras's names."""
        import pandas as pd

        rows = pd.RangeIndex(1, 1 + len(self.history.get("loss", ())), name="epoch")
        return pd.DataFrame(self.history, index=rows)


def label_of(experiment: str, variant: dict) -> str:
    """The experiment's name, followed by each setting that differs from its protocol.

    `{"horizon_hours": 24}` makes `jena-gru+horizon-hours-24`; a switch has its name alone, as in
    `jena-gru+plain-keras`.
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


def current_name(name: str) -> str:
    """The present name of an update rule, or of anything else."""
    return RENAMED.get(name, name)


def _current_config(config: dict) -> dict:
    """An older record's `config.json` as it would be written now."""
    config = dict(config)
    for part in ("variant", "protocol"):
        if rule := config[part].get("optimizer"):
            config[part] = config[part] | {"optimizer": current_name(rule)}
    if config.get("plain_keras"):
        config["variant"] = config["variant"] | {"plain_keras": True}
    return config


def load_record(path: Path) -> Record:
    """Reads and checks one finished run, the folder `.../seed-<k>`."""
    # pydantic is slow to load, and `--help` reads no record
    from harness.records.schema import NetworkFiles, validated
    from harness.records.study_outputs import StudyFiles

    checksums = read_checksums(path)
    config = read_json(path / "config.json", (checksums or {}).get("config.json"))
    version = config.get("schema")
    if type(version) is not int or version not in (UNCHECKED, SCHEMA):
        raise RunError(
            f"{path / 'config.json'}: schema {version!r}, expected {UNCHECKED} or {SCHEMA}; a "
            "newer version of this project reads newer records."
        )
    if version != UNCHECKED and checksums is None:
        raise RunError(f"{path / CHECKSUMS}: missing; without it, damage cannot be told.")
    kind = StudyFiles if config.get("role") == "study" else NetworkFiles
    parts = {"config": config}
    for name, field in kind.model_fields.items():
        file = path / f"{name}.json"
        if name == "config" or (not field.is_required() and not _is_there(file, checksums)):
            continue
        if checksums is not None and file.name not in checksums:
            raise RunError(f"{path / CHECKSUMS}: has no line for {file.name}.")
        parts[name] = read_json(file, (checksums or {}).get(file.name))
    files = validated(path, kind, parts)
    if kind is StudyFiles:
        parts["outputs"] = tuple(files.outputs.outputs)
    elif files.predictions:
        parts["predictions"] = files.predictions.by_measure
    record = Record(path=path, **parts | {"config": _current_config(config)})
    labels = record.label, label_of(config["experiment"], config["variant"])  # of today, or older
    if path.parent.name not in labels or path.name != f"seed-{record.seed}":
        raise RunError(
            f"{path}: the record is of {record.label}, seed {record.seed}; a record stands in a "
            "folder of its own name."
        )
    return record


def _is_there(file: Path, checksums: dict | None) -> bool:
    return file.exists() or file.name in (checksums or {})


def find_records(results_dir: Path, folder: str = "*") -> tuple[list[Record], list[str]]:
    """All finished runs under a results directory, or those of the label `folder`.

    They are sorted by experiment, variant and seed. Returns also one sentence for each run that was
    left out because it is unfinished or damaged.
    """
    if not os.path.isdir(results_dir):  # unlike Path.is_dir, it raises no error
        raise RunError(f"results directory {results_dir} does not exist; run an experiment first.")
    if not os.access(results_dir, READABLE):
        raise RunError(f"results directory {results_dir} cannot be read; correct its permissions.")
    folders = [path for path in sorted(results_dir.glob(folder)) if os.path.isdir(path)]
    closed = [path.name for path in folders if not os.access(path, READABLE)]
    records, left_out = [], [f"{name}: the folder cannot be read." for name in closed]
    for path in results_dir.glob(f"{folder}/seed-*{UNFINISHED}"):
        promote_left(path.with_name(path.name.removesuffix(UNFINISHED)))
    for path in sorted(results_dir.glob(f"{folder}/seed-*")):
        where = path.relative_to(results_dir)
        if path.name.endswith(UNFINISHED):
            left_out.append(f"{where}: the run did not finish.")
            continue
        try:
            records.append(load_record(path))
        except RunError as error:
            left_out.append(str(error).replace(str(path), str(where)))
    return sorted(records, key=lambda r: (r.label, r.seed)), list(map(escaped, left_out))


def first_run(results_dir: Path) -> dict[str, bool]:
    """The place of one run in a folder, and whether it is on sample data; empty without runs."""
    for file in results_dir.glob("*/seed-*/config.json"):
        with contextlib.suppress(RunError):
            return {str(file.parent.relative_to(results_dir)): read_json(file).get("sample")}
    return {}


def refuse_mixture(results_dir: Path, samples: Mapping[str, bool]) -> None:
    """Refuses a folder that would hold runs on sample data and on real data.

    `samples` says of each run, by its name, whether it is on sample data.
    """
    kinds = [[name for name in samples if samples[name] is sample] for sample in (True, False)]
    if all(kinds):
        raise RunError(
            f"{results_dir} would mix runs on sample data ({few(kinds[0])}) with runs on real data "
            f"({few(kinds[1])}); use another --results-dir for one of the two."
        )
