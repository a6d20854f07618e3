"""Runs one experiment on plain Keras: `python -m benchmarks.plain imdb-lstm`."""

import importlib
import sys

from benchmarks.cases import CASES
from data.errors import DataError
from harness.errors import Parser


def main() -> None:
    """Command line; exits with 0, 1 (no data) or 2 (wrong usage)."""
    parser = Parser(
        prog="python -m benchmarks.plain",
        description="Train one of the documents' networks as their scripts do.",
    )
    parser.add_argument("experiment", choices=list(CASES))
    parser.add_argument("--epochs", type=int, help="(default: the documents')")
    parser.add_argument("--sample", action="store_true", help="use the built-in sample data")
    parser.add_argument("--maxlen", type=int, help="words of a review, for imdb-lstm alone")
    options = parser.parse_args()
    script = importlib.import_module(f"benchmarks.plain.{options.experiment.replace('-', '_')}")
    given = {name: getattr(options, name) for name in ("epochs", "maxlen")}
    given = {name: value for name, value in given.items() if value is not None}
    try:
        script.train(sample=options.sample, **given)
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
