"""`python -m harness.reporting.report`: writes the report in HTML (`make report`)."""

import sys
from pathlib import Path

from harness.reporting.rebuild import add_path, rebuild, records_parser

EXAMPLE = (
    "Example: python -m harness.reporting.report --results-dir results/reference "
    "--output reference.html"
)


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = records_parser(
        "python -m harness.reporting.report",
        "Write one HTML page of all results from the run records, without training. "
        "It needs no network, and a browser opens it from disk.",
        EXAMPLE,
    )
    add_path(parser, "--claims", "experiments/claims.toml", "the claims to check")
    add_path(parser, "--output", "plots/report.html", "the page to write")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="show the runs beside those of this folder; without runs, show this folder alone",
    )
    given = parser.parse_args(argv)

    # `--help` answers at once
    from rich.console import Console

    from harness.reporting.report.write import write_report

    def build() -> tuple[list[Path], list[str]]:
        with Console(stderr=True).status("starting") as status:
            return write_report(
                *(given.results_dir, given.published, given.claims, given.reference, given.output),
                progress=status.update,
            )

    return rebuild(build)


if __name__ == "__main__":
    sys.exit(main())
