"""What the commands share that make something from the run records alone."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from harness.errors import Parser, UserError, few, ran_out_of_memory
from harness.reporting.output import keep_printing

INTERRUPTED = 130  # exit status, by convention of the shells


def records_parser(prog: str, description: str, example: str = "") -> Parser:
    """A parser with the places of the records and of the published numbers."""
    parser = Parser(prog=prog, description=description, epilog=example)
    add_path(parser, "--results-dir", "results", "folder of the records", "DIR")
    add_path(parser, "--published", "experiments/published.toml", "published numbers")
    return parser


def documented_parser(prog: str, module: str) -> Parser:
    """A parser whose help is the docstring of the command's module, as it is written."""
    return Parser(
        prog=prog,
        description=inspect.getdoc(sys.modules[module]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_path(parser: Parser, flag: str, default: str, help: str, kind: str = "FILE") -> None:
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

    def work() -> int:
        paths, left_out = build()
        warn_left_out(left_out)
        for path in paths:
            print(f"wrote {path}")
        return 0

    return carry_out(work)


def carry_out(work: Callable[[], int | None]) -> int:
    """Does the work of a command; whatever stops it is one line and no traceback.

    Args:
        work: returns the exit status, or None for 0; what is slow to load is loaded in there.

    Returns:
        The exit status.
    """
    keep_printing()
    try:
        return work() or 0
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command begins again.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        print("error: this needs more memory than there is; close other programs.", file=sys.stderr)
        return 1


def warn_left_out(sentences: list[str]) -> None:
    """Names the runs that were left out; of many, the first ten."""
    if sentences:
        print("warning: left out:", few(sentences, "\n  "), file=sys.stderr)
