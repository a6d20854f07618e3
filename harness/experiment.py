"""What makes a module in `experiments/` a command: its declaration, its options, its run."""

import argparse
import dataclasses
import inspect
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import DataError
from data.files import DATA_DIR_VARIABLE
from harness.errors import RunError
from harness.record import Record, find_records, label, load_record
from harness.run import Run
from harness.schema import SCHEMA
from harness.settings import add_settings, bounded, differences

PLACES = {False: (Path("results"), Path("plots")), True: (Path("demo/results"), Path("demo/plots"))}


@dataclass(frozen=True)
class Experiment:
    """The declaration of one experiment.

    Attributes:
        name: the make target and the record's folder, such as `imdb-lstm`.
        title: the row's name in tables and plots.
        dataset: `imdb` or `jena`.
        role: `network` or `baseline`.
        protocol: the published values, an instance of the experiment's frozen dataclass.
        sample: the values that replace them on the built-in sample data.
        train: called with the protocol and the run; trains, and finishes the run.
        notes: gives, for a protocol, what a reader must know to compare its results with the
            published ones: each a sentence for a footnote.
        uses_keras: False for a baseline that needs no Keras backend.
    """

    name: str
    title: str
    dataset: str
    role: str
    protocol: Any
    sample: dict[str, Any]
    train: Callable[[Any, Run], None]
    notes: Callable[[Any], list[str]] = lambda protocol: []
    uses_keras: bool = True


