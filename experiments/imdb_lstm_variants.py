"""Three other LSTMs on IMDB: the documents' formula, the LSTM of 1997 and that of 2000.

Source:     recurrent-overview, r-slides (lstm-document); hsv-ai-2019, the LSTM's history (others)
Claim:      none. Two documents write the formula and run Keras's LSTM, which is another; one tells
            of the older LSTMs and trains none.
Protocol:   as imdb-lstm, with one of three layers. In lstm-document the output reads the old carry
            through a matrix. lstm-1997 has no forget gate, so the carry only adds up. In
            lstm-peephole gates see the carry, and the output has no activation.
Deviations: the documents leave the activations of their formula open: here the sigmoid for its two
            gates, tanh for the new and for the output. The older LSTMs are trained by full
            back-propagation through time, like every network here; their authors cut the gradient
            off outside the carry.
Expected:   1 to 2 minutes each on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import ImdbNetwork, ImdbProtocol, load_padded, network_notes
from harness.experiment import main
from harness.protocol import setting
from models.cells import CELLS

NOTES = {
    "lstm-document": (
        "Its output is tanh of a sum that reads the old carry through a matrix; Keras's LSTM "
        "multiplies tanh of the new carry by an output gate."
    ),
    "lstm-1997": (
        "Without a forget gate the whole old carry is kept and the new is added; Keras's LSTM "
        "first multiplies the old carry by a forget gate."
    ),
    "lstm-peephole": (
        "Each gate also sees its own unit's carry, and the output is the gated carry itself; in "
        "Keras's LSTM no gate sees the carry, and the output is the gated tanh of it."
    ),
}


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol with a choice of the layer, which also names the experiment."""

    cell: str = setting("lstm-document", "recurrent layer", choices=tuple(NOTES))


def notes(protocol):
    return [*network_notes(protocol), NOTES[protocol.cell]]


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    reviews = load_padded(protocol, run)
    model = networks.recurrent_classifier(protocol.cell, *protocol.sizes)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENTS = [
    ImdbNetwork(
        f"imdb-{cell}", CELLS[cell].title, protocol=Protocol(cell=cell), notes=notes, train=train
    )
    for cell in NOTES
]

if __name__ == "__main__":
    main(EXPERIMENTS[0])
