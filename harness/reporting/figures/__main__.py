"""`python -m harness.reporting.figures`: redraws the figures (`make plots`)."""

import sys
from pathlib import Path

from harness.reporting.figures.draw import plot_all
from harness.reporting.rebuild import rebuild, records_parser


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = records_parser(
        "python -m harness.reporting.figures",
        "Redraw the figures from the run records, without training.",
    )
    parser.add_argument(
        "--plots-dir",
        type=Path,
        default=Path("plots"),
        metavar="DIR",
        help="folder of the figures (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    return rebuild(
        lambda: plot_all(arguments.results_dir, arguments.plots_dir, arguments.published)
    )


if __name__ == "__main__":
    sys.exit(main())
