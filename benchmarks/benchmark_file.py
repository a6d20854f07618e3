"""`benchmark.json`: what a benchmark measured. The tables and figures are made from it alone."""

import re
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from harness.errors import RunError
from harness.records.files import read_json, write_json

# The committed benchmark, and the page that shows its summary.
RESULTS, PLOTS, PAGE = Path("results/reference"), Path("plots/reference"), Path("docs/speed.md")
NAME = "benchmark.json"
SUITE = "suite"  # in place of an experiment's name, where all of them were run
MACHINE = "machine"  # likewise, where none was


class _Part(BaseModel, strict=True, frozen=True, extra="allow"):
    """Fields of exactly these types; others are kept."""


class Measurement(_Part, extra="forbid"):
    """One measured quantity: the median of its values, the smallest and the largest."""

    experiment: str
    quantity: str
    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    unit: str
    n: int


class BenchmarkMachine(_Part):
    """Where it was measured."""

    started: str
    platform: str
    cpu: str
    cores: int
    threads: int
    memory: int
    load: float
    python: str
    packages: dict[str, str]
    commit: str | None
    dirty: bool | None


class BenchmarkProtocol(_Part):
    """How it was measured."""

    rounds: int
    block_seconds: float
    shared: int
    sample: bool
    seconds: int


class Benchmark(_Part):
    """The content of `benchmark.json`."""

    version: Literal[1] = Field(alias="schema")
    machine: BenchmarkMachine
    protocol: BenchmarkProtocol
    measurements: list[Measurement] = Field(min_length=1)

    @property
    def experiments(self) -> list[str]:
        names = dict.fromkeys(one.experiment for one in self.measurements)
        return [name for name in names if name not in (SUITE, MACHINE)]

    def find(self, experiment: str, quantity: str) -> Measurement | None:
        """One quantity; None where it was not measured."""
        wanted = experiment, quantity
        return next((m for m in self.measurements if (m.experiment, m.quantity) == wanted), None)

    def lengths(self) -> dict[int, dict[str, Measurement]]:
        """Steps of the LSTM by the words of a review, then by way."""
        found: dict[int, dict[str, Measurement]] = {}
        for one in self.measurements:
            if match := re.fullmatch(r"step at (\d+) words, (.+)", one.quantity):
                found.setdefault(int(match[1]), {})[match[2]] = one
        return found

    def save(self, folder: Path) -> None:
        """Writes `benchmark.json`."""
        write_json(folder / NAME, self.model_dump(by_alias=True))

    def csv(self) -> str:
        """One line a quantity, with all digits that matter."""
        table = pd.DataFrame(self.model_dump()["measurements"])
        return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def measured(
    experiment: str, quantity: str, values: float | list | pd.Series, unit: str
) -> Measurement:
    """A quantity that was measured once or several times."""
    values = pd.Series(values, dtype=float)
    return Measurement(
        experiment=experiment,
        quantity=quantity,
        value=values.median(),
        low=values.min(),
        high=values.max(),
        unit=unit,
        n=len(values),
    )


def load_benchmark(folder: Path) -> Benchmark:
    """Reads and checks `benchmark.json`.

    Raises:
        RunError: naming the file and the first field that is missing or wrong.
    """
    path = folder / NAME
    try:
        return Benchmark.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        problem = first["msg"][0].lower() + first["msg"][1:]
        raise RunError(
            f"{path}: field '{field}': {problem}; make the file again by `make bench`."
        ) from error
