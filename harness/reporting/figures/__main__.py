"""Redraws the figures from the run records, without training (`make plots`)."""

import argparse
import sys
from pathlib import Path

from harness.cli import Parser, add_path, add_places, print_written, run_command


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.figures", __doc__)
    add_places(parser, "results", "plots")
    add_path(parser, "--published", "experiments/published.toml", "published numbers")
    arguments = parser.parse_args(argv)
    return run_command(lambda: print_written(*build(arguments)))


def build(options: argparse.Namespace) -> tuple[list[Path], list[str]]:
    """Draws the figures; returns the files, and a sentence for each run that was left out."""
    from harness.reporting.figures.draw import plot_all  # slow to load, and `--help` needs it not

    return plot_all(options.results_dir, options.plots_dir, options.published)


if __name__ == "__main__":
    sys.exit(main())
