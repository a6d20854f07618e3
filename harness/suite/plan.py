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

    def add(self, plan: Plan, seconds: float) -> None:
        """Learns from a run that has finished."""
        self._add({plan.experiment.name, plan.label}, seconds)

    def _add(self, names: set[str], seconds: float) -> None:
        for name in names:
            self._seconds.setdefault(name, []).append(seconds)

    def expected(self, plan: Plan) -> float | None:
        """Median seconds of the same variant, else of the experiment; None if it never ran."""
        known = self._seconds.get(plan.label) or self._seconds.get(plan.experiment.name)
        return statistics.median(known) if known else None


@dataclass(frozen=True)
class Suite:
    """What a suite has to do."""

    plans: list[Plan]  # the runs to do, the longest first
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
    commands = find_experiments() if commands is None else commands
    first = (_read_command(command, options) for command in commands)
    asked = (dataclasses.replace(plan, seed=seed) for plan in first for seed in seeds)
    return suite_of(asked, options.results_dir, options.sample)


def suite_of(asked: Iterable[Plan], results_dir: Path, sample: bool) -> Suite:
    """Which of these plans have no record yet, and in which order they are carried out."""
    records: list[Record] = []
    if os.path.isdir(results_dir):  # unlike Path.is_dir, it raises no error
        records, _ = find_records(results_dir)
        samples = {record.place: record.sample for record in records}
        refuse_mixture(results_dir, samples | {"this run": sample})
    different: dict[Path, Plan] = {}  # by record: what is asked for twice is done once
    for plan in asked:
        different.setdefault(plan.directory, plan)
    plans, finished, refused = [], [], {}
    for directory, plan in different.items():
        try:
            if os.path.exists(directory) and not plan.force:
                finished_record(plan, directory)
                finished.append(plan)
            else:
                plans.append(plan)
        except UserError as error:
            refused[plan] = str(error)
    durations = Durations(records)
    return Suite(longest_first(plans, durations), finished, refused, durations)


def _read_command(command: str, options: argparse.Namespace) -> Plan:
    """The plan of `name --option value` with the options that all runs of the suite share."""
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
    plan = read_plan(experiments[name], [*own, *shared])
    data_dir = plan.data_dir or options.data_dir
    if not (options.sample or options.cluster):
        destination(data_dir)  # else each run would find out for itself that it is bad
    places = {"results_dir": options.results_dir, "plots_dir": options.plots_dir}
    return dataclasses.replace(plan, data_dir=data_dir, **places)


def longest_first(plans: Iterable[Plan], durations: Durations) -> list[Plan]:
    """Sorts runs so that they end at about the same time; unknown durations may be the longest."""

    def shortness(plan: Plan) -> tuple[bool, float]:
        expected = durations.expected(plan)
        return expected is not None, -(expected or 0)

    return sorted(plans, key=shortness)


def time_left(running: list[float], waiting: list[float]) -> float:
    """Seconds until the last run ends, from those that each run still takes.

    The runs that are waiting start in this order.
    """
    ends = list(running) or [0.0]
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)
