"""The command line of an experiment: its protocol and the options common to all."""

import argparse
import dataclasses
import sys
from pathlib import Path

from data.files import DATA_DIR_VARIABLE
from harness.errors import ElsewhereError, UserError, ran_out_of_memory
from harness.experiment import SCRIPTS, Experiment, RunConfiguration, declared_by, execute
from harness.protocol import add_settings, bounded, differences
from harness.reporting.output import keep_printing
from harness.reporting.rebuild import documented_parser
from harness.training.machine import interruptible

ELSEWHERE = 75  # exit code of a run that another process is doing (EX_TEMPFAIL of sysexits.h)
# by whether the sample data are used, which never share a folder with real data
PLACES = {False: (Path("results"), Path("plots")), True: (Path("demo/results"), Path("demo/plots"))}


def main(experiment: Experiment, argv: list[str] | None = None) -> None:
    """The command line of an experiment.

    Exits with 0, 1 (it failed), 2 (wrong usage) or 75 (another process is doing this very run).
    """
    keep_printing()
    try:
        with interruptible():
            execute(parse(experiment, sys.argv[1:] if argv is None else argv))
    except ElsewhereError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(ELSEWHERE)
    except (UserError, OSError) as error:
        sys.exit(f"error: {error}")
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        sys.exit(
            "error: the run needs more memory than there is; choose smaller sizes, such as "
            "--batch-size or --units, or close other programs."
        )
    except KeyboardInterrupt as stop:
        sys.exit(f"error: {str(stop) or 'interrupted.'}")


def parse(experiment: Experiment, argv: list[str]) -> RunConfiguration:
    """Reads the command line of an experiment.

    A script may declare several experiments that differ in a setting. The values of the command
    line then decide which of them is run: the one whose protocol they differ least from.
    """
    sample = "--sample" in argv
    base = experiment.default_protocol(sample)
    parser = documented_parser(f"python -m {SCRIPTS} {experiment.name}", experiment.script.__name__)
    add_settings(parser.add_argument_group("protocol"), base)
    common = parser.add_argument_group("run")
    add_seed(common, "seed of everything random")
    add_data_dir(common)
    add_common_options(common, sample)
    values = vars(parser.parse_args(argv))
    protocol = type(base)(**{f.name: values.pop(f.name) for f in dataclasses.fields(base)})
    asked = min(
        [experiment, *declared_by(experiment.script)],
        key=lambda one: len(differences(protocol, one.default_protocol(sample))),
    )
    return RunConfiguration(asked, protocol, **values)


def add_seed(parser: argparse._ActionsContainer, help: str) -> None:
    """Adds `--seed`; `help` says what it is the seed of."""
    parser.add_argument(
        "--seed",
        type=bounded(int, minimum=0, below=2**32),
        default=0,
        metavar="N",
        help=f"{help} (default: 0)",
    )


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
        sample: whether the command line asks for the sample data, whose results go elsewhere.
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
    parser.add_argument(
        "--plain-keras",
        action="store_true",
        help="compute as Keras alone does, without this project's faster layers and batches",
    )
