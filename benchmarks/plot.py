"""The plot of a benchmark, made from its record alone: `python -m benchmarks.plot`."""

import sys
from pathlib import Path

from benchmarks.goals import GOALS
from benchmarks.record import SUITE, Benchmark, Measurement, load_benchmark
from benchmarks.turns import OURS, PLAIN_SHARED, SHARED
from harness.reporting.figures.style import COLOURS, GREY, SAMPLE_SUFFIX, new_figure
from harness.reporting.rebuild import rebuild

# By quantity: what its bars are called, and their colour.
BARS = {
    f"throughput, {OURS}": ("one run alone, all cores", COLOURS[0]),
    f"throughput, {SHARED}": ("runs side by side, one thread each", COLOURS[1]),
    f"throughput, {PLAIN_SHARED}": ("plain Keras side by side, one thread each", COLOURS[4]),
    "throughput": ("all six, one epoch each", COLOURS[2]),
}
HEIGHT = 0.2  # of a bar, where experiments are 1 apart


def write_plot(benchmark: Benchmark, folder: Path) -> Path:
    """Draws `benchmark.png`: throughput as a multiple of plain Keras, a dotted line a goal."""
    names = [*benchmark.experiments, *([SUITE] if benchmark.find(SUITE, "throughput") else [])]
    path = folder / "benchmark.png"
    title = "Throughput against plain Keras on all cores"
    if benchmark.protocol["sample"]:
        title += SAMPLE_SUFFIX
    with new_figure(path, title, width=9, height=1.5 + 0.8 * len(names)) as figure:
        axis = figure.subplots()
        for quantity, (label, colour) in BARS.items():
            found = {name: benchmark.find(name, quantity) for name in names}
            _bars(
                axis, quantity, label, colour, [(names.index(n), m) for n, m in found.items() if m]
            )
        axis.axvline(1, color=GREY, label="plain Keras, all cores")
        axis.set_yticks(range(len(names)), [n if n != SUITE else "all six" for n in names])
        axis.invert_yaxis()
        axis.set_xlim(left=0)
        axis.set_xlabel("steps a second, as a multiple of plain Keras (dotted: goal)")
        figure.legend(loc="outside lower center", ncols=2)
    return path


def _bars(
    axis, quantity: str, label: str, colour: str, found: list[tuple[int, Measurement]]
) -> None:
    """One bar an experiment, with its range as a line and its goal as a dotted one."""
    if not found:
        return
    offset = 0 if quantity == "throughput" else (list(BARS).index(quantity) - 1) * 1.15 * HEIGHT
    places = [place + offset for place, _ in found]
    values = [one.value for _, one in found]
    below = [one.value - one.low for _, one in found]
    above = [one.high - one.value for _, one in found]
    axis.barh(
        places,
        values,
        HEIGHT,
        xerr=(below, above),
        color=colour,
        label=label,
        error_kw={"elinewidth": 1},
    )
    if goal := GOALS.get(quantity):
        ends = [place - HEIGHT / 2 for place in places], [place + HEIGHT / 2 for place in places]
        axis.vlines([goal.bound] * len(places), *ends, color="black", linestyle=":", linewidth=2)


def main() -> int:
    """Redraws the reference's plot; returns the exit status."""
    results, plots = Path("results/reference"), Path("plots/reference")
    return rebuild(lambda: ([write_plot(load_benchmark(results), plots)], []))


if __name__ == "__main__":
    sys.exit(main())
