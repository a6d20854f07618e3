"""The command line of an experiment: its protocol and the options common to all."""

import argparse
import dataclasses
import inspect
import sys
from pathlib import Path
from typing import Any

from data.errors import DataError
from data.files import DATA_DIR_VARIABLE
from harness.errors import RunError
from harness.execution import execute
from harness.experiment import Experiment
from harness.protocol import add_settings, bounded

# by whether the sample data are used, which never share a folder with real data
PLACES = {False: (Path("results"), Path("plots")), True: (Path("demo/results"), Path("demo/plots"))}


def main(experiment: Experiment) -> None:
    """The command line of an experiment; exits with 0, 1 (it failed) or 2 (wrong usage)."""
    protocol, options = parse(experiment, sys.argv[1:])
    try:
        execute(experiment, protocol, options)
    except (RunError, DataError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted.")


def parse(experiment: Experiment, argv: list[str]) -> tuple[Any, argparse.Namespace]:
    """Reads the command line into a protocol and the options common to all experiments."""
    base = experiment.default_protocol(sample="--sample" in argv)
    documentation = inspect.getdoc(sys.modules[experiment.train.__module__]) or ""
    parser = argparse.ArgumentParser(
        prog=f"python -m {experiment.module}",
        description=documentation,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_settings(parser.add_argument_group("protocol"), base)
    common = parser.add_argument_group("run")
    common.add_argument(
        "--seed",
        type=bounded(int, minimum=0, below=2**32),
        default=0,
        metavar="N",
        help="seed of everything random (default: 0)",
    )
    add_data_dir(common)
    add_common_options(common, sample="--sample" in argv)
    arguments = parser.parse_args(argv)
    names = [f.name for f in dataclasses.fields(base)]
    return type(base)(**{name: getattr(arguments, name) for name in names}), arguments


def add_data_dir(parser: argparse._ActionsContainer) -> None:
    """Adds the option that names the data directory."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help=f"directory searched first for the data files (default: ${DATA_DIR_VARIABLE})",
    )


def add_common_options(parser: argparse._ActionsContainer, sample: bool) -> None:
    """Adds the options that a run and a suite of runs have in common.

    Args:
        parser: a parser or a group of it.
        sample: whether the command line asks for the sample data, which go to other places.
    """
    results_dir, plots_dir = PLACES[sample]
    parser.add_argument(
        "--sample",
        action="store_true",
        help="use the built-in sample data and the small protocol that suits them "
        "(results and plots go to demo/)",
    )
    parser.add_argument(
        "--results-dir",
        type=Path,
        default=results_dir,
        metavar="DIR",
        help=f"where run records go (default: {results_dir})",
    )
    parser.add_argument(
        "--plots-dir",
        type=Path,
        default=plots_dir,
        metavar="DIR",
        help=f"where plots go (default: {plots_dir})",
    )
    parser.add_argument(
        "--force", action="store_true", help="repeat a finished run and replace its record"
    )
    parser.add_argument(
        "--deterministic",
        action="store_true",
        help="choose kernels that give the same bits on every run; slower",
    )
