"""Can a recurrent network be computed in parallel? A training step by length and by threads.

Source:     simple-rnn-blog
Claim:      a recurrent network cannot be processed in parallel: each state needs the one before.
Protocol:   the time of a training step of a SimpleRNN and of a convolution of as many units, on
            random sequences of up to 2,000 timesteps, by one thread and by two; one sequence at a
            time, and 128 at once. A process keeps its number of threads, so each number runs in
            processes of its own, in turns. Medians of all steps, and their quartiles. How many
            activations wait for each other is counted on the NumPy loop.
Deviations: the document states it and measures nothing. Times are those of this project's layers
            and of one machine, and right only while nothing else runs on it; a run on a busy one
            says so in a note.
Expected:   about 6 minutes on two CPU cores.
"""

from dataclasses import asdict, dataclass

import numpy as np

from harness.cli import say
from harness.experiment import Experiment, main
from harness.processes import THREADS, answers, load_before_timing
from harness.protocol import LARGE, setting
from harness.records.run import made_data
from harness.records.study_outputs import Lines, Series, Table

CHILD = "experiments.common.parallel_child"
BATCHES = {1: "one sequence", 128: "128 sequences"}
LENGTHS = (125, 250, 500, 1000, 2000)  # timesteps


@dataclass(frozen=True)
class Protocol:
    """The networks, and how often they are timed."""

    longest: int = setting(2000, "longest sequence, in timesteps", minimum=125, below=10_000)
    features: int = setting(64, "features of a timestep", minimum=1, below=LARGE)
    units: int = setting(128, "units, or filters of the convolution", minimum=1, below=LARGE)
    steps: int = setting(10, "steps that are timed in a process", minimum=1)
    rounds: int = setting(3, "processes with each number of threads", minimum=1)


class Chain:
    """A number that knows how many activations, one after the other, led to it."""

    def __init__(self, length: int = 0):
        self.length = length

    def __add__(self, other):
        return Chain(max(self.length, getattr(other, "length", 0)))

    __mul__ = __radd__ = __rmul__ = __add__

    def tanh(self):
        """One more activation, by `np.tanh`."""
        return Chain(self.length + 1)


def longest_chains(timesteps: int) -> list[int]:
    """Activations in a row, in the loop of a SimpleRNN and in a convolution over 5 timesteps."""
    from models.recurrent_numpy import Affine, SimpleRNN, unfold

    def numbers(*shape: int) -> np.ndarray:
        return np.array([Chain() for _ in range(np.prod(shape))]).reshape(shape)

    x = numbers(timesteps, 1)
    rnn = SimpleRNN(Affine(numbers(1, 1), numbers(1, 1), numbers(1)))
    windows = np.lib.stride_tricks.sliding_window_view(x[:, 0], 5)  # (positions, 5)
    outputs = unfold(rnn, x)[:, 0], np.tanh(windows @ numbers(5))  # (timesteps,), (positions,)
    return [max(chain.length for chain in one) for one in outputs]


def train(protocol, run):
    from harness.training.machine import threads

    run.write("data", made_data(run.sample, "Random sequences, for the time that they take."))
    load, busy = load_before_timing(threads())
    run.write("environment", {"load": load})
    if busy:
        run.write("config", {"notes": [busy]})
    lengths = [n for n in LENGTHS if n < protocol.longest] + [protocol.longest]
    task = asdict(protocol) | {"seed": run.seed, "lengths": lengths, "batches": BATCHES}
    processes = {"1 thread": [], "2 threads": []}  # what each one found, by network and sequences
    for number, (words, found) in [*enumerate(processes.items(), start=1)] * protocol.rounds:
        variables = dict.fromkeys(THREADS, str(number))
        ((times, layers),) = answers(f"timing with {words}", CHILD, task, variables)
        found.append(times)
        say(f"{words}: timed")
        for one in layers:
            run.add_layers(one)
    rows, quartiles, gains = {}, {}, {}
    for name in times:
        medians = []
        for words, found in processes.items():
            steps = np.concatenate([one[name] for one in found], axis=1)  # (lengths, steps)
            low, median, high = np.quantile(steps, (0.25, 0.5, 0.75), axis=1)  # each (lengths,)
            medians.append(median)
            rows[f"{name}, {words}"] = median.tolist()
            quartiles[f"{name}, {words}"] = [float(low[-1]), float(high[-1])]
        gains[name] = np.divide(*medians).tolist()
    columns = [f"{n:,} timesteps" for n in lengths]
    chains = np.transpose([longest_chains(n) for n in lengths]).tolist()
    rnn_and_conv = dict(zip(("SimpleRNN", "Conv1D"), chains, strict=True))
    title = "Milliseconds of a training step"
    panels = []
    for batch in BATCHES.values():
        of_batch = {row.replace(f", {batch}", ""): y for row, y in rows.items() if batch in row}
        series = [Series(row, lengths, y) for row, y in of_batch.items()]
        axes = f"A training step on {batch}", "timesteps", "milliseconds"
        panels.append(Lines(*axes, series, log_x=True, log_y=True))
    run.finish_study(
        [
            Table("Activations that wait for each other", columns, rnn_and_conv),
            Table(f"{title}, median", columns, rows),
            Table(f"{title}, quartiles at {columns[-1]}", ["lower", "upper"], quartiles),
            Table("How many times as fast by two threads as by one", columns, gains),
            *panels,
        ]
    )


EXPERIMENT = Experiment(
    "parallel",
    "Time by length and by threads",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"longest": 250, "units": 32, "steps": 2, "rounds": 1},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
