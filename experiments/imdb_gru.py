"""GRU on IMDB: the same network as imdb-lstm with a GRU in place of the LSTM.

Source:     recurrent-overview (claim gru-vs-lstm)
Claim:      GRU and LSTM are on a par in accuracy and GRU is cheaper; try both. No number.
Protocol:   as imdb-lstm.
Deviations: the documents train no GRU on IMDB; it follows the protocol of the LSTM. Keras 3's GRU
            resets after the recurrent product, that of the documents' Keras 2 before it.
Expected:   1 to 2 minutes on one CPU core.
"""

from experiments.common.imdb import GatedProtocol, ImdbNetwork, load_padded, network_notes
from harness.experiment import main


def notes(protocol):
    return [
        *network_notes(protocol),
        "Keras 3's GRU resets after the product with the recurrent weights and has a second bias; "
        "the GRU of the documents' Keras 2 resets before it.",
    ]


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    reviews = load_padded(protocol, run)
    model = networks.recurrent_classifier("gru", *protocol.sizes, gates=protocol.gates)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENT = ImdbNetwork("imdb-gru", "GRU", protocol=GatedProtocol(), notes=notes, train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
