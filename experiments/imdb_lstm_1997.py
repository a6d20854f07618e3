"""The first LSTM on IMDB: without a forget gate, the carry only adds up.

Source:     hsv-ai-2019 (the LSTM's history)
Claim:      none: the document tells of this LSTM and trains none.
Protocol:   as imdb-lstm.
Deviations: trained by full back-propagation through time, as every network here; in 1997 the
            gradient was cut off outside the carry.
Expected:   about 3 minutes on one CPU core.
"""

from experiments.common.imdb import (
    SAMPLE,
    ImdbProtocol,
    load_reviews,
    network_notes,
    train_classifier,
)
from harness.command_line import main
from harness.experiment import Experiment


def notes(protocol):
    return [
        *network_notes(protocol),
        "Without a forget gate the whole old carry is kept and the new is added; Keras's LSTM "
        "first multiplies the old carry by a forget gate.",
    ]


def train(protocol, run):
    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    from models import sentiment

    model = sentiment.lstm_1997(protocol.num_words, protocol.embedding, protocol.units)
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = Experiment(
    name="imdb-lstm-1997",
    title="LSTM of 1997, no forget gate",
    dataset="imdb",
    role="network",
    protocol=ImdbProtocol(),
    sample=SAMPLE,
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
