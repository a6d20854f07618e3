"""`python -m harness.reporting.figures`: redraws the figures (`make plots`)."""

import argparse
import sys
from pathlib import Path

from harness.reporting.rebuild import add_path, rebuild, records_parser


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = records_parser(
        "python -m harness.reporting.figures",
        "Redraw the figures from the run records, without training.",
    )
    add_path(parser, "--plots-dir", "plots", "folder of the figures", "DIR")
    arguments = parser.parse_args(argv)
    return rebuild(lambda: build(arguments))


def build(options: argparse.Namespace) -> tuple[list[Path], list[str]]:
    """Draws the figures; returns the files, and a sentence for each run that was left out."""
    from harness.reporting.figures.draw import plot_all  # slow to load, and `--help` needs it not

    return plot_all(options.results_dir, options.plots_dir, options.published)


if __name__ == "__main__":
    sys.exit(main())
