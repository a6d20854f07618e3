"""`benchmark.json`, and the page and the figure that are made from it alone.

`python -m benchmarks.page` makes those of docs/speed.md from results/reference/benchmark.json.
"""

import sys
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from harness.cli import Parser, print_written, run_command
from harness.errors import RunError
from harness.records.files import read_json, write_json, write_text
from harness.reporting.figures.style import GREY, SAMPLE_SUFFIX, new_figure
from harness.reporting.pages import replace_between_markers
from harness.reporting.table import Table, format_significant

# The committed benchmark, and the page that shows it.
RESULTS, PLOTS, PAGE = Path("results/reference"), Path("plots/reference"), Path("docs/speed.md")
NAME = "benchmark.json"
SUITE = "suite"  # in place of an experiment's name, where all of them were run
COLUMNS = {
    "Plain Keras, ms a step": "step, plain",
    "Ours alone, ms a step": "step, ours",
    "Ours sharing, ms a step": "step, ours shared",
    "Plain sharing, ms a step": "step, plain shared",
    "Keras of the log, ms a step": "step, original",
    "Throughput alone": "throughput, ours",
    "Throughput sharing": "throughput, ours shared",
}
# quantity by heading, with the unit of its cells
ALL_SIX = {"One epoch of each": ("one epoch each", " s"), "Runs an hour": ("runs an hour", "")}
# By quantity: label, and colour (not one that stands for a model in other figures).
BARS = {
    "throughput, ours": ("one run alone, all cores", "#7A8794"),
    "throughput, ours shared": ("runs side by side, one thread each", "#A9B4BF"),
    "throughput, plain shared": ("plain Keras side by side, one thread each", "#D9DFE5"),
    "throughput": ("all six, one epoch each", "#C8BFB0"),
}
HEIGHT = 0.2  # of a bar, where experiments are 1 apart
NOTES = """\
*Plain* is the documents' script on today's Keras, on all cores; *ours* is this project's command.
*Sharing* is as many processes as there are cores (at most eight), one thread each, all training at
the same time. *Keras of the log* is the documents' network on Keras 2.0.8, or 2.2.4 for the
convolution, alone on one thread. Throughput is that of all processes together, as a multiple of
plain Keras on all cores, within a round. Each cell is the median, with the range in brackets."""


class Measurement(BaseModel, strict=True, frozen=True, extra="forbid"):
    """One measured quantity: the median of `n` values, the smallest and the largest."""

    experiment: str
    quantity: str
    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    unit: str
    n: int


class Benchmark(BaseModel, frozen=True):
    """The content of `benchmark.json`."""

    version: Literal[1] = Field(alias="schema")
    machine: dict[str, Any]  # where it was measured, as in the environment of a record
    protocol: dict[str, Any]  # how
    measurements: list[Measurement] = Field(min_length=1)

    @property
    def experiments(self) -> list[str]:
        names = dict.fromkeys(one.experiment for one in self.measurements)
        return [name for name in names if name != SUITE]

    def find(self, experiment: str, quantity: str) -> Measurement | None:
        """One quantity; None where it was not measured."""
        wanted = experiment, quantity
        return next((m for m in self.measurements if (m.experiment, m.quantity) == wanted), None)

    def save(self, folder: Path) -> None:
        """Writes `benchmark.json`."""
        write_json(folder / NAME, self.model_dump(by_alias=True))


def measured(experiment: str, quantity: str, values: Any, unit: str) -> Measurement:
    """A quantity that was measured once or several times."""
    values = pd.Series(values, dtype=float)
    median, low, high = values.median(), values.min(), values.max()
    names = {"experiment": experiment, "quantity": quantity, "unit": unit}
    return Measurement(value=median, low=low, high=high, n=len(values), **names)


def load_benchmark(folder: Path) -> Benchmark:
    """Reads `benchmark.json`, or raises a RunError that names the first field that is wrong."""
    path = folder / NAME
    try:
        return Benchmark.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise RunError(
            f"{path}: field '{field}': {first['msg']}; make the file again by `make bench`."
        ) from error


