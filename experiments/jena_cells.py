"""LSTM or SimpleRNN on the Jena climate series, in the GRU's place.

Source:     recurrent-overview trains a GRU alone there, and says which cell suits which task.
Claim:      LSTM for language and for complex tasks, GRU for simpler ones and for fewer data; the
            SimpleRNN loses what it read long ago.
Protocol:   as jena-gru, with another recurrent layer.
Deviations: as jena-gru. An LSTM of 32 units has a third more weights than the GRU, and a SimpleRNN
            a third as many.
Expected:   LSTM 3 to 5 minutes, SimpleRNN 1 to 2 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.jena import JenaNetwork, JenaProtocol, load_weather, window_notes
from harness.experiment import main
from harness.protocol import setting
from models.cells import CELLS

CHOICES = ("lstm", "simple-rnn")


@dataclass(frozen=True)
class Protocol(JenaProtocol):
    """The training protocol with a choice of the layer, which also names the experiment."""

    cell: str = setting("lstm", "recurrent layer", choices=CHOICES)


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    weather = load_weather(protocol, run)
    model = networks.recurrent_forecaster(protocol.cell, weather.shape[1], protocol.units)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="mae", metrics=["mae"])
    fit(run, model, weather, epochs=protocol.epochs, patience=protocol.patience)


EXPERIMENTS = [
    JenaNetwork(
        f"jena-{cell}",
        CELLS[cell].title,
        protocol=Protocol(cell=cell),
        notes=window_notes,
        train=train,
    )
    for cell in CHOICES
]

if __name__ == "__main__":
    main(EXPERIMENTS[0])
