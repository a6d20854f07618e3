"""The chart of a benchmark, made from `benchmark.json`: `python -m benchmarks.throughput_chart`."""

import argparse
import sys
from pathlib import Path

import pandas as pd

from benchmarks.benchmark_file import PLOTS, RESULTS, SUITE, Benchmark, load_benchmark
from benchmarks.goals import GOALS
from benchmarks.interleaved import OURS, PLAIN_SHARED, SHARED
from harness.reporting.figures.style import GREY, SAMPLE_SUFFIX, new_figure
from harness.reporting.rebuild import rebuild

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


def write_chart(benchmark: Benchmark, folder: Path) -> Path:
    """Draws `benchmark.png`: throughput as a multiple of plain Keras, goals as dotted lines."""
    names = [*benchmark.experiments, *([SUITE] if benchmark.find(SUITE, "throughput") else [])]
    path = folder / "benchmark.png"
    title = "Throughput against plain Keras on all cores"
    if benchmark.protocol.sample:
        title += SAMPLE_SUFFIX
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
            if goal := GOALS.get(quantity):
                ends = places - HEIGHT / 2, places + HEIGHT / 2
                axis.vlines([goal.bound] * len(found), *ends, "black", ":", linewidth=2)
        axis.axvline(1, color=GREY, label="plain Keras, all cores")
        axis.set_yticks(range(len(names)), [n if n != SUITE else "all six" for n in names])
        axis.invert_yaxis()
        axis.set_xlim(left=0)
        axis.set_xlabel("throughput as a multiple of plain Keras (dotted: the project's goal)")
        figure.legend(loc="outside lower center", ncols=2)
    return path


def main() -> int:
    """Redraws the chart; returns the exit status."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.throughput_chart",
        description=f"Draw {PLOTS}/benchmark.png again from {RESULTS}/benchmark.json.",
    ).parse_args()
    return rebuild(lambda: ([write_chart(load_benchmark(RESULTS), PLOTS)], []))


if __name__ == "__main__":
    sys.exit(main())
