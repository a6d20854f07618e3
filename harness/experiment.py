"""Declaring an experiment, planning one run of it, and carrying that plan out.

A *plan* is what a command asked for, a *run* is in progress, and a *record* is of a finished run.
"""

import dataclasses
import functools
import importlib
import importlib.util
import os
import pkgutil
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.files import destination, own_file
from harness.cli import Parser, add_places, add_run_options, add_seed, run_command, say
from harness.errors import DivergedError, RunError, UserError
from harness.protocol import add_settings, differences, file_settings, recorded
from harness.records.record import (
    SCHEMA,
    Record,
    find_records,
    first_run,
    label_of,
    load_record,
    refuse_mixture,
)
from harness.records.run import Run, promote_left

RESUMES = "The same command goes on after the run's last checkpoint."
BOTH = "--force replaces it, another --results-dir keeps both."
SCRIPTS = "experiments"  # the package whose modules declare the experiments


@dataclass(frozen=True)
class Experiment:
    """The declaration of one experiment, which a script assigns to `EXPERIMENT`.

    Several stand in a list, `EXPERIMENTS`.
    """

    name: str  # the make target and the record's folder, such as `imdb-lstm`
    title: str  # the row's name in tables and plots
    dataset: str  # `imdb`, `jena`, `text`, `made` by the study, or an own file's name
    role: str  # `network` or `baseline`, which one metric measures, or `study`, which has outputs
    protocol: Any  # the published values, an instance of the experiment's frozen dataclass
    train: Callable[[Any, Run], None]  # called with a protocol and a run; trains, and finishes it
    sample: dict[str, Any] = field(default_factory=dict)  # what replaces them on the sample data
    # gives, for a protocol, the footnotes that a reader needs to compare it with the published one
    notes: Callable[[Any], list[str]] = lambda protocol: []
    uses_keras: bool = True  # False for a baseline that needs no Keras backend
    try_next: str = ""  # a make command that uses the result; the last line that is printed
    # the settings that say which data of the user's own it runs on; empty on the published data
    own_data: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Where lists show it: under its data set, or among the studies."""
        return "study" if self.role == "study" else self.dataset

    @property
    def script(self):
        """The module that declares it."""
        return sys.modules[self.train.__module__]

    def default_protocol(self, sample: bool) -> Any:
        """The protocol before any override: the published one, or that of the sample data."""
        return dataclasses.replace(self.protocol, **(self.sample if sample else {}))


@functools.cache
def find_experiments() -> dict[str, Experiment]:
    """All experiments by name: data set by data set, then the studies. No script loads Keras."""
    modules = pkgutil.iter_modules(importlib.import_module(SCRIPTS).__path__, f"{SCRIPTS}.")
    names = [m.name for m in modules if not m.ispkg and not m.name.endswith("__main__")]
    found = [one for name in names for one in declared_by(importlib.import_module(name))]
    return {one.name: one for one in sorted(found, key=lambda one: one.group)}


def find_experiment(name: str) -> Experiment | None:
    """One experiment. If a script has its name, no other one is loaded."""
    script = name.replace("-", "_")
    if script.isidentifier() and importlib.util.find_spec(f"{SCRIPTS}.{script}"):
        for one in declared_by(importlib.import_module(f"{SCRIPTS}.{script}")):
            if one.name == name:
                return one
    return find_experiments().get(name)


def declared_by(script) -> list[Experiment]:
    """The experiments that a script declares."""
    single = getattr(script, "EXPERIMENT", None)
    return getattr(script, "EXPERIMENTS", [single] if single else [])


@dataclass(frozen=True, eq=False)
class Plan:
    """What a command asked for: what one run does, and where its files are."""

    experiment: Experiment
    protocol: Any
    seed: int
    sample: bool
    deterministic: bool
    plain_keras: bool
    force: bool
    data_dir: Path | None
    results_dir: Path
    plots_dir: Path
    no_plots: bool = False  # for one of many runs, whose figures are drawn once after the last
    tensorboard: Path | None = None  # receives the epochs for TensorBoard

    @functools.cached_property
    def changed(self) -> dict[str, Any]:
        """The recorded settings that differ from the experiment's own."""
        return differences(self.protocol, self.experiment.default_protocol(self.sample))

    @property
    def variant(self) -> dict[str, Any]:
        """What sets the run apart from one by the experiment's protocol."""
        return self.changed | ({"plain_keras": True} if self.plain_keras else {})

    @functools.cached_property
    def config(self) -> dict:
        """The content of the record's `config.json`."""
        return {
            "schema": SCHEMA,
            "experiment": self.experiment.name,
            "title": self.experiment.title,
            "dataset": self.experiment.dataset,
            "role": self.experiment.role,
            "variant": self.variant,
            "protocol": recorded(self.protocol),
            "seed": self.seed,
            "sample": self.sample,
            "deterministic": self.deterministic,
            "plain_keras": self.plain_keras,
            "notes": self.experiment.notes(self.protocol),
        }

    @property
    def label(self) -> str:
        """Experiment and variant, the name of the record's folder."""
        return label_of(self.experiment.name, self.variant)

    @property
    def name(self) -> str:
        """The record's place below the results directory."""
        return f"{self.label}/seed-{self.seed}"

    @property
    def directory(self) -> Path:
        """Where the finished record will stand."""
        return self.results_dir / self.name

    @property
    def command(self) -> str:
        """The command that repeats the run; it names no place, since these differ between users."""
        return shlex.join(
            ["python", "-m", *self._arguments(self.config["protocol"] | self.changed)]
        )

    @property
    def process_arguments(self) -> list[str]:
        """The arguments of `python -m` for one of many runs; where records go is left open."""
        arguments = self._arguments(dataclasses.asdict(self.protocol))
        if self.data_dir:
            arguments += ["--data-dir", str(self.data_dir)]
        if self.tensorboard:
            arguments += ["--tensorboard", str(self.tensorboard)]
        return [*arguments, *switches(self, "force"), "--no-plots"]

    def _arguments(self, values: dict[str, Any]) -> list[str]:
        arguments = [SCRIPTS, self.experiment.name, "--seed", str(self.seed)]
        arguments += switches(self, "sample", "deterministic", "plain_keras")
        for name in [*self.experiment.own_data, *self.changed]:
            flag, value = name.replace("_", "-"), values[name]
            if isinstance(value, bool):
                arguments.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                arguments += [f"--{flag}", str(value)]
        return arguments


