"""Feed-forward network on the Jena climate series: the whole window in one long row.

Source:     the book that recurrent-overview follows, where it is the first network tried
Claim:      a published log, in which it is worse than persistence.
Protocol:   as jena-gru, with one hidden layer of 32 units in place of the GRU.
Deviations: every validation window is evaluated exactly once an epoch.
Expected:   about 1 minute on one CPU core.
"""

from experiments.common.jena import JenaNetwork, JenaProtocol, load_weather, window_notes
from harness.experiment import main


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    weather = load_weather(protocol, run)
    model = networks.dense_forecaster(*weather.shape, protocol.units)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="mae", metrics=["mae"])
    fit(run, model, weather, epochs=protocol.epochs, patience=protocol.patience)


EXPERIMENT = JenaNetwork(
    "jena-dense",
    "Dense on the flattened window",
    role="baseline",
    protocol=JenaProtocol(),
    notes=window_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
