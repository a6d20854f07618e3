"""What every command has in common: its parser, its options, and how it ends.

A command's `main(argv)` builds a `Parser`, reads the options, and returns the exit status of
`run_command`. What is slow to load is loaded in the work itself, so that `--help` answers at once.
"""

import argparse
import inspect
import io
import math
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from harness.errors import ElsewhereError, UserError, escaped, few, shown

ELSEWHERE = 75  # exit status of a run that another process is doing (EX_TEMPFAIL of sysexits.h)
INTERRUPTED = 130  # exit status after Ctrl-C, by convention of the shells
DEMO = Path("demo")  # results and plots of the sample data, which never share a folder with others
MOST = 100_000  # a larger whole number is most likely a slip, and sizes would fill the memory


class Parser(argparse.ArgumentParser):
    """The command line of `python -m <command>`, whose help is the docstring of its module."""

    def __init__(self, command: str, doc: str | None):
        super().__init__(
            prog=f"python -m {command}",
            description=inspect.cleandoc(doc or ""),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Prints the usage and the message, and exits with status 2."""
        super().error(escaped(message))

    def parse_args(self, argv: Sequence[str] | None = None) -> argparse.Namespace:
        """Reads the options. Results and plots that have no place yet go to demo/ with --sample."""
        options = super().parse_args(argv)
        parent = DEMO if getattr(options, "sample", False) else Path()
        for name in ("results", "plots"):
            if getattr(options, f"{name}_dir", "no such option") is None:
                setattr(options, f"{name}_dir", parent / name)
        return options


def add_places(parser: argparse._ActionsContainer, *names: str) -> None:
    """Adds the options that name the folders of `results`, `plots` or `data`."""
    helps = {
        "results": "folder of the records (default: results; of sample data, demo/results)",
        "plots": "folder of the plots (default: plots; of sample data, demo/plots)",
        "data": "directory searched first for the data files (default: $RNN_DATA_DIR)",
    }
    for name in names:
        parser.add_argument(f"--{name}-dir", type=Path, metavar="DIR", help=helps[name])


def add_path(
    parser: argparse._ActionsContainer, flag: str, default: str, help: str, kind: str = "FILE"
) -> None:
    """Adds an option that names a file or a folder."""
    help += " (default: %(default)s)"
    parser.add_argument(flag, type=Path, default=Path(default), metavar=kind, help=help)


def add_reference(parser: argparse._ActionsContainer) -> None:
    """Adds the option that names the records by which others are judged."""
    add_path(parser, "--reference", "results/reference", "folder of the reference's records", "DIR")


def add_sample(parser: argparse._ActionsContainer, help: str) -> None:
    """Adds `--sample`; `help` says what is used then."""
    parser.add_argument("--sample", action="store_true", help=help)


def add_seed(parser: argparse._ActionsContainer, help: str) -> None:
    """Adds `--seed`; `help` says what it is the seed of."""
    seed = bounded(int, minimum=0, below=2**32)
    help += " (default: %(default)s)"
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help=help)


def add_run_options(parser: argparse._ActionsContainer) -> None:
    """Adds the options that a run and a suite of runs have in common."""
    add_sample(parser, "use the built-in sample data and the small protocol that suits them")
    add_places(parser, "results", "plots")
    for flag, help in {
        "--force": "repeat a finished run and replace its record",
        "--deterministic": "choose kernels that give the same bits on every run; slower",
        "--plain-keras": "compute as Keras alone does, without this project's faster layers and "
        "batches",
    }.items():
        parser.add_argument(flag, action="store_true", help=help)


def bounded(kind: type, minimum=None, below=None):
    """A parser for one command-line value that refuses what lies outside its bounds."""
    below = MOST if kind is int and below is None else below

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError:
            noun = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"expected {noun}, got '{shown(text, 50)}'") from None
        text = shown(text, 50)
        if kind is float and not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"must be finite, got {text}")
        if minimum is not None and value < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {text}")
        if below is not None and value >= below:
            raise argparse.ArgumentTypeError(f"must be below {below}, got {text}")
        return value

    return parse


def printable(text: str) -> str:
    """Reads a word, which a record can hold and a terminal can show."""
    if not text.isprintable():  # broken bytes of the command line are not, either
        raise argparse.ArgumentTypeError(f"must hold printable characters, got '{shown(text, 50)}'")
    return text


def run_command(work: Callable[[], int | None], interrupted: str = "interrupted.") -> int:
    """Does the work of a command. Whatever stops it is one sentence and no traceback.

    Returns the exit status: that of the work, 0 if it is None; 1 if it failed or nobody reads what
    it prints; `ELSEWHERE` or `INTERRUPTED`, with the sentence `interrupted` unless the exception
    has words. Wrong usage ends the command with 2 before, in the parser.
    """
    if sys.stdout is None:  # the shell's `>&-`
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # a letter that the terminal lacks is no error
        sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        status = work() or 0
        print(end="", flush=True)
        return status
    except BrokenPipeError:  # such as `| head`
        _drop_output()
        return 1
    except ElsewhereError as error:
        return _failed(error, ELSEWHERE)
    except (UserError, OSError, MemoryError) as error:
        return _failed(str(error) or "there is not enough memory.")
    except KeyboardInterrupt as stop:
        return _failed(str(stop) or interrupted, INTERRUPTED)


def _failed(why: object, status: int = 1) -> int:
    print(f"error: {escaped(str(why))}", file=sys.stderr)
    return status


def say(line: str, end: str = "\n", file: TextIO | None = None) -> None:
    """Prints a line of a run, which goes on where nobody can read it, as after `| head`."""
    try:
        print(line, end=end, file=file, flush=True)
    except OSError:
        _drop_output()


def _drop_output() -> None:
    """Sends to nowhere what is printed from here on, and what Python flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn_left_out(sentences: Iterable[str]) -> None:
    """Names the runs that were left out; of many, the first ten."""
    if sentences := [escaped(sentence) for sentence in sentences]:
        print("warning: left out:", few(sentences, "\n  "), file=sys.stderr)


def print_written(paths: Iterable[Path], left_out: Iterable[str] = ()) -> None:
    """Names the files that were made from records, and the runs that were left out of them."""
    warn_left_out(left_out)
    for path in paths:
        print(f"wrote {path}")
