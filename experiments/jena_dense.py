"""Feed-forward network on the Jena climate series: the whole window in one long row.

Source:     the book that recurrent-overview follows, where it is the first network tried
Claim:      published log: best validation MAE 0.2994, last 0.3545: worse than persistence (0.2897).
            Five independent re-runs: 0.3045 ± 0.0055.
Protocol:   as jena-gru, with one hidden layer of 32 units in place of the GRU.
Deviations: every validation window is evaluated exactly once an epoch.
Expected:   about 1 minute on one CPU core.
"""

from experiments.common.jena import (
    SAMPLE,
    JenaProtocol,
    load_windows,
    train_forecaster,
    window_notes,
)
from harness.command_line import main
from harness.experiment import Experiment


def train(protocol, run):
    climate, windows = load_windows(protocol, run)
    from models.climate import dense

    model = dense(len(windows.train.offsets), len(climate.quantities), protocol.units)
    train_forecaster(protocol, run, windows, model)


EXPERIMENT = Experiment(
    name="jena-dense",
    title="Dense on the flattened window",
    dataset="jena",
    role="baseline",
    protocol=JenaProtocol(),
    sample=SAMPLE,
    notes=window_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
