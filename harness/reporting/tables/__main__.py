"""Rebuilds the results tables from the run records, without training (`make tables`).

They are summary.csv, claims.csv and RESULTS.md in the results folder.
"""

import argparse
import sys
from pathlib import Path

from harness.cli import Parser, add_path, add_places, print_written, run_command


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.tables", __doc__)
    add_places(parser, "results")
    add_path(parser, "--published", "experiments/published.toml", "published numbers")
    add_path(parser, "--claims", "experiments/claims.toml", "the claims to check")
    parser.add_argument(
        "--pages",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE",
        help="also replace the tables in these files, between lines such as "
        "<!-- results:start --> and <!-- results:end -->",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="show the runs beside those of this folder, instead of all claims and explanations",
    )
    arguments = parser.parse_args(argv)
    return run_command(lambda: print_written(*build(arguments)))


def build(options: argparse.Namespace) -> tuple[list[Path], list[str]]:
    """Writes the tables; returns the files, and a sentence for each run that was left out."""
    # slow to load, and `--help` needs neither
    from harness.reporting.tables.reference_tables import write_comparison
    from harness.reporting.tables.write import write_tables

    places = options.results_dir, options.published
    if options.reference:
        return write_comparison(*places, options.reference)
    return write_tables(*places, options.claims, options.pages)


if __name__ == "__main__":
    sys.exit(main())
