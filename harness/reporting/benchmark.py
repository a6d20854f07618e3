"""The benchmark's measurements, and the tables and the figure that are made from them alone.

`python -m harness.reporting.benchmark` makes those of docs/speed.md from the committed ones in
results/reference/benchmark.json.
"""

import sys
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from harness.cli import Parser, print_written, run_command
from harness.records.files import read_json, write_json, write_text
from harness.records.schema import Content, Number, validated
from harness.reporting.figures.style import GREY, SAMPLE_SUFFIX, new_figure
from harness.reporting.pages import replace_between_markers
from harness.reporting.table import Blocks, Table, format_significant, markdown

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


class Measurement(Content):
    """One measured quantity: the median of `n` values, the smallest and the largest."""

    experiment: str
    quantity: str
    value: Number
    low: Number
    high: Number
    unit: str
    n: int

    @property
    def text(self) -> str:
        """The value, and its range if it was measured several times."""
        value, low, high = (format_significant(v, 3) for v in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})" if self.n > 1 else value


class Benchmark(Content):
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

    def cell(self, experiment: str, quantity: str, unit: str = "") -> str:
        """The text of one quantity; empty where it was not measured."""
        one = self.find(experiment, quantity)
        return one.text + unit if one else ""

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
    return validated(path, Benchmark, read_json(path))


def benchmark_blocks(benchmark: Benchmark) -> Blocks:
    """The steps of each experiment, one epoch of all of them, and where they were measured."""
    names, machine = benchmark.experiments, benchmark.machine
    steps = pd.DataFrame(
        {heading: [benchmark.cell(n, what) for n in names] for heading, what in COLUMNS.items()},
        index=names,
    )
    steps = steps.loc[:, (steps != "").any()].reset_index(names="Experiment")
    blocks: Blocks = [Table([*steps], steps.to_numpy().tolist())]
    if ratio := benchmark.find(SUITE, "throughput"):
        rows = [
            [heading, *(benchmark.cell(SUITE, f"{what}, {way}", unit) for way in ("plain", "ours"))]
            for heading, (what, unit) in ALL_SIX.items()
        ]
        rows.append(["Throughput", "1", ratio.text])
        blocks.append(Table(["All six", "Plain Keras", "Ours"], rows))
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    sample = benchmark.protocol["sample"]
    data = "sample data in the published shapes" if sample else "the real data"
    return [
        *blocks,
        f"Measured on {data}: {machine['cpu']}, {machine['threads']} cores, "
        f"Python {machine['python']}, {packages}; commit {machine['commit'] or 'unknown'}.",
    ]


def write_page(benchmark: Benchmark, results: Path, plots: Path) -> list[Path]:
    """Writes `benchmark.md` and `benchmark.png`; returns their paths."""
    page = results / "benchmark.md"
    title = "# Benchmark\n\nMade by `make bench` from `benchmark.json`; do not edit."
    write_text(page, f"{title}\n\n{markdown(benchmark_blocks(benchmark))}\n\n{NOTES}\n")
    return [page, draw(benchmark, plots / "benchmark.png")]


def draw(benchmark: Benchmark, path: Path) -> Path:
    """Draws throughput as a multiple of plain Keras; returns the path."""
    names = [*benchmark.experiments, *([SUITE] if benchmark.find(SUITE, "throughput") else [])]
    suffix = SAMPLE_SUFFIX if benchmark.protocol["sample"] else ""
    title = f"Throughput against plain Keras on all cores{suffix}"
    with new_figure(path, title, width=9, height=1.5 + 0.8 * len(names)) as figure:
        axis = figure.subplots()
        for place, name in enumerate(names):
            found = {what: one for what in BARS if (one := benchmark.find(name, what))}
            for number, (what, one) in enumerate(found.items()):
                middle = place + 1.15 * HEIGHT * (number - (len(found) - 1) / 2)
                ends = [[one.value - one.low], [one.high - one.value]]
                axis.barh(middle, one.value, HEIGHT, xerr=ends, color=BARS[what][1])
        for label, colour in BARS.values():
            axis.barh(0, 0, color=colour, label=label)
        axis.axvline(1, color=GREY, label="plain Keras, all cores")
        axis.set_yticks(range(len(names)), [n if n != SUITE else "all six" for n in names])
        axis.invert_yaxis()
        axis.set_xlim(left=0)
        axis.set_xlabel("throughput as a multiple of plain Keras")
        figure.legend(loc="outside lower center", ncols=2)
    return path


def main(argv: list[str] | None = None) -> int:
    """Rebuilds the tables of docs/speed.md and their figure; returns the exit status."""
    Parser("harness.reporting.benchmark", __doc__).parse_args(argv)

    def work() -> None:
        benchmark = load_benchmark(RESULTS)
        shown = {"benchmark": markdown(benchmark_blocks(benchmark))}
        write_text(PAGE, replace_between_markers(PAGE, shown))
        print_written([PAGE, draw(benchmark, PLOTS / "benchmark.png")])

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
