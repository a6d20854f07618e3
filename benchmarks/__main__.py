"""Times this project against plain Keras: `python -m benchmarks` (`make bench`).

For each of six experiments, the documents' script and this project's command take turns and train
the same number of steps. The LSTM does so with shorter and longer reviews too. Then each side runs
all six experiments for one epoch. The measurements are written to results/benchmark.json. The
tables (benchmark.csv, benchmark.md) and two figures in plots/ are made from that file. It takes
about fifteen minutes on an idle machine; other work on the machine spoils the numbers. With an
option, the results go to demo/bench/.
"""

import sys
from pathlib import Path

from benchmarks.benchmark_figures import write_figures
from benchmarks.benchmark_file import load_benchmark
from benchmarks.benchmark_tables import summary_tables, write_benchmark
from benchmarks.cases import CASES
from benchmarks.interleaved import OURS, PLAIN, SHARED, Effort
from benchmarks.measure import run_benchmark
from harness.cli import Parser, add_sample, run_command

FULL = Effort(rounds=6, block_seconds=0.8, suites=2)
QUICK = Effort(rounds=2, block_seconds=0.3, suites=0, ways=(PLAIN, OURS, SHARED), ended=(OURS,))
OWN = Path("results"), Path("plots")
DEMO = Path("demo/bench"), Path("demo/bench")  # for what must not replace a whole benchmark


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    parser = Parser("benchmarks", __doc__)
    quick = "fewer and shorter rounds, no suites: under four minutes, less exact"
    parser.add_argument("--quick", action="store_true", help=quick)
    add_sample(parser, "use the built-in sample data in the published shapes")
    options = parser.parse_args(argv)
    results, plots = DEMO if options.quick or options.sample else OWN
    effort = QUICK if options.quick else FULL

    def work() -> None:
        run_benchmark(list(CASES.values()), effort, options.sample).save(results)
        benchmark = load_benchmark(results)  # show what was written
        paths = [*write_benchmark(benchmark, results), *write_figures(benchmark, plots)]
        print(summary_tables(benchmark), *(f"wrote {path}" for path in paths), sep="\n")

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
