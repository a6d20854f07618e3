"""Two results beside each other: what differs, by how much, and their curves (`make compare`).

A and B are names of experiments, which are looked up among your own runs first and then in the
reference, or folders of records. Without B, your own runs of A are compared with the reference.

  python -m harness.reporting.compare imdb-lstm imdb-gru
  python -m harness.reporting.compare imdb-lstm --format markdown
"""

import argparse
import sys

from harness.cli import Parser, add_path, add_places, run_command, warn_left_out
from harness.errors import RunError


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status, 1 where the two cannot be compared."""
    parser = Parser("harness.reporting.compare", __doc__)
    parser.add_argument("a", metavar="A", help="experiment or folder")
    parser.add_argument("b", metavar="B", nargs="?", help="experiment or folder")
    formats = ("text", "markdown", "json")
    parser.add_argument("--format", choices=formats, default="text", help="default: %(default)s")
    add_places(parser, "results")
    add_path(parser, "--reference", "results/reference", "folder of the reference's records", "DIR")
    add_path(parser, "--plot", "plots/comparison.png", "file of the overlaid curves")
    arguments = parser.parse_args(argv)
    return run_command(lambda: compare(arguments))


def compare(arguments: argparse.Namespace) -> int:
    """Prints the comparison, draws the curves, and returns the exit status.

    Raises:
        RunError: a name is unknown, or the two cannot be compared.
    """
    # slow to load, and `--help` needs none of them
    from harness.reporting.analysis.comparison import compare_pair
    from harness.reporting.figures.draw import plot_pair
    from harness.reporting.locate import find_group
    from harness.reporting.tables.comparison_tables import FORMATS

    own, reference = [arguments.results_dir], [arguments.reference]
    if arguments.b:
        own = reference = own + reference
    first, left_out = find_group(arguments.a, own)
    second, more = find_group(arguments.b or first.first.label, reference)
    warn_left_out([*left_out, *more])
    if first.first.path == second.first.path:
        raise RunError(f"A and B are the same runs ({first.first.label}).")
    pair = compare_pair(first, second)
    if pair.obstacle:
        raise RunError(f"A and B cannot be compared: {pair.obstacle}")
    print(FORMATS[arguments.format](pair))
    if pair.curves:
        plot_pair(pair.first, pair.second, arguments.plot)
        print(f"wrote {arguments.plot}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
