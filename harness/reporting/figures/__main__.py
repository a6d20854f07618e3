"""Redraws the figures from the run records, without training (`make plots`)."""

import sys

from harness.cli import Parser, add_places, print_written, run_command


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.figures", __doc__)
    add_places(parser, "results", "plots")
    arguments = parser.parse_args(argv)

    def work() -> None:
        from harness.reporting.figures.draw import plot_all  # slow, and `--help` needs it not

        print_written(*plot_all(arguments.results_dir, arguments.plots_dir))

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
