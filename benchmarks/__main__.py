"""Times this project against plain Keras: `python -m benchmarks` (`make bench`).

For each of six experiments the documents' script and this project's own command train the same
number of steps in turn; then either runner carries out all six, one epoch each. What was measured
is written to results/benchmark.json, and from it benchmark.csv, benchmark.md
and plots/benchmark.png. It takes less than twenty minutes, and wants a machine
that does nothing else.
"""

import argparse
import inspect
import signal
import sys
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.measure import measure
from benchmarks.plot import write_plot
from benchmarks.record import load_benchmark
from benchmarks.report import in_terminal, write_tables
from benchmarks.turns import OURS, PLAIN, SHARED, Effort
from data.errors import DataError
from harness.errors import RunError

FULL = Effort(rounds=6, block_seconds=0.8, suites=2)
QUICK = Effort(rounds=2, block_seconds=0.3, suites=0, ways=(PLAIN, OURS, SHARED))

# Where tables and plot go; the README shows the reference, which `make reference` rebuilds.
OWN = Path("results"), Path("plots"), None
ASIDE = Path("demo/bench"), Path("demo/bench"), None


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    # so that processes and temporary files end with a benchmark that is terminated, too
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results_dir, plots_dir, readme = ASIDE if options.quick or options.sample else OWN
    try:
        benchmark = measure(list(CASES.values()), QUICK if options.quick else FULL, options.sample)
        benchmark.save(results_dir)
        written = load_benchmark(results_dir)  # what is shown is what was written
        paths = [*write_tables(written, results_dir, readme), write_plot(written, plots_dir)]
    except (RunError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; nothing was written.", file=sys.stderr)
        return 1
    print(in_terminal(written))
    for path in paths:
        print(f"wrote {path}")
    return 0


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=inspect.getdoc(sys.modules[__name__]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="fewer and shorter rounds and no suite: less than four minutes, less exact "
        "(results go to demo/bench/)",
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="use the built-in sample data in the published shapes (results go to demo/bench/)",
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
