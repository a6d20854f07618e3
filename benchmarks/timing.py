"""Times six experiments: step by step, the ways of training in turns, and all for one epoch.

Only one way trains at a time, while the processes of the others wait. All end with this one.
"""

import contextlib
import dataclasses
import multiprocessing
import shlex
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.originals.original import LOGS, carry_out, original, task_of
from harness.errors import RunError
from harness.experiment import SCRIPTS, find_experiments
from harness.processes import THREADS, Child, run_to_end
from harness.reporting.benchmark import SUITE, Measurement, measured
from harness.training.machine import threads

# The ways: the documents' script and this project's experiment, each alone on all cores, and as
# often as there are cores, with one thread each, all at the same time.
PLAIN, OURS, SHARED, PLAIN_SHARED = "plain", "ours", "ours shared", "plain shared"
MOST_SHARED = 8  # a process takes about a gigabyte, and there are twice as many
WARM_UP = 2  # calls; the first one builds the graph
STEPS = 10  # of an original
# The sample data have too few rows for the published splits. All other values are the published
# ones, so that the arrays have the published shapes.
SAMPLE_KEEPS = ("train_rows", "validation_rows")
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True)
class Effort:
    """How long a benchmark takes."""

    rounds: int  # of each experiment; every way trains once in each
    block_seconds: float  # that the script trains in a round; the other ways train as many steps
    suites: int  # how often each side runs all six experiments
    ways: tuple[str, ...] = (PLAIN, OURS, SHARED, PLAIN_SHARED)

    def steps(self, seconds: float, call: int, epoch: int) -> int:
        """Steps of a way in a round: whole calls of Keras, and at most an epoch in all rounds.

        A step of the script takes `seconds`; `call` and `epoch` are steps.
        """
        most = (epoch - WARM_UP * call) // self.rounds
        return max(1, min(round(self.block_seconds / seconds), most) // call) * call


FULL = Effort(rounds=6, block_seconds=0.8, suites=2)
QUICK = Effort(rounds=2, block_seconds=0.3, suites=0, ways=(PLAIN, OURS, SHARED))


class Trainer:
    """A script in a process of its own that trains as many steps as it is told to."""

    def __init__(self, name: str, command: list[str], variables: dict[str, str], folder: Path):
        self._name = name
        self._connection, theirs = multiprocessing.Pipe()
        command = ["benchmarks.stepwise", str(theirs.fileno()), *command]
        log = folder / f"{name}.log"
        with theirs:
            shared = (theirs.fileno(),)
            self._child = Child(command, log, ENVIRONMENT | variables, connections=shared)

    def order(self, steps: int) -> None:
        """Tells it to train some steps."""
        with contextlib.suppress(OSError):  # `report` says why
            self._connection.send(steps)

    def report(self) -> tuple[float, int]:
        """Waits for its next report, see `benchmarks.stepwise`."""
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            self._child.wait()
            said = self._child.last_line() or "it printed nothing."
            raise RunError(f"{self._name}: {self._child.failure()}: {said}") from None

    def close(self) -> None:
        """Ends the process."""
        self._child.send(signal.SIGKILL)
        self._child.wait()
        self._connection.close()


def time_steps(name: str, effort: Effort, sample: bool, folder: Path) -> list[Measurement]:
    """Times the steps of one experiment; `folder` receives logs and records."""
    say(f"{name}: starting")
    with contextlib.ExitStack() as stack:
        ways: dict[str, list[Trainer]] = {}
        for way in effort.ways:
            trainers = _start(name, way, sample, folder)
            ways[way] = [stack.enter_context(contextlib.closing(one)) for one in trainers]

        def train(steps: int) -> dict[str, float]:
            """Seconds a step, by way; of several processes, the slowest."""
            seconds = {}
            for way, trainers in ways.items():
                for one in trainers:
                    one.order(steps)
                seconds[way] = max(s / done for s, done in [one.report() for one in trainers])
            return seconds

        epochs = {way: max(one.report() for one in ways[way]) for way in ways}
        if epochs[PLAIN][0] != epochs[OURS][0]:
            raise RunError(f"{name}: the epochs of the two sides differ in steps: {epochs}.")
        for _ in range(WARM_UP):
            warm = train(1)
        call = max(steps for _, steps in epochs.values())
        steps = effort.steps(warm[PLAIN], call, epochs[PLAIN][0])
        rounds = []
        for number in range(1, effort.rounds + 1):
            rounds.append(train(steps))
            shown = ", ".join(f"{way} {1000 * value:.1f}" for way, value in rounds[-1].items())
            place = f"round {number} of {effort.rounds}"
            say(f"{name}: {place}, {steps} steps each: {shown} ms a step")
        processes = {way: len(trainers) for way, trainers in ways.items()}
    return step_measurements(name, pd.DataFrame(rounds), processes)


def step_measurements(
    name: str, rounds: pd.DataFrame, processes: dict[str, int]
) -> list[Measurement]:
    """Milliseconds a step, and throughput as a multiple of the script's.

    The rounds have seconds a step, a row a round, a column a way; `processes` train at the same
    time.
    """
    rows = [measured(name, f"step, {way}", 1000 * rounds[way], "ms") for way in rounds]
    for way in rounds.columns.drop(PLAIN):
        # within a round, so that what slows the machine down slows both
        multiple = processes[way] * rounds[PLAIN] / rounds[way]
        rows.append(measured(name, f"throughput, {way}", multiple, "x plain"))
    return rows


def time_all(names: list[str], times: int, sample: bool, folder: Path) -> list[Measurement]:
    """One epoch of all experiments: the scripts one by one, then this project's suite."""
    rows = []
    runs = [shlex.join([one, *published_shapes(one, sample), "--epochs", "1"]) for one in names]
    for number in range(1, times + 1):
        place = folder / f"suite-{number}"
        say(f"all {len(names)}, {number} of {times}: the scripts one by one, one epoch each")
        began = time.perf_counter()
        for name in names:
            command = [*plain_command(name, sample), "--epochs", "1"]
            run_to_end(command, place / f"{name}.log", ENVIRONMENT)
        plain = time.perf_counter() - began
        say(f"{plain:.0f} s; now this project's suite, {threads()} runs at a time")
        flags = ["--results-dir", str(place / "results"), "--plots-dir", str(place / "plots")]
        flags += ["--workers", str(threads()), *(["--sample"] if sample else [])]
        began = time.perf_counter()
        command = ["harness.suite", "--experiments", *runs, *flags]
        run_to_end(command, place / "suite.log", ENVIRONMENT)
        ours = time.perf_counter() - began
        say(f"{ours:.0f} s")
        rows.append({PLAIN: plain, OURS: ours})
    return suite_measurements(pd.DataFrame(rows), len(names))


def suite_measurements(seconds: pd.DataFrame, runs: int) -> list[Measurement]:
    """What one epoch of all experiments took: a row a time, columns `PLAIN` and `OURS`."""
    rows = []
    for way in seconds:
        rows.append(measured(SUITE, f"one epoch each, {way}", seconds[way], "s"))
        rows.append(measured(SUITE, f"runs an hour, {way}", 3600 * runs / seconds[way], "runs"))
    ratio = seconds[PLAIN] / seconds[OURS]
    return [*rows, measured(SUITE, "throughput", ratio, "x plain")]


def time_original(name: str) -> list[Measurement]:
    """Milliseconds a step on one thread by the Keras of the experiment's log; none without it.

    It reads random words or readings: old Keras computes padding as it computes words.
    """
    say(f"{name}: {STEPS} steps of Keras {LOGS[name]}")
    protocol = dataclasses.replace(original(find_experiments()[name]).protocol, keras=LOGS[name])
    shape, rng = (STEPS, protocol.batch_size), np.random.default_rng(0)
    if name.startswith("jena"):
        x = rng.normal(size=(*shape, int(protocol.lookback_hours), 14)).astype(np.float32)
    else:
        x = rng.integers(protocol.num_words, size=(*shape, protocol.maxlen), dtype=np.int32)
    y = rng.integers(2, size=(*shape, 1)).astype(np.float32)
    try:
        task = task_of("steps", name, protocol, seed=0)
        (said,) = carry_out(task | {"x": x, "y": y})
    except RunError as error:
        say(f"{name}: left out: {error}")
        return []
    return [measured(name, "step, original", 1000 * np.array(said["seconds"][WARM_UP:]), "ms")]


def plain_command(name: str, sample: bool) -> list[str]:
    """The documents' script: a module and its arguments."""
    return ["benchmarks.plain", name, *(["--sample"] if sample else [])]


def published_shapes(name: str, sample: bool) -> list[str]:
    """Options by which an experiment on sample data has the published shapes."""
    if not sample:
        return []
    experiment = find_experiments()[name]
    published, small = (experiment.default_protocol(kind) for kind in (False, True))
    arguments = []
    for field in dataclasses.fields(published):
        value = getattr(published, field.name)
        if value != getattr(small, field.name) and field.name not in SAMPLE_KEEPS:
            arguments += [f"--{field.name.replace('_', '-')}", str(value)]
    return arguments


def say(line: str) -> None:
    """Prints a line of progress with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _start(name: str, way: str, sample: bool, folder: Path) -> Iterator[Trainer]:
    """Starts the processes of one way, one after another."""
    alone = way in (PLAIN, OURS)
    for number in range(1 if alone else min(threads(), MOST_SHARED)):
        label = f"{name}-{way.replace(' ', '-')}-{number + 1}"
        command = plain_command(name, sample)
        if way in (OURS, SHARED):
            places = ["--results-dir", str(folder / label), "--plots-dir", str(folder / label)]
            command = [SCRIPTS, *command[1:], *published_shapes(name, sample), *places]
        yield Trainer(label, command, {} if alone else dict.fromkeys(THREADS, "1"), folder)
