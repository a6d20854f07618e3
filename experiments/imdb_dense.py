"""The "naive approach" on IMDB: the padded review in one long row, into a feed-forward network.

Source:     simple-rnn-blog, noobs-guide
Claim:      none measured; the documents say that it ignores what the positions share and needs
            every review at one length.
Protocol:   as imdb-simple-rnn, with one hidden layer of 32 units in place of the SimpleRNN.
Deviations: the documents give no size; the hidden layer has as many units as the SimpleRNN.
Expected:   1 to 2 minutes on one CPU core.
"""

from experiments.common.imdb import ImdbNetwork, ImdbProtocol, load_padded, network_notes
from harness.experiment import main


def notes(protocol):
    size = f"The documents give no size for this network: one hidden layer of {protocol.units}."
    return [size, *network_notes(protocol)]


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    reviews = load_padded(protocol, run)
    model = networks.dense_classifier(*protocol.sizes, protocol.maxlen)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENT = ImdbNetwork(
    "imdb-dense",
    "Dense on the padded review",
    role="baseline",
    protocol=ImdbProtocol(),
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
