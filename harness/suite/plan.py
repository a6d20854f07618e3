"""What a suite consists of: its runs, their order, and how long they will take."""

import argparse
import dataclasses
import heapq
import os
import shlex
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.files import destination
from harness.errors import RunError, UserError, few
from harness.experiment import Plan, find_experiments, finished_record, read_plan, switches
from harness.records.record import Record, find_records, refuse_mixture

SHARED = ("--sample", "--seed", "--results-dir", "--plots-dir")  # options of a whole suite


class Durations:
    """How long a run takes: learnt from records, and from runs that finish meanwhile."""

    def __init__(self, records: Iterable[Record]):
        self._seconds: dict[str, list[float]] = {}  # by experiment, and by experiment and variant
        for record in records:
            self._add({record.experiment, record.label}, record.metrics["wall_seconds"])

    def add(self, run: Plan, seconds: float) -> None:
        """Learns from a run that has finished."""
        self._add({run.experiment.name, run.label}, seconds)

    def _add(self, names: set[str], seconds: float) -> None:
        for name in names:
            self._seconds.setdefault(name, []).append(seconds)

    def expected(self, run: Plan) -> float | None:
        """Median seconds of the same variant, else of the experiment; None if it never ran."""
        known = self._seconds.get(run.label) or self._seconds.get(run.experiment.name)
        return statistics.median(known) if known else None


@dataclass(frozen=True)
class Suite:
    """The runs of a suite."""

    runs: list[Plan]  # those to do, the longest first
    finished: list[Plan]  # those whose record exists
    refused: dict[Plan, str]  # those that cannot be done, each with the reason
    durations: Durations  # how long they take


def plan_suite(commands: list[str] | None, seeds: list[int], options: argparse.Namespace) -> Suite:
    """Decides what a suite has to do: each command with each seed.

    A command is an experiment with its own options; None means all experiments, without any.
    `options` are those that every run shares: `sample`, `force`, `deterministic`, `plain_keras` and
    the places. An unknown experiment, unusable data or a mixture with sample data is a `UserError`;
    an unknown option ends the program, as in a parser.
    """
    records: list[Record] = []
    if os.path.isdir(options.results_dir):  # unlike Path.is_dir, it raises no error
        records, _ = find_records(options.results_dir)
        samples = {record.place: record.sample for record in records}
        refuse_mixture(options.results_dir, samples | {"this run": options.sample})
    durations = Durations(records)
    runs: dict[Path, Plan] = {}  # what is asked for twice is done once
    done, refused = [], {}
    for command in find_experiments() if commands is None else commands:
        configured = _configured(command, options)
        for seed in seeds:
            run = dataclasses.replace(configured, seed=seed)
            runs.setdefault(run.directory, run)
    for directory, run in list(runs.items()):
        if not os.path.exists(directory) or run.force:
            continue
        del runs[directory]
        try:
            finished_record(run, directory)
            done.append(run)
        except UserError as error:
            refused[run] = str(error)
    return Suite(longest_first(runs.values(), durations), done, refused, durations)


def _configured(command: str, options: argparse.Namespace) -> Plan:
    """A run of `name --option value` with the options that all runs of the suite share."""
    try:
        name, *own = shlex.split(command) or [""]
    except ValueError as error:
        raise RunError(f"--experiments '{command}': {error}.") from error
    experiments, name = find_experiments(), name.replace("_", "-")
    if name not in experiments:
        raise RunError(
            f"there is no experiment '{name}'; there are {few(list(experiments))} "
            "(`python -m experiments` lists all)."
        )
    for option in SHARED:
        if any(one.partition("=")[0] == option for one in own):
            raise RunError(f"{option} is an option of the whole suite, not of one experiment.")
    shared = switches(options, "sample", "force", "deterministic", "plain_keras")
    run = read_plan(experiments[name], [*own, *shared])
    data_dir = run.data_dir or options.data_dir
    if not (options.sample or options.cluster):
        destination(data_dir)  # else each run would find out for itself that it is bad
    return dataclasses.replace(
        run,
        data_dir=data_dir,
        results_dir=options.results_dir,
        plots_dir=options.plots_dir,
    )


def longest_first(runs: Iterable[Plan], durations: Durations) -> list[Plan]:
    """Sorts runs so that they end at about the same time; unknown durations may be the longest."""

    def shortness(run: Plan) -> tuple[bool, float]:
        expected = durations.expected(run)
        return expected is not None, -(expected or 0)

    return sorted(runs, key=shortness)


def time_left(running: list[float], waiting: list[float]) -> float:
    """Seconds until the last run ends, from those that each run still takes.

    The runs that are waiting start in this order.
    """
    ends = list(running) or [0.0]
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)