def main(experiment: Experiment) -> None:
    """The command line of an experiment; exits with 0, 1 (it failed) or 2 (wrong usage)."""
    protocol, options = parse(experiment, sys.argv[1:])
    try:
        execute(experiment, protocol, options)
    except (RunError, DataError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted; the run is incomplete and its record was not replaced.")


def parse(experiment: Experiment, argv: list[str]) -> tuple[Any, argparse.Namespace]:
    """Reads the command line into a protocol and the options common to all experiments."""
    base = default_protocol(experiment, sample="--sample" in argv)
    documentation = inspect.getdoc(sys.modules[experiment.train.__module__]) or ""
    parser = argparse.ArgumentParser(
        prog=f"python -m {_module(experiment)}",
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
    common.add_argument(
        "--sample",
        action="store_true",
        help="use the built-in sample data and the small protocol that suits them "
        "(results and plots go to demo/)",
    )
    common.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help=f"directory searched first for the data files (default: ${DATA_DIR_VARIABLE})",
    )
    results_dir, plots_dir = PLACES["--sample" in argv]
    common.add_argument(
        "--results-dir",
        type=Path,
        default=results_dir,
        metavar="DIR",
        help=f"where the run record goes (default: {results_dir})",
    )
    common.add_argument(
        "--plots-dir",
        type=Path,
        default=plots_dir,
        metavar="DIR",
        help=f"where the plots go (default: {plots_dir})",
    )
    common.add_argument(
        "--force", action="store_true", help="repeat a finished run and replace its record"
    )
    common.add_argument(
        "--deterministic",
        action="store_true",
        help="choose kernels that give the same bits on every run; slower",
    )
    arguments = parser.parse_args(argv)
    names = [f.name for f in dataclasses.fields(base)]
    return type(base)(**{name: getattr(arguments, name) for name in names}), arguments


def default_protocol(experiment: Experiment, sample: bool) -> Any:
    """The protocol before any override: the published one, or its sample-data counterpart."""
    return dataclasses.replace(experiment.protocol, **(experiment.sample if sample else {}))


def execute(experiment: Experiment, protocol: Any, options: argparse.Namespace) -> None:
    """Runs the experiment unless its record exists already, then draws its plot.

    Raises:
        RunError: the record cannot be written, or training failed.
        DataError: the data cannot be used.
    """
    config = describe(experiment, protocol, options)
    directory = (
        options.results_dir / label(experiment.name, config["variant"]) / f"seed-{options.seed}"
    )
    refuse_other_data(options.results_dir, options.sample)
    refuse_unwritable(options.plots_dir)
    if directory.exists() and not options.force:
        record = finished(directory, config)
        when = record.environment["started"]
        print(f"{record.label}, seed {record.seed}: already finished at {when}; --force repeats it")
        for note in record.data["notes"]:
            print(f"note: {note}")
    else:
        record = train(experiment, protocol, options, config, directory)
    report(record, options)


def describe(experiment: Experiment, protocol: Any, options: argparse.Namespace) -> dict:
    """The content of the record's `config.json`."""
    variant = differences(protocol, default_protocol(experiment, options.sample))
    return {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "title": experiment.title,
        "dataset": experiment.dataset,
        "role": experiment.role,
        "variant": variant,
        "protocol": dataclasses.asdict(protocol),
        "seed": options.seed,
        "sample": options.sample,
        "deterministic": options.deterministic,
        "notes": experiment.notes(protocol),
    }


def refuse_other_data(results_dir: Path, sample: bool) -> None:
    """Sample-data and real-data runs never share a folder.

    Raises:
        RunError: the results directory holds records of the other kind.
    """
    records = find_records(results_dir)[0] if results_dir.is_dir() else []
    if any(record.sample != sample for record in records):
        mine, theirs = ("sample", "real") if sample else ("real", "sample")
        raise RunError(
            f"{results_dir} holds runs on {theirs} data, this run is on {mine} data; "
            "choose another --results-dir."
        )


def refuse_unwritable(plots_dir: Path) -> None:
    """A plot that cannot be written should not be found out after the training.

    Raises:
        RunError: the folder, or the one that it would be made in, cannot be written.
    """
    folders = (plots_dir, *plots_dir.absolute().parents)
    nearest = next(folder for folder in folders if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise RunError(f"cannot write plots to {plots_dir}; choose another --plots-dir.")


def finished(directory: Path, config: dict) -> Record:
    """The record that stands where a run would go, if it is of that very run.

    Raises:
        RunError: the record is damaged, or was made with another configuration.
    """
    try:
        record = load_record(directory)
    except RunError as error:
        raise RunError(f"{error} The record is damaged; --force repeats the run.") from error
    there, asked = record.config["protocol"], config["protocol"]
    if config["deterministic"]:  # a record of the same bits also serves who did not ask for them
        there = {**there, "deterministic": record.config["deterministic"]}
        asked = {**asked, "deterministic": True}
    differing = [name for name in asked if there.get(name) != asked[name]]
    if differing:
        changes = ", ".join(f"{n}: {there.get(n)} there, {asked[n]} asked" for n in differing)
        raise RunError(
            f"{directory} holds a run with another configuration ({changes}); "
            "--force replaces it, another --results-dir keeps both."
        )
    return record


def train(
    experiment: Experiment,
    protocol: Any,
    options: argparse.Namespace,
    config: dict,
    directory: Path,
) -> Record:
    """Makes the run's directory, prepares the machine, trains, and reads the record back."""
    from harness import environment

    run = Run(
        directory,
        seed=options.seed,
        data_dir=options.data_dir,
        sample=options.sample,
    )
    run.begin(config)
    try:
        if experiment.uses_keras:
            environment.prepare(options.seed, options.deterministic)
        command = _command(experiment, config)
        run.describe("environment", environment.describe(command, experiment.uses_keras))
        experiment.train(protocol, run)
    except Exception as error:
        # what an unforeseen failure has left of a training is worth a look, bad input is not
        if isinstance(error, RunError | DataError) or not run.history:
            run.abandon()
        raise
    return load_record(directory)


def report(record: Record, options: argparse.Namespace) -> None:
    """Prints the result and draws the experiment's plot from all of its seeds."""
    from harness.plots import plot_experiment

    print(f"record: {record.path}")
    if record.history:
        seeds = [r for r in find_records(options.results_dir)[0] if r.label == record.label]
        for plot in plot_experiment(seeds, options.plots_dir):
            print(f"plot: {plot}")
    metrics = record.metrics
    print(
        f"{record.label}, seed {record.seed}: {metrics['metric']} "
        f"best validation {metrics['best_validation']:.4f}, "
        f"last {metrics['last_validation']:.4f}, "
        f"test at best {metrics['test_at_best']:.4f} "
        f"({metrics['reference']['label']} {metrics['reference']['test']:.4f})"
    )


def _module(experiment: Experiment) -> str:
    return f"experiments.{experiment.name.replace('-', '_')}"


def _command(experiment: Experiment, config: dict) -> str:
    """The command that repeats the run; places are left out, they differ from user to user."""
    command = ["python", "-m", _module(experiment), "--seed", str(config["seed"])]
    if config["sample"]:
        command.append("--sample")
    if config["deterministic"]:
        command.append("--deterministic")
    for name, value in config["variant"].items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            command += [f"--{flag}", str(value)]
    return shlex.join(command)
