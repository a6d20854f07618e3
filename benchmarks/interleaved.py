"""One experiment in several ways, interleaved: only one way trains at a time, the others wait."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.cases import Case
from benchmarks.training_process import TrainingProcess
from harness.errors import RunError
from harness.training.machine import threads

# The ways: the documents' script and this project's experiment, each alone on all cores, and as
# often as there are cores, with one thread each, all at the same time. The last way is this project
# as it computes where no C compiler is found.
PLAIN, OURS, SHARED, PLAIN_SHARED = "plain", "ours", "ours shared", "plain shared"
SHARED_XLA = "ours shared, XLA"
WITHOUT_COMPILER = {"CC": "none"}

MOST_SHARED = 8  # a process takes about a gigabyte, and there are twice as many
WARM_UP = 2  # calls; the first one builds the graph


@dataclass(frozen=True)
class Effort:
    """How long a benchmark takes.

    Attributes:
        rounds: rounds of each experiment; every way trains once in each.
        block_seconds: about how long the script trains in a round; the other ways train as many
            steps.
        suites: how often each side runs all six experiments, at most.
        ways: the ways that are timed.
        ended: those whose training is ended and validated. The script's end may take a minute, see
            `harness.training.batches`.
    """

    rounds: int
    block_seconds: float
    suites: int
    ways: tuple[str, ...] = (PLAIN, OURS, SHARED, PLAIN_SHARED, SHARED_XLA)
    ended: tuple[str, ...] = (PLAIN, OURS, SHARED)

    def steps(self, seconds: float, call: int, epoch: int) -> int:
        """Steps of a way in a round: whole calls, and all rounds together within one epoch.

        Args:
            seconds: of a step of the script.
            call: steps that Keras does in one call.
            epoch: steps of an epoch.
        """
        most = (epoch - WARM_UP * call) // self.rounds
        return max(1, min(round(self.block_seconds / seconds), most) // call) * call


@dataclass(frozen=True)
class Timing:
    """What the processes of one experiment reported, see `benchmarks.stepwise`.

    Attributes:
        facts: of this project's training: steps of an epoch, operations of a sample, parameters.
        first: seconds and steps of the first order, by way.
        rounds: seconds a step, a row a round, a column a way; of several processes the slowest.
        ends: the last report, by way; the median of several processes.
        processes: number of processes that train at the same time, by way.
    """

    facts: dict[str, int]
    first: dict[str, tuple[float, int]]
    rounds: pd.DataFrame
    ends: dict[str, dict[str, float]]
    processes: dict[str, int]


def time_interleaved(case: Case, effort: Effort, sample: bool, folder: Path) -> Timing:
    """Times one experiment, on real or sample data; `folder` receives logs and records.

    Raises:
        RunError: a process failed.
    """
    say(f"{case.name}: starting")
    with contextlib.ExitStack() as stack:
        ways = {
            way: [stack.enter_context(process) for process in _start(case, way, sample, folder)]
            for way in effort.ways
        }

        def train(way: str, steps: int) -> list:
            for process in ways[way]:
                process.order(steps)
            return [process.report() for process in ways[way]]

        def seconds_a_step(steps: int) -> dict[str, float]:
            """By way; all processes have done their steps when the slowest has."""
            return {way: max(s / done for s, done in train(way, steps)) for way in ways}

        facts = {way: [process.report() for process in ways[way]] for way in ways}
        plain, ours = facts[PLAIN][0], facts[OURS][0]
        if plain["steps"] != ours["steps"]:
            epochs = f"{plain['steps']} steps, ours {ours['steps']}"
            raise RunError(f"{case.name}: the script's epoch has {epochs}; they must be equal.")
        first = {way: max(train(way, 1)) for way in ways}
        warm = seconds_a_step(1)
        steps = effort.steps(warm[PLAIN], max(plain["call"], ours["call"]), plain["steps"])
        rounds = []
        for number in range(1, effort.rounds + 1):
            rounds.append(seconds_a_step(steps))
            shown = ", ".join(f"{way} {1000 * value:.1f}" for way, value in rounds[-1].items())
            place = f"round {number} of {effort.rounds}"
            say(f"{case.name}: {place}, {steps} steps each: {shown} ms a step")
        if effort.ended:
            say(f"{case.name}: validation, then the input pipeline alone")
        ends = {way: pd.DataFrame(train(way, 0)).median().to_dict() for way in effort.ended}
        processes = {way: len(ways[way]) for way in ways}
    return Timing(ours, first, pd.DataFrame(rounds), ends, processes)


def say(line: str) -> None:
    """Prints a line of progress with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def shared_processes() -> int:
    """Number of processes that share the machine."""
    return min(threads(), MOST_SHARED)


def _start(case: Case, way: str, sample: bool, folder: Path) -> Iterator[TrainingProcess]:
    """Starts the processes of one way, one after another."""
    alone = way in (PLAIN, OURS)
    for number in range(1 if alone else shared_processes()):
        name = f"{case.name}-{way.replace(', ', ' ').replace(' ', '-')}-{number + 1}"
        command = case.plain_command(sample)
        if way not in (PLAIN, PLAIN_SHARED):
            places = ["--results-dir", str(folder / name), "--plots-dir", str(folder / name)]
            command = [*case.our_command(sample), *places]
        variables = WITHOUT_COMPILER if way == SHARED_XLA else {}
        yield TrainingProcess(name, command, None if alone else 1, folder, variables)