def switches(options: Any, *names: str) -> list[str]:
    """Those of some options that are switched on, as they are written on a command line."""
    return [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]


def main(experiment: Experiment, argv: list[str] | None = None) -> None:
    """The command of an experiment; ends the process unless all went well."""
    if status := run_command(lambda: carry_out(read_plan(experiment, argv))):
        sys.exit(status)


def read_plan(experiment: Experiment, argv: list[str] | None = None) -> Plan:
    """Reads the command line of an experiment.

    A script may declare several experiments that differ in a setting. The values of the command
    line then decide which of them is run: the one whose protocol they differ least from.
    """
    parser = Parser(f"{SCRIPTS} {experiment.name}", experiment.script.__doc__)
    add_settings(
        parser.add_argument_group("protocol"), experiment.protocol, sample=experiment.sample
    )
    common = parser.add_argument_group("run")
    add_seed(common, "seed of everything random")
    add_places(common, "data")
    add_run_options(common)
    common.add_argument(
        "--no-plots", action="store_true", help="draw no figure now; `make plots` draws all"
    )
    common.add_argument(
        "--tensorboard",
        type=Path,
        metavar="DIR",
        help="folder that also receives each epoch of a network in the form that TensorBoard reads",
    )
    if experiment.own_data:
        places = {f"{kind}_dir": Path(kind, experiment.dataset) for kind in ("results", "plots")}
        parser.set_defaults(**places)
    values = vars(parser.parse_args(argv))
    if experiment.own_data and values["sample"]:
        parser.error("--sample takes the built-in data; leave it out for a file of your own")
    base = experiment.default_protocol(values["sample"])
    names = [field.name for field in dataclasses.fields(base)]
    given = {name: values.pop(name) for name in names if name in values}
    protocol = dataclasses.replace(base, **given)

    def changes(one: Experiment) -> int:
        return len(differences(protocol, one.default_protocol(values["sample"])))

    like = [one for one in declared_by(experiment.script) if type(one.protocol) is type(base)]
    asked = min([experiment, *like], key=changes)
    plan = Plan(asked, protocol, **values)
    if plan.tensorboard and (asked.role == "study" or not hasattr(protocol, "epochs")):
        parser.error(f"--tensorboard shows the epochs of a network, and {asked.name} is none")
    return plan


def carry_out(plan: Plan) -> None:
    """Does the run unless its record exists already, then shows its result."""
    if plan.results_dir.is_dir():
        refuse_mixture(plan.results_dir, first_run(plan.results_dir) | {"this run": plan.sample})
        promote_left(plan.directory)
    if not plan.no_plots:
        refuse_unwritable(plan.plots_dir)
    if plan.tensorboard:
        refuse_unwritable(plan.tensorboard, "--tensorboard")
    if plan.directory.exists() and not plan.force:
        record = finished_record(plan, plan.directory)
        when = record.environment["started"]
        finished = f"{record.label}, seed {record.seed}: already finished at {when}"
        print(f"{finished}; FORCE=1 (or --force) repeats it")
        for note in record.data["notes"]:
            print(f"note: {note}")
    else:
        check_places_of_data(plan)
        record = do_run(plan)
    show(record, plan)
    if plan.tensorboard:
        from harness.training.events import write_events

        write_events(plan.tensorboard / plan.name, record.history)
        say(f"epochs: `tensorboard --logdir {plan.tensorboard}`, after `pip install tensorboard`")


