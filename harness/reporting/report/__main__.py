"""Writes one HTML page of all results from the run records, without training (`make report`).

It needs no network, and a browser opens it from disk.

  python -m harness.reporting.report --results-dir results/reference --output reference.html
"""

import sys
from pathlib import Path

from harness.cli import Parser, add_path, add_places, print_written, run_command


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.report", __doc__)
    add_places(parser, "results")
    add_path(parser, "--output", "plots/report.html", "the page to write")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="show the runs beside those of this folder; without runs, show this folder alone",
    )
    given = parser.parse_args(argv)

    def work() -> None:
        from harness.reporting.report.write import write_report  # slow, and `--help` needs it not

        print_written(*write_report(given.results_dir, given.reference, given.output))

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
