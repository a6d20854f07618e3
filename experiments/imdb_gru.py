"""GRU on IMDB: the same network as imdb-lstm with a GRU in place of the LSTM.

Source:     recurrent-overview (claim gru-vs-lstm)
Claim:      GRU and LSTM are on a par in accuracy and GRU is cheaper; try both. No number.
Protocol:   as imdb-lstm.
Deviations: the documents train no GRU on IMDB; it follows the protocol of the LSTM. Keras 3's GRU
            resets after the recurrent product, that of the documents' Keras 2 before it.
Expected:   about 4 minutes on one CPU core.
"""

from experiments.common.imdb import (
    SAMPLE,
    GatedProtocol,
    load_reviews,
    network_notes,
    train_classifier,
)
from harness.command_line import main
from harness.experiment import Experiment


def notes(protocol):
    return [
        *network_notes(protocol),
        "Keras 3's GRU resets after the product with the recurrent weights and has a second bias; "
        "the GRU of the documents' Keras 2 resets before it.",
    ]


def train(protocol, run):
    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    from models import sentiment

    model = sentiment.gru(
        protocol.num_words, protocol.embedding, protocol.units, gates=protocol.gates
    )
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = Experiment(
    name="imdb-gru",
    title="GRU",
    dataset="imdb",
    role="network",
    protocol=GatedProtocol(),
    sample=SAMPLE,
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
