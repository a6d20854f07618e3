"""Two stacked GRUs with dropout on the Jena climate series.

Source:     recurrent-overview (after Chollet, Deep Learning with Python)
Claim:      once a network no longer overfits, "stack more layers" to raise its capacity; and a
            published log.
Protocol:   as jena-gru-dropout, with two layers: GRU(32), which returns its states, below GRU(64)
            with a relu; dropout 0.1 and recurrent dropout 0.5 in both; 40 epochs.
Deviations: as jena-gru-dropout.
Expected:   35 to 45 minutes on one CPU core: Keras's own loop computes the layer with a relu.
"""

from dataclasses import dataclass

from experiments.common.jena import SAMPLE_WINDOWS, JenaNetwork, gru_notes, load_weather
from experiments.jena_gru_dropout import Protocol as SingleProtocol
from harness.experiment import main
from harness.protocol import LARGE, setting


@dataclass(frozen=True)
class Protocol(SingleProtocol):
    """That of the single layer, with other dropout rates and an upper layer."""

    upper_units: int = setting(64, "units of the upper layer", minimum=1, below=LARGE)
    dropout: float = setting(0.1, "share of the inputs dropped", minimum=0, below=1)
    recurrent_dropout: float = setting(0.5, "share of the state dropped", minimum=0, below=1)

    @property
    def gru_units(self) -> int:
        """Units of both layers."""
        return self.units + self.upper_units


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
        upper_units=protocol.upper_units,
    )
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="mae", metrics=["mae"])
    fit(run, model, weather, epochs=protocol.epochs, patience=protocol.patience)


EXPERIMENT = JenaNetwork(
    "jena-gru-stacked",
    "2 × GRU with dropout",
    protocol=Protocol(),
    sample={**SAMPLE_WINDOWS, "epochs": 2, "batches_per_epoch": 10},
    notes=gru_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
