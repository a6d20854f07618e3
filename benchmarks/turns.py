"""One experiment four ways, taking turns: all processes wait but those whose turn it is."""

import contextlib
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.workers import Worker, train
from harness.errors import RunError

# The ways: the documents' script and this project's experiment, each alone on all cores, and as
# often as there are cores, one thread each, all at the same time.
PLAIN, OURS, SHARED, PLAIN_SHARED = "plain", "ours", "ours shared", "plain shared"

WARM_UP = 2  # calls; the first one builds the graph


@dataclass(frozen=True)
class Effort:
    """How long a benchmark takes.

    Attributes:
        rounds: turns of each way.
        block_seconds: about how long the script's turn is; the other ways train as many steps.
        suites: how often all six experiments are run, at most, by either runner.
        ways: of running an experiment.
    """

    rounds: int
    block_seconds: float
    suites: int
    ways: tuple[str, ...] = (PLAIN, OURS, SHARED, PLAIN_SHARED)

    def steps(self, seconds: float, call: int, epoch: int) -> int:
        """Steps of a turn: those of one call or a multiple, and few enough for all in one epoch.

        Args:
            seconds: of a step of the script.
            call: steps that Keras does in one call.
            epoch: steps of an epoch.
        """
        most = (epoch - WARM_UP * call) // self.rounds
        return max(1, min(round(self.block_seconds / seconds), most) // call) * call


@dataclass(frozen=True)
class Timing:
    """What the processes of one experiment reported.

    Attributes:
        steps: of an epoch.
        features: of an input timestep.
        parameters: of the network.
        first: seconds of the first order, and the steps that were done, by way.
        rounds: seconds a step in each round, by way; of several processes the slowest.
        ends: what a way reported at its end, see `benchmarks.paced`; a quick benchmark does not
            wait for the script's, which may take a minute (see `harness.training.tf_dataset`).
    """

    steps: int
    features: int
    parameters: int
    first: dict[str, tuple[float, int]]
    rounds: dict[str, list[float]]
    ends: dict[str, dict]


def take_turns(
    case: Case, effort: Effort, shared: int, sample: bool, folder: Path, say: Callable[[str], None]
) -> Timing:
    """Times one experiment.

    Args:
        case: the experiment.
        effort: how long.
        shared: processes that share the machine.
        sample: use the built-in sample data, in the published shapes.
        folder: receives logs and throw-away records.
        say: called with each line that shows the user how far it is.

    Raises:
        RunError: a process failed.
    """
    plain = [*case.plain, "--sample"] if sample else case.plain
    ours = case.ours + (case.sample_arguments() if sample else [])
    say("starting")
    with contextlib.ExitStack() as stack:
        ways: dict[str, list[Worker]] = {}
        for way in effort.ways:
            command = ours if way in (OURS, SHARED) else plain
            threads = None if way in (PLAIN, OURS) else 1
            ways[way] = []
            for number in range(1 if threads is None else shared):
                name = f"{case.name}-{way.replace(' ', '-')}-{number}"
                places = ["--results-dir", str(folder / name), "--plots-dir", str(folder / name)]
                command_here = [*command, *(places if command is ours else [])]
                worker = Worker(name, command_here, threads, folder)
                ways[way].append(stack.enter_context(worker))
        ready = {way: [worker.report() for worker in workers] for way, workers in ways.items()}
        first = {way: max(train(workers, 1)) for way, workers in ways.items()}
        steps = ready[PLAIN][0]["steps_an_epoch"]
        call = max(reports[0]["steps_a_call"] for reports in ready.values())
        warm = a_step(train(ways[PLAIN], 1))
        for way in ways.keys() - {PLAIN}:
            train(ways[way], 1)
        rounds = _rounds(ways, effort.rounds, effort.steps(warm, call, steps), say)
        say("validation, then the input pipeline alone")
        ends = {OURS: _end(ways[OURS])}
        if effort.suites:  # whose runs validate side by side
            ends |= {way: _end(ways[way]) for way in (SHARED, PLAIN)}
    if steps != ready[OURS][0]["steps_an_epoch"]:
        raise RunError(f"{case.name}: the script's epochs have {steps} steps, those here others.")
    network = ready[OURS][0]
    return Timing(steps, network["features"], network["parameters"], first, rounds, ends)


def _rounds(
    ways: dict[str, list[Worker]], rounds: int, steps: int, say: Callable[[str], None]
) -> dict[str, list[float]]:
    """Seconds a step of each way in each round."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(1, rounds + 1):
        for way, workers in ways.items():
            seconds[way].append(a_step(train(workers, steps)))
        shown = ", ".join(f"{way} {1000 * values[-1]:.1f}" for way, values in seconds.items())
        say(f"round {number} of {rounds}, {steps} steps each: {shown} ms a step")
    return seconds


def a_step(reports: list[tuple[float, int]]) -> float:
    """Seconds a step: all processes have done their steps when the slowest has."""
    return max(seconds / steps for seconds, steps in reports)


def _end(workers: list[Worker]) -> dict:
    """Lets workers come to an end at the same time; the median of what they report."""
    for worker in workers:
        worker.order(0)
    reports = [worker.report() for worker in workers]
    return {key: statistics.median(report[key] for report in reports) for key in reports[0]}
