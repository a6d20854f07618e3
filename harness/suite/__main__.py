"""Many runs: `python -m harness.suite` (`make all`).

Every experiment runs with every seed, the longest first, each in a process of its own with its
share of the threads. Finished runs are skipped: after an interruption or a failure, the same
command goes on with what is left. The output of a run goes to <results>/logs/. No run draws a
figure: the last line names the command that draws those of all finished runs.

With --cluster, the workers of a Dask cluster do the runs, on one machine or several:

  python -m dask scheduler
  python -m dask worker tcp://scheduler:8786 --nthreads 4 --resources RUN=1
  python -m harness.suite --seeds 0-4 --cluster tcp://scheduler:8786

A scheduler needs Dask alone; a worker needs requirements.txt, requirements-cluster.txt and the
data. The code comes from here. A worker does one run at a time (RUN=1), with the threads that
--nthreads gives it. Its own RNN_DATA_DIR and KERAS_BACKEND apply. Records and logs come back over
the network; weights do with --fetch-weights. If a worker dies, another one repeats
its run. Trust the scheduler and its network: whoever reaches a Dask scheduler can run programs on
all of its machines, this one included. See docs/running.md for TLS.
"""

import argparse
import sys
import time

from rich.console import Console

from harness.cli import Parser, add_places, add_run_options, bounded, run_command, say
from harness.errors import MOST_NAMES, RunError, escaped, few
from harness.experiment import Plan
from harness.records.files import write_text
from harness.suite.plan import Suite, plan_suite
from harness.suite.progress import Display
from harness.suite.runs import log_of, run_locally
from harness.training.machine import span

LAST_LINES = 10  # of the log of a failed run
MOST_SEEDS = 1000


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 if every run has a record or is done elsewhere, 1 after a failure, or 130."""
    options = parse_arguments(argv)

    def work() -> int:
        suite = plan_suite(options.experiments, options.seeds, options)
        places = f"--results-dir {options.results_dir} --plots-dir {options.plots_dir}"
        try:
            return do_runs(suite, options)
        finally:  # after Ctrl-C, too
            say(f'figures are drawn by: make plots ARGS="{places}"')

    return run_command(work, "interrupted; the same command goes on with what is left.")


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser("harness.suite", __doc__)
    parser.add_argument(
        "--experiments",
        nargs="+",
        metavar="NAME",
        help='experiments, each with its own options if it has any: "NAME --option value" '
        "(default: all, without options)",
    )
    parser.add_argument(
        "--seeds",
        type=seeds,
        default=[0],
        metavar="RANGE",
        help="seeds, such as 0-4 or 0,2,7 (default: 0)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster, such as tcp://scheduler:8786, whose workers do the runs",
    )
    add_places(where, "data")
    parser.add_argument(
        "--workers",
        type=bounded(int, minimum=1),
        default=1,
        metavar="N",
        help="runs at a time, without --cluster (default: %(default)s)",
    )
    parser.add_argument(
        "--fetch-weights",
        action="store_true",
        help="bring back the trained weights, too, with --cluster",
    )
    add_run_options(parser)
    options = parser.parse_args(argv)
    if options.fetch_weights and not options.cluster:
        parser.error("--fetch-weights is for --cluster; give its address, too")
    return options


def seeds(text: str) -> list[int]:
    """Reads seeds such as `0-4` or `0,2,7`."""
    seed = bounded(int, minimum=0, below=2**32)
    found: list[range] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin = seed(first)
        end = seed(last) if dash else begin
        if end < begin:
            raise argparse.ArgumentTypeError(f"'{part}' holds no seed")
        found.append(range(begin, end + 1))
    if (count := sum(map(len, found))) > MOST_SEEDS:
        raise argparse.ArgumentTypeError(f"{count:,} seeds are more than {MOST_SEEDS:,} at a time")
    return [one for part in found for one in part]


class _Output:
    """The standard output, which ends no suite where nobody can read it, as after `| head`."""

    def __init__(self):
        self._stream = sys.stdout  # while it shows a table, the console stands in for it

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        """Prints it at once."""
        say(text, end="", file=self._stream)


def do_runs(suite: Suite, options: argparse.Namespace) -> int:
    """Does the runs of a suite and lists the failures; returns 1 if a run failed, else 0."""
    began = time.monotonic()
    for plan, reason in suite.refused.items():
        write_text(log_of(plan), f"{reason}\n")
    console = Console(file=_Output())
    display = Display(suite, console)
    if suite.finished:
        console.print(f"already finished: {len(suite.finished)}", highlight=False)
    if suite.plans:
        count = f"{len(suite.plans)} run{'s' if len(suite.plans) > 1 else ''}"
        at_a_time = f"on {options.cluster}" if options.cluster else f"{options.workers} at a time"
        place = f"records go to {options.results_dir}"
        console.print(f"{count}, {at_a_time}; {place}", highlight=False, soft_wrap=True)
        with display:
            run_all(suite.plans, options, display)
    failures = dict.fromkeys(suite.refused, "not started") | display.failures
    list_failures(failures)
    new = len(suite.plans) - len(display.failures) - display.others
    counts = f"{new} finished, {len(suite.finished)} finished earlier, {len(failures)} failed"
    if display.others:
        counts += f", {display.others} running elsewhere"
    say(f"{counts}; {span(time.monotonic() - began)}")
    return 1 if failures else 0


def run_all(plans: list[Plan], options: argparse.Namespace, display: Display) -> None:
    """Does the runs here or on the cluster."""
    if not options.cluster:
        run_locally(plans, options.workers, display)
        return
    try:
        from harness.suite.dask import run_on_cluster
    except ModuleNotFoundError as error:
        raise RunError(
            f"--cluster needs Dask, which is not installed ({error}): "
            f"{sys.executable} -m pip install -r requirements-cluster.txt"
        ) from error
    run_on_cluster(plans, options.cluster, options.fetch_weights, display)


def list_failures(failures: dict[Plan, str]) -> None:
    """Prints why runs failed, and the last lines of their logs; of many, the first ten."""
    for plan, reason in list(failures.items())[:MOST_NAMES]:
        log = log_of(plan)
        print(f"\nfailed: {plan.name}: {reason}\nlast lines of {log}:", file=sys.stderr)
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]:
            print(f"    {escaped(line)}", file=sys.stderr)
    if len(failures) > MOST_NAMES:
        names = few([plan.name for plan in list(failures)[MOST_NAMES:]])
        print(f"\nfailed, too: {names}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
