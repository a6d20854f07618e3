"""`python -m harness.reporting.figures`: redraws the figures (`make plots`)."""

import sys

from harness.reporting.figures.draw import plot_all
from harness.reporting.rebuild import add_path, rebuild, records_parser


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = records_parser(
        "python -m harness.reporting.figures",
        "Redraw the figures from the run records, without training.",
    )
    add_path(parser, "--plots-dir", "plots", "folder of the figures", "DIR")
    arguments = parser.parse_args(argv)
    return rebuild(
        lambda: plot_all(arguments.results_dir, arguments.plots_dir, arguments.published)
    )


if __name__ == "__main__":
    sys.exit(main())
