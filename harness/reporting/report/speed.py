"""The speed table, from the `benchmark.json` that a benchmark leaves beside the records."""

from dataclasses import dataclass
from pathlib import Path

from harness.records.files import read_json
from harness.records.schema import Number, validated
from harness.reporting.table import ABSENT, format_significant

NAME = "benchmark.json"
COLUMNS = {
    "Plain Keras, ms a step": "step, plain",
    "Alone, ms a step": "step, ours",
    "Throughput alone": "throughput, ours",
    "Throughput sharing the machine": "throughput, ours shared",
}


@dataclass(frozen=True)
class BenchmarkNumber:
    """One measured quantity: the median of `n` values, the smallest and the largest."""

    experiment: str
    quantity: str
    value: Number
    low: Number
    high: Number
    unit: str
    n: int


def load_speed(folder: Path) -> tuple[str, list[dict[str, str]]] | None:
    """The benchmark of a folder: its processor, and a row an experiment by heading; None without.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    content = read_json(path)
    measured = validated(path, list[BenchmarkNumber], content.get("measurements"))
    machine = validated(f"{path}: machine", dict[str, object], content.get("machine"))
    found = {(one.experiment, one.quantity): one for one in measured}
    names = dict.fromkeys(one.experiment for one in measured if one.quantity in COLUMNS.values())
    rows = [
        {"Experiment": name}
        | {head: _cell(found.get((name, what))) for head, what in COLUMNS.items()}
        for name in names
    ]
    return f"{machine.get('cpu')}, {machine.get('threads')} cores", rows


def _cell(one: BenchmarkNumber | None) -> str:
    """The median and, of several values, the range."""
    if one is None:
        return ABSENT
    text = format_significant(one.value, 3)
    ends = f"{format_significant(one.low, 3)} to {format_significant(one.high, 3)}"
    return f"{text} ({ends})" if one.n > 1 else text
