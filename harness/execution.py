"""Carries an experiment out: refuse what cannot work, run, record, report."""

import argparse
import os
import shlex
from pathlib import Path
from typing import Any

from data.errors import DataError
from data.files import own_file
from harness.errors import RunError
from harness.experiment import Experiment
from harness.protocol import differences, file_settings, recorded
from harness.records.record import (
    SCHEMA,
    Record,
    find_records,
    load_record,
    put_back,
    record_directory,
    refuse_mixture,
)
from harness.records.run import Run


def execute(experiment: Experiment, protocol: Any, options: argparse.Namespace) -> None:
    """Runs the experiment unless its record exists already, then draws its plot.

    Raises:
        RunError: the record cannot be written, or training failed.
        DataError: the data cannot be used.
    """
    config = describe(experiment, protocol, options)
    directory = record_directory(options.results_dir, config)
    if options.results_dir.is_dir():
        records, _ = find_records(options.results_dir)
        refuse_mixture(options.results_dir, records, options.sample)
        put_back(directory)
    refuse_unwritable(options.plots_dir)
    if directory.exists() and not options.force:
        record = finished(directory, config)
        refuse_another_file(record, protocol)
        when = record.environment["started"]
        print(f"{record.label}, seed {record.seed}: already finished at {when}; --force repeats it")
        for note in record.data["notes"]:
            print(f"note: {note}")
    else:
        record = train(experiment, protocol, options, config, directory)
    report(record, options)


def describe(experiment: Experiment, protocol: Any, options: argparse.Namespace) -> dict:
    """The content of the record's `config.json`."""
    variant = differences(protocol, experiment.default_protocol(options.sample))
    return {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "title": experiment.title,
        "dataset": experiment.dataset,
        "role": experiment.role,
        "variant": variant,
        "protocol": recorded(protocol),
        "seed": options.seed,
        "sample": options.sample,
        "deterministic": options.deterministic,
        "notes": experiment.notes(protocol),
    }


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
    # A setting that is younger than the record had its default when the record was made.
    known = [name for name in asked if name in there or name in config["variant"]]
    differing = [name for name in known if there.get(name) != asked[name]]
    if differing:
        changes = ", ".join(f"{n}: {there.get(n)} there, {asked[n]} asked" for n in differing)
        raise RunError(
            f"{directory} holds a run with another configuration ({changes}); "
            "--force replaces it, another --results-dir keeps both."
        )
    return record


def refuse_another_file(record: Record, protocol: Any) -> None:
    """A record keeps the name of a file that a setting names: another file may have it too.

    Raises:
        RunError: the protocol asks for a file of other content than the record's.
        DataError: the file cannot be read.
    """
    names = {file.get("name") for file in record.data["files"]}
    hashes = {file["sha256"] for file in record.data["files"]}
    for name in file_settings(protocol):
        path = Path(name).expanduser()
        # A bare word is also how an experiment calls what it knows itself: no file was meant then.
        if not os.path.isfile(path) or (name == path.name and name not in names):
            continue
        if own_file(path).sha256 not in hashes:
            raise RunError(
                f"{record.path} holds a run on another {path.name} than {path} (the SHA-256 "
                "differs); --force replaces it, another --results-dir keeps both."
            )


def train(
    experiment: Experiment,
    protocol: Any,
    options: argparse.Namespace,
    config: dict,
    directory: Path,
) -> Record:
    """Makes the run's directory, prepares the machine, trains, and reads the record back."""
    from harness.training import environment

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
        run.write("environment", environment.describe(command, experiment.uses_keras))
        experiment.train(protocol, run)
    except Exception as error:
        # what an unforeseen failure has left of a training is worth a look, bad input is not
        if isinstance(error, RunError | DataError) or not run.history:
            run.abandon()
        raise
    return load_record(directory)


def report(record: Record, options: argparse.Namespace) -> None:
    """Draws the experiment's plot from all of its seeds, and prints the result."""
    from harness.reporting.figures.draw import plot_experiment
    from harness.reporting.tables.formatting import text_tables
    from harness.reporting.tables.reference_tables import result_lines

    print(f"record: {record.path}")
    if record.history or record.is_study:
        seeds, _ = find_records(options.results_dir, record.label)
        for plot in plot_experiment(seeds, options.plots_dir):
            print(f"plot: {plot}")
    if record.is_study:
        print("\n\n".join(text_tables(record.outputs)))
        seconds = record.metrics["wall_seconds"]
        print(f"\n{record.label}, seed {record.seed}: measured in {seconds:.0f} seconds")
        return
    print("\n".join(result_lines(record)))


def _command(experiment: Experiment, config: dict) -> str:
    """The command that repeats the run; places are left out, they differ from user to user."""
    command = ["python", "-m", experiment.module, "--seed", str(config["seed"])]
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
