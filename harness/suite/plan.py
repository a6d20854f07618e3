"""What a suite consists of: its runs, their order, and how long they will take."""

import argparse
import heapq
import importlib
import pkgutil
import re
import shlex
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.command_line import parse
from harness.errors import RunError
from harness.execution import describe, finished
from harness.experiment import Experiment
from harness.records.record import Record, find_records, label, record_directory, refuse_mixture

PACKAGE = "experiments"
DECLARES = re.compile(r"^EXPERIMENT = ", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One experiment with its options and one seed.

    Attributes:
        module: the module that is its command.
        arguments: the command's arguments but for the places, which differ between machines.
        config: the content of its record's `config.json`.
        directory: where its finished record will stand.
    """

    module: str
    arguments: tuple[str, ...]
    config: dict
    directory: Path

    @property
    def experiment(self) -> str:
        return self.config["experiment"]

    @property
    def label(self) -> str:
        return label(self.experiment, self.config["variant"])

    @property
    def name(self) -> str:
        """Its record's place below the results directory."""
        return f"{self.label}/seed-{self.config['seed']}"

    @property
    def epochs(self) -> int | None:
        """How many epochs its history will have, if it has one."""
        return self.config["protocol"].get("epochs")

    def log(self, results_dir: Path) -> Path:
        """The file that receives what the run prints."""
        return results_dir / "logs" / f"{self.label}-seed-{self.config['seed']}.log"


class Durations:
    """How long a run takes, from those on record and those that finish meanwhile."""

    def __init__(self, records: Iterable[Record]):
        self._seconds: dict[str, list[float]] = {}  # by experiment, and by experiment and variant
        for record in records:
            self._add({record.experiment, record.label}, record.metrics["wall_seconds"])

    def add(self, run: PlannedRun, seconds: float) -> None:
        """Takes account of a run that has finished."""
        self._add({run.experiment, run.label}, seconds)

    def _add(self, names: set[str], seconds: float) -> None:
        for name in names:
            self._seconds.setdefault(name, []).append(seconds)

    def expected(self, run: PlannedRun) -> float | None:
        """Median seconds of the same variant, else of the experiment; None if it never ran."""
        known = self._seconds.get(run.label) or self._seconds.get(run.experiment)
        return statistics.median(known) if known else None


@dataclass(frozen=True)
class Plan:
    """The runs of a suite.

    Attributes:
        runs: what is to be done, the longest first.
        finished: those whose record exists.
        refused: those that cannot be done, each with the reason.
        durations: how long they take.
    """

    runs: list[PlannedRun]
    finished: list[PlannedRun]
    refused: dict[PlannedRun, str]
    durations: Durations


def declared() -> list[str]:
    """Names of the experiments: the modules of the package that declare one.

    The modules are read, not imported: helpers among them load Keras, which takes seconds.
    """
    package = importlib.import_module(PACKAGE)
    return [
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(package.__path__)
        if not module.ispkg
        and DECLARES.search(
            Path(module.module_finder.path, f"{module.name}.py").read_text(encoding="utf-8")
        )
    ]


def make_plan(commands: list[str] | None, seeds: list[int], options: argparse.Namespace) -> Plan:
    """Decides what a suite has to do.

    Args:
        commands: names of experiments, each with its own options if any, as in a shell; None for
            all experiments, with none.
        seeds: each experiment is run with each of them.
        options: those of the suite that every run shares: `sample`, `force`, `deterministic` and
            the places.

    Raises:
        RunError: an experiment does not exist, or sample and real data would be mixed.
        SystemExit: an experiment does not know one of its options.
    """
    records: list[Record] = []
    if options.results_dir.is_dir():
        records, _ = find_records(options.results_dir)
        refuse_mixture(options.results_dir, records, options.sample)
    durations = Durations(records)
    runs: dict[Path, PlannedRun] = {}  # what is asked for twice is done once
    done, refused = [], {}
    for command in declared() if commands is None else commands:
        experiment, own = _read(command)
        for seed in seeds:
            run = _planned(experiment, own, seed, options)
            runs.setdefault(run.directory, run)
    for directory, run in list(runs.items()):
        if not directory.exists() or options.force:
            continue
        del runs[directory]
        try:
            finished(directory, run.config)
            done.append(run)
        except RunError as error:
            refused[run] = str(error)
    return Plan(longest_first(runs.values(), durations), done, refused, durations)


def _read(command: str) -> tuple[Experiment, list[str]]:
    """An experiment and its own options, from `name --option value`."""
    try:
        name, *own = shlex.split(command) or [""]
    except ValueError as error:
        raise RunError(f"--experiments '{command}': {error}.") from error
    name = name.replace("_", "-")
    if name not in declared():
        raise RunError(f"there is no experiment '{name}'; there are {', '.join(declared())}.")
    return importlib.import_module(f"{PACKAGE}.{name.replace('-', '_')}").EXPERIMENT, own


def _planned(
    experiment: Experiment, own: list[str], seed: int, options: argparse.Namespace
) -> PlannedRun:
    shared = [
        f"--{name}" for name in ("sample", "force", "deterministic") if getattr(options, name)
    ]
    # the suite's come last, where they override those among the experiment's own
    arguments = (*own, *shared, "--seed", str(seed))
    protocol, parsed = parse(experiment, list(arguments))
    if parsed.sample and not options.sample:
        raise RunError("--sample is an option of the whole suite, not of one experiment.")
    config = describe(experiment, protocol, parsed)
    directory = record_directory(options.results_dir, config)
    return PlannedRun(experiment.module, arguments, config, directory)


def longest_first(runs: Iterable[PlannedRun], durations: Durations) -> list[PlannedRun]:
    """Sorts runs so that those that run at the same time also end at about the same time.

    One that never ran comes before all others: it may be the longest.
    """

    def shortness(run: PlannedRun) -> tuple[bool, float]:
        expected = durations.expected(run)
        return expected is not None, -(expected or 0)

    return sorted(runs, key=shortness)


def time_left(running: list[float], waiting: list[float]) -> float:
    """Seconds until the last run ends.

    Args:
        running: seconds that each of the runs in progress still takes.
        waiting: seconds that those which wait take, in the order in which they will start.
    """
    ends = list(running) or [0.0]
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)
