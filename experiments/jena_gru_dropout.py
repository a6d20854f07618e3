"""GRU with dropout on the Jena climate series: one mask a window, on the inputs and on the state.

Source:     recurrent-overview (after Chollet, Deep Learning with Python)
Claim:      a stated error and a published log; dropout keeps the last epochs from getting worse.
Protocol:   as jena-gru, with dropout 0.2 and recurrent dropout 0.2, 40 epochs.
Deviations: as jena-gru.
Expected:   5 to 13 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.jena import GruProtocol, JenaNetwork, gru_notes, load_weather
from harness.experiment import main
from harness.protocol import setting


@dataclass(frozen=True)
class Protocol(GruProtocol):
    """The training protocol with its dropout rates."""

    epochs: int = setting(40, "rounds of training and validation", minimum=1)
    dropout: float = setting(0.2, "share of the inputs dropped", minimum=0, below=1)
    recurrent_dropout: float = setting(0.2, "share of the state dropped", minimum=0, below=1)


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    weather = load_weather(protocol, run)
    model = networks.gru_forecaster(
        features=weather.shape[1],
        units=protocol.units,
        dropout=protocol.dropout,
        recurrent_dropout=protocol.recurrent_dropout,
        reset_after=protocol.reset_after,
        gates=protocol.gates,
    )
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="mae", metrics=["mae"])
    fit(run, model, weather, epochs=protocol.epochs, patience=protocol.patience)


EXPERIMENT = JenaNetwork(
    "jena-gru-dropout", "GRU with dropout", protocol=Protocol(), notes=gru_notes, train=train
)

if __name__ == "__main__":
    main(EXPERIMENT)
