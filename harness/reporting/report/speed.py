"""The speed table, from the `benchmark.json` that a benchmark leaves beside the records."""

from dataclasses import dataclass
from pathlib import Path

from harness.records.files import read_json
from harness.records.validation import Number, validated
from harness.reporting.tables.formatting import ABSENT, format_significant

NAME = "benchmark.json"
COLUMNS = {
    "Plain Keras, ms a step": "step, plain",
    "Alone, ms a step": "step, ours",
    "Throughput alone": "throughput, ours",
    "Throughput sharing the machine": "throughput, ours shared",
}


@dataclass(frozen=True)
class Measurement:
    """One measured quantity: the median of `n` values, the smallest and the largest."""

    experiment: str
    quantity: str
    value: Number
    low: Number
    high: Number
    unit: str
    n: int


@dataclass(frozen=True)
class Speed:
    """Where it was measured, the headings, and a row an experiment: its name, then the cells."""

    machine: str
    columns: list[str]
    rows: list[list[str]]


def load_speed(folder: Path) -> Speed | None:
    """The benchmark of a folder; None if it holds none.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    content = read_json(path)
    measured = validated(path, list[Measurement], content.get("measurements"))
    found = {(one.experiment, one.quantity): one for one in measured}
    names = dict.fromkeys(one.experiment for one in measured if one.quantity in COLUMNS.values())
    rows = [[n, *(_cell(found.get((n, quantity))) for quantity in COLUMNS.values())] for n in names]
    machine = validated(f"{path}: field 'machine'", dict, content.get("machine"))
    return Speed(f"{machine.get('cpu')}, {machine.get('threads')} cores", list(COLUMNS), rows)


def _cell(one: Measurement | None) -> str:
    """The median and, of several values, the range."""
    if one is None:
        return ABSENT
    text = format_significant(one.value, 3)
    ends = f"{format_significant(one.low, 3)} to {format_significant(one.high, 3)}"
    return f"{text} ({ends})" if one.n > 1 else text
