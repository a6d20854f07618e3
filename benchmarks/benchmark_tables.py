"""Makes the benchmark's tables: benchmark.csv and benchmark.md, and those of docs/speed.md.

The numbers are those of results/reference/benchmark.json. `benchmark_tables.toml` says which
quantity stands in which column, and holds the notes.
"""

import sys
import tomllib
from pathlib import Path

from benchmarks.benchmark_file import MACHINE, PAGE, RESULTS, SUITE, Benchmark, load_benchmark
from benchmarks.goals import cell
from benchmarks.interleaved import OURS, PLAIN
from harness.cli import Parser, print_written, run_command
from harness.records.atomic_files import write_text
from harness.reporting.table import Table
from harness.reporting.tables.markers import replace_between_markers

LAYOUT = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def write_benchmark(benchmark: Benchmark, folder: Path, page: Path | None = None) -> list[Path]:
    """Writes `benchmark.csv` and `benchmark.md`, and the summary on a page; returns the paths.

    Raises:
        RunError: a file cannot be written, or the page lacks its markers.
    """
    outputs = {
        folder / "benchmark.csv": benchmark.csv(),
        folder / "benchmark.md": benchmark_markdown(benchmark),
    }
    if page is not None:
        outputs[page] = replace_between_markers(page, {"benchmark": summary_tables(benchmark)})
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs)


def benchmark_markdown(benchmark: Benchmark) -> str:
    """The whole of `benchmark.md`."""
    blocks = ["# Benchmark", "Made by `make bench` from `benchmark.json`; do not edit."]
    if benchmark.protocol.sample:
        blocks.append("**Sample data** in the published shapes: fewer steps an epoch.")
    blocks += [_machine(benchmark), *_paragraphs(LAYOUT["notes"])]
    for title, layout in LAYOUT["tables"].items():
        if table := _table(benchmark, layout["columns"]):
            blocks += [f"## {title}", table, *_paragraphs(layout.get("notes", ""))]
    if lengths := _length_table(benchmark):
        blocks += ["## Longer reviews", lengths, *_paragraphs(LAYOUT["lengths"]["notes"])]
    if suite := _suite_table(benchmark):
        blocks += ["## All six experiments", suite, *_paragraphs(LAYOUT["suite"]["notes"])]
    return "\n\n".join(blocks) + "\n"


def summary_tables(benchmark: Benchmark) -> str:
    """The summary: throughput, and all six experiments together."""
    machine = benchmark.machine
    tables = _table(benchmark, LAYOUT["summary"]["columns"]), _suite_table(benchmark)
    measured_on = f"Measured on {machine.cpu}, {machine.threads} cores."
    return "\n\n".join([*filter(None, tables), measured_on])


def _paragraphs(notes: str) -> list[str]:
    """Paragraphs of the layout file, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in notes.split("\n\n") if paragraph.strip()]


def _machine(benchmark: Benchmark) -> str:
    """The machine, the software and the protocol as a list."""
    machine, protocol = benchmark.machine, benchmark.protocol
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    products = benchmark.find(MACHINE, "matrix products, one thread")
    memory = benchmark.find(MACHINE, "memory, one thread")
    changed = ", with uncommitted changes" if machine.dirty else ""
    return f"""\
- Processor: {machine.cpu}, {machine.cores} cores, {machine.threads} used
- Large matrix products on one thread: {cell(products)} GFLOP/s
- Adding large arrays on one thread: {cell(memory)} GB/s
- Memory: {machine.memory / 2**30:.0f} GiB
- Load before the benchmark: {machine.load:g}
- System: {machine.platform}
- Software: Python {machine.python}, {packages}
- Commit: {machine.commit or "unknown"}{changed}
- Date: {machine.started}
- Rounds: {protocol.rounds}, of about {protocol.block_seconds:g} s for the script, or ten steps; \
{protocol.shared} processes share the machine; {protocol.seconds / 60:.0f} minutes in all"""


def _table(benchmark: Benchmark, columns: dict[str, str]) -> str:
    """A row an experiment, without columns that were not measured; empty if none was.

    `columns` are the quantities by their headings.
    """
    names = benchmark.experiments
    kept = {
        heading: quantity
        for heading, quantity in columns.items()
        if any(benchmark.find(name, quantity) for name in names)
    }
    rows = [[name, *(cell(benchmark.find(name, what)) for what in kept.values())] for name in names]
    return Table(["Experiment", *kept], rows).markdown() if kept else ""


def _length_table(benchmark: Benchmark) -> str:
    """A row a length of the LSTM's reviews; empty where they were not timed."""
    rows = []
    for words, row in benchmark.lengths().items():
        plain, ours = row[PLAIN], row[OURS]
        rows.append([f"{words:,}", cell(plain), cell(ours), f"{plain.value / ours.value:.1f}"])
    headings = ["Words of a review", "Plain, ms a step", "Ours, ms a step", "Plain / ours"]
    return Table(headings, rows, "rrrr").markdown() if rows else ""


def _suite_table(benchmark: Benchmark) -> str:
    """The rows of all experiments together; empty where they were not run."""
    if benchmark.find(SUITE, "throughput") is None:
        return ""
    rows = []
    for heading, (quantity, unit) in LAYOUT["suite"]["rows"].items():
        pair = (benchmark.find(SUITE, f"{quantity}, {way}") for way in (PLAIN, OURS))
        rows.append([heading, *(f"{cell(one)} {unit}".strip() for one in pair)])
    for heading, quantity in LAYOUT["suite"]["ratios"].items():
        rows.append([heading, "1", cell(benchmark.find(SUITE, quantity))])
    return Table(["All six", "Plain", "Ours"], rows).markdown()


def main(argv: list[str] | None = None) -> int:
    """Rebuilds the tables; returns the exit status."""
    Parser("benchmarks.benchmark_tables", __doc__).parse_args(argv)
    return run_command(
        lambda: print_written(write_benchmark(load_benchmark(RESULTS), RESULTS, PAGE))
    )


if __name__ == "__main__":
    sys.exit(main())
