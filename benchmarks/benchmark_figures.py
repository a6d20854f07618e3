"""Draws the benchmark's figures in plots/reference/ from results/reference/benchmark.json."""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.benchmark_file import PLOTS, RESULTS, SUITE, Benchmark, load_benchmark
from benchmarks.goals import GOALS
from benchmarks.interleaved import OURS, PLAIN, PLAIN_SHARED, SHARED
from harness.cli import Parser, print_written, run_command
from harness.reporting.figures.style import GREY, SAMPLE_SUFFIX, new_figure

HEIGHT = 0.2  # of a bar, where experiments are 1 apart
STEP = 1.15 * HEIGHT  # from one bar of an experiment to the next
# By quantity: label, colour (not one that stands for a model in other figures), and distance of its
# bars from the middle of the experiment.
BARS = {
    f"throughput, {OURS}": ("one run alone, all cores", "#7A8794", -STEP),
    f"throughput, {SHARED}": ("runs side by side, one thread each", "#A9B4BF", 0),
    f"throughput, {PLAIN_SHARED}": ("plain Keras side by side, one thread each", "#D9DFE5", STEP),
    "throughput": ("all six, one epoch each", "#C8BFB0", 0),
}
LINES = {PLAIN: ("plain Keras", GREY), OURS: ("this project", "black")}


def write_figures(benchmark: Benchmark, folder: Path) -> list[Path]:
    """Draws `benchmark.png`, and `benchmark-length.png` where lengths were timed."""
    suffix = SAMPLE_SUFFIX if benchmark.protocol.sample else ""
    paths = [draw_throughput(benchmark, folder / "benchmark.png", suffix)]
    if benchmark.lengths():
        paths.append(draw_lengths(benchmark, folder / "benchmark-length.png", suffix))
    return paths


def draw_throughput(benchmark: Benchmark, path: Path, suffix: str) -> Path:
    """Draws throughput as a multiple of plain Keras, with the goals as dotted lines."""
    names = [*benchmark.experiments, *([SUITE] if benchmark.find(SUITE, "throughput") else [])]
    title = f"Throughput against plain Keras on all cores{suffix}"
    measurements = pd.DataFrame(benchmark.model_dump()["measurements"])
    with new_figure(path, title, width=9, height=1.5 + 0.8 * len(names)) as figure:
        axis = figure.subplots()
        for quantity, (label, colour, offset) in BARS.items():
            found = measurements[measurements.quantity == quantity]
            if found.empty:
                continue
            places = found.experiment.map(names.index) + offset
            ranges = found.value - found.low, found.high - found.value
            line = {"elinewidth": 1}
            axis.barh(
                places, found.value, HEIGHT, xerr=ranges, color=colour, label=label, error_kw=line
            )
            goals = GOALS.get(quantity, {})
            for name, place in zip(found.experiment, places, strict=True):
                if name in goals:
                    ends = place - HEIGHT / 2, place + HEIGHT / 2
                    axis.vlines(goals[name].bound, *ends, "black", ":", linewidth=2)
        axis.axvline(1, color=GREY, label="plain Keras, all cores")
        axis.set_yticks(range(len(names)), [n if n != SUITE else "all six" for n in names])
        axis.invert_yaxis()
        axis.set_xlim(left=0)
        axis.set_xlabel("throughput as a multiple of plain Keras (dotted: the project's goal)")
        figure.legend(loc="outside lower center", ncols=2)
    return path


def draw_lengths(benchmark: Benchmark, path: Path, suffix: str) -> Path:
    """Draws how long a step of the LSTM takes with shorter and longer reviews."""
    found = benchmark.lengths()
    title = f"A training step of the LSTM with reviews cut or padded to more words{suffix}"
    with new_figure(path, title, width=7, height=4) as figure:
        axis = figure.subplots()
        for way, (label, colour) in LINES.items():
            steps = [row[way] for row in found.values()]
            axis.plot(list(found), [s.value for s in steps], "o-", color=colour, label=label)
            low, high = [s.low for s in steps], [s.high for s in steps]
            axis.fill_between(list(found), low, high, color=colour, alpha=0.15, linewidth=0)
        axis.set_xlim(left=0)
        axis.set_ylim(bottom=0)
        axis.set_xticks(list(found), [f"{words:,}" for words in found])
        axis.set_xlabel("words to which a review is cut or padded")
        axis.set_ylabel("ms a training step of the LSTM")
        axis.legend()
    return path


def main(argv: list[str] | None = None) -> int:
    """Redraws the figures; returns the exit status."""
    Parser("benchmarks.benchmark_figures", __doc__).parse_args(argv)
    return run_command(lambda: print_written(write_figures(load_benchmark(RESULTS), PLOTS)))


if __name__ == "__main__":
    sys.exit(main())
