"""Remember one symbol: accuracy against the number of steps since it was read.

Source:     recurrent-overview, hsv-ai-2019, r-slides (claim memory)
Claim:      "The last state, it will remember, but bunch of steps ago? Fuggetaboutit.": SimpleRNN
            loses distant inputs, LSTM does not.
Protocol:   sequences of meaningless ids with one symbol of eight among them, which the network
            names at the end. Each cell (32 units) is trained twice: on sequences of one distance
            alone, anew for each distance, and once on all distances up to the longest, short ones
            as often as long ones (log-uniform). As many training steps each time, by the Adam of
            Keras 2.0.
Deviations: the documents argue and measure nothing; the task is the usual one of the literature.
Expected:   about 8 minutes on one CPU core.
"""

from dataclasses import dataclass
from functools import partial

from harness.experiment import Experiment, main
from harness.protocol import LARGE, OPTIMIZERS, setting
from harness.records.run import made_data
from models.cells import CELLS, COMPARED

ALONE, MIXED = "trained on this distance alone", "trained on all distances at once"


@dataclass(frozen=True)
class Protocol:
    """The task and its training."""

    symbols: int = setting(8, "number of symbols; one of them is to be remembered", minimum=2)
    fillers: int = setting(8, "number of filler ids, which mean nothing", minimum=1)
    longest: int = setting(400, "longest distance at which a symbol is recalled", minimum=10)
    embedding: int = setting(16, "size of the embedding", minimum=1, below=LARGE)
    units: int = setting(32, "units of the recurrent layer", minimum=1, below=LARGE)
    steps: int = setting(1000, "training steps of each network", minimum=1)
    batch_size: int = setting(128, "sequences a training step", minimum=1)
    optimizer: str = setting("adam-keras-2.0", "update rule", choices=OPTIMIZERS)
    learning_rate: float = setting(0.003, "step size of the optimizer", minimum=1e-8)
    tested: int = setting(2000, "test sequences at each distance", minimum=1)


def notes(protocol):
    return [
        f"Each network is trained for {protocol.steps:,} steps of {protocol.batch_size:,} "
        "sequences; what it has not learnt by then it might learn later."
    ]


def train(protocol, run):
    import numpy as np

    from experiments.common.recall_accuracy import accuracies, distances, recall_outputs

    run.write("data", made_data(run.sample, "Made-up sequences: one symbol among random fillers."))
    longest = protocol.longest

    def one_distance(distance, rng, count):
        return np.full(count, distance)

    def any_distance(rng, count):
        return np.exp(rng.uniform(0, np.log(longest + 1), count)).astype(int)

    found = {ALONE: {}, MIXED: {}}
    for cell in COMPARED:
        measure = partial(accuracies, protocol, run, cell)
        title = CELLS[cell].title
        found[ALONE][title] = {}
        for d in distances(longest, shortest=10):
            found[ALONE][title] |= measure(f"distance {d}", d, partial(one_distance, d), [d])
        found[MIXED][title] = measure("all distances", longest, any_distance, distances(longest))
    run.finish_study(recall_outputs(found, chance=1 / protocol.symbols))


EXPERIMENT = Experiment(
    "recall",
    "Recall of one symbol",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"longest": 25, "steps": 60, "tested": 500},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
