"""Trains one of the documents' networks as their scripts do, on plain Keras.

python -m benchmarks.plain imdb-lstm
"""

import importlib
import sys

from benchmarks.cases import CASES
from harness.cli import Parser, add_sample, run_command


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("benchmarks.plain", __doc__)
    parser.add_argument("experiment", choices=list(CASES))
    parser.add_argument("--epochs", type=int, help="(default: the documents')")
    add_sample(parser, "use the built-in sample data")
    parser.add_argument("--maxlen", type=int, help="words of a review, for imdb-lstm alone")
    options = parser.parse_args(argv)
    script = importlib.import_module(f"benchmarks.plain.{options.experiment.replace('-', '_')}")
    given = {name: getattr(options, name) for name in ("epochs", "maxlen")}
    given = {name: value for name, value in given.items() if value is not None}
    return run_command(lambda: script.train(sample=options.sample, **given))


if __name__ == "__main__":
    sys.exit(main())
