"""`python -m harness.reporting.tables`: rebuilds the results tables (`make tables`)."""

import sys
from pathlib import Path

from harness.reporting.rebuild import add_path, rebuild, records_parser
from harness.reporting.tables.formatting import markers
from harness.reporting.tables.reference_tables import write_comparison
from harness.reporting.tables.write import write_tables


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = records_parser(
        "python -m harness.reporting.tables",
        "Rebuild summary.csv, claims.csv and RESULTS.md in the results folder from the run "
        "records, without training.",
    )
    add_path(parser, "--claims", "experiments/claims.toml", "the claims to check")
    parser.add_argument(
        "--pages",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE",
        help="also replace the tables in these files, between lines such as "
        + " and ".join(markers("results")),
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="show the runs beside those of this folder, instead of all claims and explanations",
    )
    arguments = parser.parse_args(argv)
    if arguments.reference:
        return rebuild(
            lambda: write_comparison(
                arguments.results_dir, arguments.published, arguments.reference
            )
        )
    return rebuild(
        lambda: write_tables(
            arguments.results_dir, arguments.published, arguments.claims, arguments.pages
        )
    )


if __name__ == "__main__":
    sys.exit(main())
