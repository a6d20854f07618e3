"""The record of a benchmark: one file, from which its tables and its plot are made."""

import csv
import io
import math
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from harness.errors import RunError
from harness.records.files import read_json, write_json

SCHEMA = 1
NAME = "benchmark.json"
SUITE = "suite"  # stands for an experiment's name where all of them were run
MACHINE = "machine"  # and where none was


@dataclass(frozen=True)
class Measurement:
    """One measured quantity: the median of its values, and the smallest and largest of them."""

    experiment: str
    quantity: str
    value: float
    low: float
    high: float
    unit: str
    n: int


def measured(
    experiment: str, quantity: str, values: Iterable[float] | float, unit: str
) -> Measurement:
    """A quantity that was measured once or several times."""
    values = [values] if isinstance(values, int | float) else list(values)
    middle = statistics.median(values)
    return Measurement(experiment, quantity, middle, min(values), max(values), unit, len(values))


@dataclass(frozen=True)
class Benchmark:
    """All that a benchmark measured.

    Attributes:
        machine: where: processor, cores, threads, memory, system, versions, commit, date.
        protocol: how: rounds, seconds of a block, processes that share the machine, sample data.
        measurements: what.
    """

    machine: dict
    protocol: dict
    measurements: tuple[Measurement, ...]

    @property
    def experiments(self) -> list[str]:
        names = dict.fromkeys(one.experiment for one in self.measurements)
        return [name for name in names if name not in (SUITE, MACHINE)]

    def find(self, experiment: str, quantity: str) -> Measurement | None:
        """One quantity; None where it was not measured."""
        wanted = experiment, quantity
        return next((m for m in self.measurements if (m.experiment, m.quantity) == wanted), None)

    def save(self, folder: Path) -> None:
        """Writes `benchmark.json`."""
        content = {"schema": SCHEMA, "machine": self.machine, "protocol": self.protocol}
        rows = [asdict(one) for one in self.measurements]
        write_json(folder / NAME, {**content, "measurements": rows})

    def csv(self) -> str:
        """One line a quantity, all digits that matter."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(field.name for field in fields(Measurement))
        for one in self.measurements:
            values = asdict(one).values()
            writer.writerow(f"{v:.6g}" if isinstance(v, float) else v for v in values)
        return text.getvalue()


# What the tables rely on.
MACHINE_FIELDS = {
    "started": str,
    "platform": str,
    "cpu": str,
    "cores": int,
    "threads": int,
    "memory": int,
    "load": (int, float),
    "python": str,
    "packages": dict,
    "commit": (str, type(None)),
    "dirty": (bool, type(None)),
}
PROTOCOL_FIELDS = {
    "rounds": int,
    "block_seconds": (int, float),
    "suites": int,
    "shared": int,
    "sample": bool,
    "seconds": int,
}


def load_benchmark(folder: Path) -> Benchmark:
    """Reads and checks the record of a benchmark.

    Raises:
        RunError: naming the file and the field that is missing or of the wrong type.
    """
    path = folder / NAME
    content = read_json(path)
    if content.get("schema") != SCHEMA:
        raise RunError(f"{path}: field 'schema' must be {SCHEMA}.")
    for part, kinds in (("machine", MACHINE_FIELDS), ("protocol", PROTOCOL_FIELDS)):
        if not isinstance(content.get(part), dict):
            raise RunError(f"{path}: field '{part}' must be an object.")
        for name, kind in kinds.items():
            if not isinstance(content[part].get(name, path), kind):
                raise RunError(f"{path}: field '{part}.{name}' is missing or of the wrong type.")
    rows = content.get("measurements")
    if not isinstance(rows, list) or not rows:
        raise RunError(f"{path}: field 'measurements' must be a list that is not empty.")
    measurements = tuple(
        _measurement(f"{path}: measurement {place}", row) for place, row in enumerate(rows, start=1)
    )
    return Benchmark(content["machine"], content["protocol"], measurements)


def _measurement(where: str, row: object) -> Measurement:
    names = {field.name for field in fields(Measurement)}
    if not isinstance(row, dict) or set(row) != names:
        raise RunError(f"{where} must have the fields {', '.join(sorted(names))}.")
    for name in ("experiment", "quantity", "unit"):
        if not isinstance(row[name], str):
            raise RunError(f"{where}: field '{name}' must be a text.")
    for name in ("value", "low", "high", "n"):
        if type(row[name]) not in (int, float) or not math.isfinite(row[name]):
            raise RunError(f"{where}: field '{name}' must be a number.")
    return Measurement(**row)
