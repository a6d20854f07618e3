"""What keeps a network from learning to recall: gradients that explode, vanish or are cut off.

Source:     hsv-ai-2019, noobs-guide, recurrent-overview (the task is that of `recall`)
Claim:      exploding gradients "blow up and crash the model", vanishing ones make it impossible to
            learn; the number of unfoldings says how long ago a network remembers; for longer
            memory h_{t-2} and h_{t-3} must be added; the forget gate lets LSTM reset its state;
            stacking "most times" does not help.
Protocol:   SimpleRNN with scaled recurrent weights, by SGD and Adam, with and without clipping, on
            one distance. SimpleRNN and GRU on all distances; as stacks of two; with the gradient
            cut some steps before the end ("unfolded"). SimpleRNN with one to three lags, computed
            by one loop. The LSTMs of 1997 and 1999 on streams of episodes, each with one symbol, of
            which the newest is to be named; the state is never reset; tested on shorter and on far
            longer streams.
Deviations: the documents argue and measure nothing. The step size of SGD was chosen on the sample
            protocol, before the first run of this one.
Expected:   about 7 minutes on one CPU core.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from experiments import recall
from harness.errors import DivergedError
from harness.experiment import Experiment, main
from harness.protocol import setting
from harness.records.run import made_data
from harness.records.study_outputs import Table
from models.cells import CELLS
from models.recurrent_numpy import steps

GAINS = (0.5, 1, 1.5, 2)
LAGS = (1, 2, 3)  # earlier outputs that a step of SimpleRNN reads
UNFOLDED = (5, 10, 25)  # steps through which the gradient goes back
GAINED = {  # what is added to which network
    "SimpleRNN, a second layer": ("SimpleRNN", "SimpleRNN, stack of two"),
    "GRU, a second layer": ("GRU", "GRU, stack of two"),
    "SimpleRNN, h_{t-2}": ("lags: 1", "lags: 2"),
    "SimpleRNN, h_{t-2} and h_{t-3}": ("lags: 1", "lags: 3"),
}
OUTCOMES = ("accuracy", "loss became NaN (1: yes)")


@dataclass(frozen=True)
class Protocol(recall.Protocol):
    """The task and its training, and what is varied."""

    longest: int = setting(100, "longest distance at which a symbol is recalled", minimum=1)
    distance: int = setting(50, "distance where recurrent weights are scaled", minimum=1)
    sgd_rate: float = setting(0.1, "step size of SGD", minimum=1e-8)
    clipnorm: float = setting(1.0, "norm to which gradients are clipped", minimum=1e-8)
    episode: int = setting(10, "steps of an episode", minimum=1)
    episodes: int = setting(10, "episodes of a stream in training", minimum=1)


def train(protocol, run):
    run.write("data", made_data(run.sample, "Made-up sequences: symbols among random fillers."))
    few = slice(-1, None) if run.sample else slice(None)
    at = recall.distances_up_to(protocol.longest, 1)
    by_gain, by_reach = scaled(protocol, run, few), reach(protocol, run, at)
    lengths = [1, protocol.episodes, 10 * protocol.episodes]
    by_stream = {
        CELLS[cell].title: streams(protocol, run, cell, lengths)
        for cell in ("lstm-1997", "lstm")[few]
    }

    columns = [f"{what}, {how}" for how in ("not clipped", "clipped") for what in OUTCOMES]
    sizes = [f"{n * protocol.episode:,} steps" for n in lengths]
    of_streams = [f"{what} after {n}" for what in ("accuracy", "size of the carry") for n in sizes]
    gained = {
        what: [float(np.mean(by_reach[more]) - np.mean(by_reach[fewer]))]
        for what, (fewer, more) in GAINED.items()
        if {fewer, more} <= set(by_reach)
    }
    way = "by lags, depth and the steps that the gradient goes back"
    panels = []
    for kind in ("SimpleRNN", "GRU", "lags"):
        rows = {n.removeprefix(f"{kind}, "): r for n, r in by_reach.items() if n.startswith(kind)}
        panels += [recall.panel(kind, at, rows, 1 / protocol.symbols)] if rows else []
    run.finish_study(
        [
            Table(f"SimpleRNN trained to recall over {protocol.distance} steps", columns, by_gain),
            recall.table(way, at, by_reach),
            Table("What is gained by", ["accuracy, mean over the distances"], gained),
            Table("The newest symbol of a stream without resets", of_streams, by_stream),
            *panels,
        ]
    )


def scaled(protocol, run, few: slice) -> dict[str, list[float]]:
    """Accuracy of SimpleRNN with scaled recurrent weights, and whether its loss became NaN."""
    rows = {}
    rates = [("sgd", protocol.sgd_rate), ("adam-keras-2.0", protocol.learning_rate)]
    for optimizer, rate in rates[few]:
        one = replace(protocol, optimizer=optimizer, learning_rate=rate)
        for gain in GAINS[few]:
            row = rows[f"{optimizer}, recurrent weights × {gain:g}"] = []
            for clipnorm in (None, protocol.clipnorm):
                model = recall.build(one, CELLS["simple-rnn"].make, run.seed)
                kernel, recurrent, bias = model.layers[2].get_weights()
                model.layers[2].set_weights([kernel, recurrent * gain, bias])
                name, at = f"{optimizer}, gain {gain:g}, clipped {clipnorm}", [protocol.distance]
                try:
                    row += [*recall.accuracies(one, run, model, name, at, clipnorm=clipnorm), 0]
                except DivergedError:
                    row += [0, 1]  # a network whose weights are NaN answers nothing
    return rows


def reach(protocol, run, at: list[int]) -> dict[str, list[float]]:
    """Accuracy at some distances of networks that are trained on all up to the last."""
    from models.keras_cells import lagged_rnn

    networks = []  # name, layer, layers, and steps that the gradient goes back, 0 for all
    for cell in ("simple-rnn", "gru"):
        title, make = CELLS[cell].title, CELLS[cell].make
        networks += [(title, make, 1, 0), (f"{title}, stack of two", make, 2, 0)]
        unfolded = [n for n in UNFOLDED if n <= protocol.longest]
        networks += [(f"{title}, gradient over {n} steps", make, 1, n) for n in unfolded]
    for lags in LAGS:
        networks.append((f"lags: {lags}", partial(lagged_rnn, lags=lags), 1, 0))
    rows = {}
    for name, make, depth, unfolded in networks[:2] if run.sample else networks:
        model = recall.build(protocol, make, run.seed, depth, unfolded)
        rows[name] = recall.accuracies(protocol, run, model, name, at)
    return rows


def stream(rng, count: int, episodes: int, protocol):
    """Episodes one after another, each with one symbol at a random step, and the last symbol.

    Returns ids, int32 of shape (count, episodes * episode), and symbols, int32 of shape (count,).
    """
    distances = rng.integers(protocol.episode, size=count * episodes)
    known = protocol.symbols, protocol.fillers
    ids, symbols = recall.sequences(rng, distances, protocol.episode, *known)
    return ids.reshape(count, -1), symbols.reshape(count, episodes)[:, -1]


def streams(protocol, run, cell: str, lengths: list[int]) -> list[float]:
    """Accuracy of one trained network after so many episodes, and the mean size of its carry."""
    from harness.training.fit import evaluate

    model = recall.build(protocol, CELLS[cell].make, run.seed)

    def batch(rng):
        return stream(rng, protocol.batch_size, protocol.episodes, protocol)

    recall.learn(protocol, run, model, batch, f"{CELLS[cell].title}, streams")
    (rng,) = np.random.default_rng(run.seed).spawn(1)  # streams that no training step drew
    tests = [stream(rng, protocol.tested, episodes, protocol) for episodes in lengths]
    right = [evaluate(model, test)["accuracy"] for test in tests]
    vectors, *weights = model.get_weights()
    loop, sizes = CELLS[cell].in_numpy(weights[:3]), []
    for ids, _ in tests:
        *_, ((_, c), _) = steps(loop, vectors[ids[:100]])  # c: (100, units)
        sizes.append(float(np.abs(c).mean()))
    return right + sizes


EXPERIMENT = Experiment(
    "recall-training",
    "Learning to recall",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"longest": 10, "distance": 10, "steps": 30, "tested": 100, "episodes": 2},
    notes=recall.notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
