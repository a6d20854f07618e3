"""What the commands share that rebuild something from the run records alone."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from harness.errors import RunError


def records_parser(prog: str, description: str, example: str = "") -> argparse.ArgumentParser:
    """A parser with the places of the records and of the published numbers."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--results-dir",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of the records (default: %(default)s)",
    )
    parser.add_argument(
        "--published",
        type=Path,
        default=Path("experiments/published.toml"),
        metavar="FILE",
        help="published numbers (default: %(default)s)",
    )
    return parser


def rebuild(build: Callable[[], tuple[list[Path], list[str]]]) -> int:
    """Calls `build`, and prints what it wrote and which records it left out.

    Args:
        build: returns the files written, and a sentence for each run that was left out.

    Returns:
        The exit status.
    """
    try:
        paths, left_out = build()
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for sentence in left_out:
        print(f"warning: left out: {sentence}", file=sys.stderr)
    for path in paths:
        print(f"wrote {path}")
    return 0