def check_places_of_data(plan: Plan) -> None:
    """Raises a DataError, before TensorFlow loads, if a data directory or file cannot be used."""
    if plan.sample:
        return
    if plan.experiment.dataset != "made" and not plan.experiment.own_data:
        destination(plan.data_dir)
    for path, words in file_settings(plan.protocol).items():
        own_file(path, words)


def refuse_unwritable(folder: Path, option: str = "--plots-dir") -> None:
    """Raises a RunError before the training if this folder could not be written."""
    nearest = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise RunError(f"cannot write to {folder}; choose another {option}.")


def finished_record(plan: Plan, directory: Path) -> Record:
    """The record in a folder, refused if it is damaged or not of the run that the plan asks for."""
    try:
        record = load_record(directory)
    except RunError as error:
        raise RunError(f"{error} --force repeats the run.") from error
    there, asked = record.config["protocol"], plan.config["protocol"]
    if plan.deterministic:  # a deterministic record also serves those who did not ask for one
        there = {**there, "deterministic": record.config["deterministic"]}
        asked = {**asked, "deterministic": True}
    # A setting that is younger than the record had its default when the record was made.
    known = [name for name in asked if name in there or name in plan.variant]
    differing = [name for name in known if there.get(name) != asked[name]]
    if differing:
        changes = ", ".join(f"{n}: {there.get(n)} there, {asked[n]} asked" for n in differing)
        raise RunError(f"{directory} holds a run with another configuration ({changes}); {BOTH}")
    _refuse_another_file(record, plan.protocol)
    return record


def _refuse_another_file(record: Record, protocol: Any) -> None:
    """A record keeps only the name of a file, and two files can have one name."""
    names = {file.get("name") for file in record.data["files"]}
    hashes = {file["sha256"] for file in record.data["files"]}
    for name in file_settings(protocol):
        path = Path(name).expanduser()
        # A bare word may also name something that the experiment knows without a file.
        if not os.path.isfile(path) or (name == path.name and name not in names):
            continue
        if own_file(path).sha256 not in hashes:
            raise RunError(
                f"{record.path} holds a run on another {path.name} than {path} (the SHA-256 "
                f"differs); {BOTH}"
            )


def do_run(plan: Plan) -> Record:
    """Makes the run's directory, prepares the machine, trains, and reads the record back."""
    from harness.training import machine

    experiment = plan.experiment
    run = Run(plan.directory, seed=plan.seed, data_dir=plan.data_dir, sample=plan.sample)
    run.events = plan.tensorboard and plan.tensorboard / plan.name
    run.begin(plan.config, resume=not plan.force)
    try:
        with machine.interruptible():
            if experiment.uses_keras:
                machine.prepare(plan.seed, plan.deterministic, plan.plain_keras)
            started = machine.describe_environment(plan.command, experiment.uses_keras)
            if plan.tensorboard:
                started["tensorboard"] = True
            run.write("environment", started)
            experiment.train(plan.protocol, run)
    except KeyboardInterrupt as stop:
        words = str(stop) or "interrupted."
        raise KeyboardInterrupt(f"{words} {RESUMES}" if run.can_resume else words) from None
    except Exception as error:
        foreseen = isinstance(error, UserError)
        if run.can_resume and not isinstance(error, DivergedError):
            if foreseen:
                raise type(error)(f"{error} {RESUMES}") from error
        # After an unforeseen failure the history may help; after bad input there is nothing.
        elif foreseen or not run.history:
            run.abandon()
        raise
    return load_record(plan.directory)


def show(record: Record, plan: Plan) -> None:
    """Draws the experiment's plot from all of its seeds if it shall, and prints the result."""
    from harness.reporting.own_runs import result_lines, study_lines

    plots = []
    if not plan.no_plots and (record.history or record.is_study):
        from harness.reporting.figures.draw import plot_experiment

        seeds, _ = find_records(plan.results_dir, record.label)
        plots = plot_experiment(seeds, plan.plots_dir)
    if record.is_study:
        say("\n\n".join(study_lines(record)))
        seconds = record.metrics["wall_seconds"]
        say(f"\n{record.label}, seed {record.seed}: measured in {seconds:.0f} seconds")
    else:
        say("\n".join(result_lines(record)))
    say(f"record: {record.path}")
    for plot in plots:
        say(f"plot: {plot}")
    if plan.experiment.try_next:
        say(f"try next: {plan.experiment.try_next}{' SAMPLE=1' if plan.sample else ''}")