def write_page(benchmark: Benchmark, results: Path, plots: Path) -> list[Path]:
    """Writes `benchmark.md` and `benchmark.png`; returns their paths."""
    page = results / "benchmark.md"
    title = "# Benchmark\n\nMade by `make bench` from `benchmark.json`; do not edit."
    write_text(page, f"{title}\n\n{tables(benchmark)}\n\n{NOTES}\n")
    return [page, draw(benchmark, plots / "benchmark.png")]


def tables(benchmark: Benchmark) -> str:
    """The steps of each experiment, one epoch of all of them, and where they were measured."""
    names, machine = benchmark.experiments, benchmark.machine
    kept = {
        heading: quantity
        for heading, quantity in COLUMNS.items()
        if any(benchmark.find(name, quantity) for name in names)
    }
    rows = [
        [name, *(_cell(benchmark.find(name, what)) for what in kept.values())] for name in names
    ]
    blocks = [Table(["Experiment", *kept], rows).markdown()]
    if ratio := benchmark.find(SUITE, "throughput"):
        rows = [
            [
                heading,
                *(
                    _cell(benchmark.find(SUITE, f"{quantity}, {way}")) + unit
                    for way in ("plain", "ours")
                ),
            ]
            for heading, (quantity, unit) in ALL_SIX.items()
        ]
        rows.append(["Throughput", "1", _cell(ratio)])
        blocks.append(Table(["All six", "Plain Keras", "Ours"], rows).markdown())
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    data = (
        "sample data in the published shapes" if benchmark.protocol["sample"] else "the real data"
    )
    blocks.append(
        f"Measured on {data}: {machine['cpu']}, {machine['threads']} cores, "
        f"Python {machine['python']}, {packages}; commit {machine['commit'] or 'unknown'}."
    )
    return "\n\n".join(blocks)


def _cell(one: Measurement | None) -> str:
    """A value, and its range if it was measured several times."""
    if one is None:
        return ""
    text = format_significant(one.value, 3)
    ends = f"{format_significant(one.low, 3)} to {format_significant(one.high, 3)}"
    return f"{text} ({ends})" if one.n > 1 else text


def draw(benchmark: Benchmark, path: Path) -> Path:
    """Draws throughput as a multiple of plain Keras; returns the path."""
    names = [*benchmark.experiments, *([SUITE] if benchmark.find(SUITE, "throughput") else [])]
    suffix = SAMPLE_SUFFIX if benchmark.protocol["sample"] else ""
    title = f"Throughput against plain Keras on all cores{suffix}"
    with new_figure(path, title, width=9, height=1.5 + 0.8 * len(names)) as figure:
        axis = figure.subplots()
        for place, name in enumerate(names):
            quantities = [quantity for quantity in BARS if benchmark.find(name, quantity)]
            for number, quantity in enumerate(quantities):
                one, (_, colour) = benchmark.find(name, quantity), BARS[quantity]
                middle = place + 1.15 * HEIGHT * (number - (len(quantities) - 1) / 2)
                ends = [[one.value - one.low], [one.high - one.value]]
                axis.barh(middle, one.value, HEIGHT, xerr=ends, color=colour)
        for label, colour in BARS.values():
            axis.barh(0, 0, color=colour, label=label)
        axis.axvline(1, color=GREY, label="plain Keras, all cores")
        axis.set_yticks(range(len(names)), [n if n != SUITE else "all six" for n in names])
        axis.invert_yaxis()
        axis.set_xlim(left=0)
        axis.set_xlabel("throughput as a multiple of plain Keras")
        figure.legend(loc="outside lower center", ncols=2)
    return path


def rebuild_reference() -> list[Path]:
    """Rebuilds the tables of docs/speed.md and their figure; returns the paths."""
    benchmark = load_benchmark(RESULTS)
    write_text(PAGE, replace_between_markers(PAGE, {"benchmark": tables(benchmark)}))
    return [PAGE, draw(benchmark, PLOTS / "benchmark.png")]


def main(argv: list[str] | None = None) -> int:
    """Rebuilds the reference; returns the exit status."""
    Parser("benchmarks.page", __doc__).parse_args(argv)
    return run_command(lambda: print_written(rebuild_reference()))


if __name__ == "__main__":
    sys.exit(main())
