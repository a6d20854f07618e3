"""Tables of a benchmark, made from its record alone: `python -m benchmarks.report`."""

import sys
from pathlib import Path

from benchmarks.equality import XLA_ALONE
from benchmarks.goals import cell, goal_heading
from benchmarks.notes import NOTES, machine_lines
from benchmarks.record import SUITE, Benchmark, load_benchmark
from benchmarks.turns import OURS, PLAIN, PLAIN_SHARED, SHARED
from harness.records.files import write_text
from harness.reporting.rebuild import rebuild
from harness.reporting.tables.formatting import replace_between_markers
from harness.reporting.tables.formatting import table_row as line

# By table: heading of a column, and the quantity in it.
THROUGHPUT = {
    "Ours": f"throughput, {OURS}",
    "Ours shared": f"throughput, {SHARED}",
    "Plain shared": f"throughput, {PLAIN_SHARED}",
}
TABLES = {
    "Milliseconds a step": {
        "Plain": f"step, {PLAIN}",
        "Ours": f"step, {OURS}",
        "Ours shared": f"step, {SHARED}",
        "Plain shared": f"step, {PLAIN_SHARED}",
    },
    "Throughput, as a multiple of plain Keras on all cores": THROUGHPUT,
    "Where the time goes": {
        "Input pipeline, % of a step": f"input pipeline, {OURS}",
        "plain: input pipeline": f"input pipeline, {PLAIN}",
        "Validation, % of an epoch": f"validation share, {OURS}",
        "plain: validation": f"validation share, {PLAIN}",
        "Harness, % of an epoch": f"callbacks, {OURS}",
    },
    "Once a run": {
        "Compilation, s": f"compile, {OURS}",
        "plain: compilation": f"compile, {PLAIN}",
        "Peak memory, MiB": f"peak memory, {OURS}",
        "plain: peak memory": f"peak memory, {PLAIN}",
    },
    "The floors on one thread": {
        "Operations, GFLOP a step": "operations",
        "Arithmetic, ms": "floor of the products",
        "Update, ms": "floor of the update",
        "Ours shared, multiple of both": f"multiple of the floors, {SHARED}",
        "Plain shared, multiple of both": f"multiple of the floors, {PLAIN_SHARED}",
    },
    "The same results": {
        "Loss": "difference, loss",
        "Gradients": "difference, gradient",
        "Gradients of Keras's own layers, compiled by XLA": f"difference, {XLA_ALONE}",
    },
}
SUITE_ROWS = {
    "One epoch of each, measured": ("one epoch each", "s"),
    "Runs an hour": ("runs an hour", ""),
    "All epochs of each, computed": ("all epochs, computed", "s"),
}
SUITE_RATIOS = {
    "Throughput, one epoch": "throughput",
    "Throughput, all epochs, computed": "throughput of all epochs, computed",
}
README_COLUMNS = {
    "Plain Keras, ms a step": f"step, {PLAIN}",
    "Alone, ms a step": f"step, {OURS}",
    "Throughput alone": f"throughput, {OURS}",
    "Throughput sharing the machine": f"throughput, {SHARED}",
}


def write_tables(benchmark: Benchmark, folder: Path, readme: Path | None = None) -> list[Path]:
    """Writes `benchmark.csv` and `benchmark.md`, and the README's table.

    Returns:
        The files written.

    Raises:
        RunError: a file cannot be written, or the README lacks its markers.
    """
    outputs = {
        folder / "benchmark.csv": benchmark.csv(),
        folder / "benchmark.md": report(benchmark),
    }
    if readme is not None:
        outputs[readme] = replace_between_markers(readme, {"benchmark": readme_part(benchmark)})
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs)


def report(benchmark: Benchmark) -> str:
    """The whole of `benchmark.md`."""
    blocks = ["# Benchmark", "Made by `make bench` from `benchmark.json`; do not edit."]
    if benchmark.protocol["sample"]:
        blocks.append("**Sample data** in the published shapes: fewer steps an epoch.")
    blocks += ["\n".join(machine_lines(benchmark)), *NOTES["ways"]]
    for title, columns in TABLES.items():
        if table := _table(benchmark, columns):
            blocks += [f"## {title}", table, *NOTES.get(title, [])]
    if suite := _suite(benchmark):
        blocks += ["## All six experiments", suite, *NOTES["suite"]]
    return "\n\n".join(blocks) + "\n"


def readme_part(benchmark: Benchmark) -> str:
    """The README's table: throughput and its goals."""
    blocks = [_table(benchmark, README_COLUMNS)]
    if suite := _suite(benchmark):
        blocks.append(suite)
    machine = benchmark.machine
    blocks.append(f"Measured on {machine['cpu']}, {machine['threads']} cores.")
    return "\n\n".join(blocks)


def in_terminal(benchmark: Benchmark) -> str:
    """The throughputs as plain lines."""
    lines = ["throughput, as a multiple of plain Keras on all cores:"]
    for experiment in benchmark.experiments:
        found = {head: benchmark.find(experiment, what) for head, what in THROUGHPUT.items()}
        cells = (f"{head.lower()} {cell(one)}" for head, one in found.items() if one)
        lines.append(f"  {experiment:<18}{'; '.join(cells)}")
    if one := benchmark.find(SUITE, "throughput"):
        lines.append(f"  {'all six':<18}suite {cell(one)}")
    return "\n".join(lines)


def _table(benchmark: Benchmark, columns: dict[str, str]) -> str:
    """A row an experiment, without columns that were not measured; empty if none was."""
    names = benchmark.experiments
    kept = {
        goal_heading(heading, quantity): quantity
        for heading, quantity in columns.items()
        if any(benchmark.find(name, quantity) for name in names)
    }
    if not kept:
        return ""
    lines = [line(["Experiment", *kept]), line(["---", *("--:" for _ in kept)])]
    for name in names:
        lines.append(line([name, *(cell(benchmark.find(name, what)) for what in kept.values())]))
    return "\n".join(lines)


def _suite(benchmark: Benchmark) -> str:
    """The rows of all experiments together; empty where they were not run."""
    if benchmark.find(SUITE, "throughput") is None:
        return ""
    lines = [line(["All six", "Plain", "Ours"]), line(["---", "--:", "--:"])]
    for heading, (quantity, unit) in SUITE_ROWS.items():
        pair = (benchmark.find(SUITE, f"{quantity}, {way}") for way in (PLAIN, OURS))
        lines.append(line([heading, *(f"{cell(one)} {unit}".strip() for one in pair)]))
    for heading, quantity in SUITE_RATIOS.items():
        value = cell(benchmark.find(SUITE, quantity))
        lines.append(line([goal_heading(heading, quantity), "1", value]))
    return "\n".join(lines)


def main() -> int:
    """Rebuilds the reference's tables and the README's; returns the exit status."""
    results = Path("results/reference")
    return rebuild(lambda: (write_tables(load_benchmark(results), results, Path("README.md")), []))


if __name__ == "__main__":
    sys.exit(main())
