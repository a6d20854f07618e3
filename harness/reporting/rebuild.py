"""What the commands share that make something from the run records alone."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from harness.errors import RunError


def records_parser(prog: str, description: str, example: str = "") -> argparse.ArgumentParser:
    """A parser with the places of the records and of the published numbers."""
    parser = argparse.ArgumentParser(prog=prog, description=description, epilog=example)
    add_path(parser, "--results-dir", "results", "folder of the records", "DIR")
    add_path(parser, "--published", "experiments/published.toml", "published numbers")
    return parser


def documented_parser(prog: str, module: str) -> argparse.ArgumentParser:
    """A parser whose help is the docstring of the command's module, as it is written."""
    return argparse.ArgumentParser(
        prog=prog,
        description=inspect.getdoc(sys.modules[module]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_path(
    parser: argparse.ArgumentParser, flag: str, default: str, help: str, kind: str = "FILE"
) -> None:
    """Adds an option that names a file or a folder."""
    help += " (default: %(default)s)"
    parser.add_argument(flag, type=Path, default=Path(default), metavar=kind, help=help)


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
