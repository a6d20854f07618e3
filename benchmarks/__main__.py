"""Times this project against plain Keras: `python -m benchmarks` (`make bench`).

For each of six experiments, the documents' script and this project's command take turns and train
the same number of steps. Then each side runs all six experiments for one epoch. The measurements
are written to results/benchmark.json. The page (benchmark.md) and a figure (plots/benchmark.png)
are made from that file. It takes about ten minutes on an idle machine; other work on the machine
spoils the numbers. With an option, the results go to demo/bench/.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.plain import SCRIPTS
from benchmarks.timing import FULL, QUICK, Effort, time_all, time_original, time_steps
from data import files
from harness.cli import Parser, add_sample, print_written, run_command
from harness.processes import load_before_timing
from harness.reporting.benchmark import Benchmark, benchmark_blocks, load_benchmark, write_page
from harness.reporting.table import markdown
from harness.training.machine import describe_environment, threads

OWN = Path("results"), Path("plots")
DEMO = Path("demo/bench"), Path("demo/bench")  # for what must not replace a whole benchmark


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    parser = Parser("benchmarks", __doc__)
    quick = "fewer and shorter rounds, no whole epochs: under four minutes, less exact"
    parser.add_argument("--quick", action="store_true", help=quick)
    add_sample(parser, "use the built-in sample data in the published shapes")
    options = parser.parse_args(argv)
    results, plots = DEMO if options.quick or options.sample else OWN

    def work() -> None:
        effort = QUICK if options.quick else FULL
        run_benchmark(list(SCRIPTS), effort, options.sample).save(results)
        benchmark = load_benchmark(results)  # show what was written
        paths = write_page(benchmark, results, plots)
        print(markdown(benchmark_blocks(benchmark)))
        print_written(paths)

    return run_command(work)


def run_benchmark(names: list[str], effort: Effort, sample: bool) -> Benchmark:
    """Carries out a benchmark, on real data or on sample data in the published shapes."""
    if not sample:  # download now, not in several processes at the same time
        for name in (files.IMDB, files.JENA):
            files.locate(name)
    machine = describe_environment("make bench", uses_keras=False)
    machine["load"], _ = load_before_timing(threads())
    began, measured = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            measured += time_steps(name, effort, sample, Path(folder))
        if effort.suites:
            for name in names:
                measured += time_original(name)
            measured += time_all(names, effort.suites, sample, Path(folder))
    protocol = {
        "rounds": effort.rounds,
        "block_seconds": effort.block_seconds,
        "sample": sample,
        "seconds": round(time.monotonic() - began),
    }
    return Benchmark(schema=1, machine=machine, protocol=protocol, measurements=measured)


if __name__ == "__main__":
    sys.exit(main())
