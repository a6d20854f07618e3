"""The LSTM of 2000 on IMDB: gates see the carry, and the output has no activation.

Source:     hsv-ai-2019 (the LSTM's history)
Claim:      none: the document tells of this LSTM and trains none.
Protocol:   as imdb-lstm.
Deviations: trained by full back-propagation through time, as every network here; in 2000 the
            gradient was cut off outside the carry.
Expected:   about 4 minutes on one CPU core.
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
        "Each gate also sees its own unit's carry, and the output is the gated carry itself; in "
        "Keras's LSTM no gate sees the carry, and the output is the gated tanh of it.",
    ]


def train(protocol, run):
    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    from models import sentiment

    model = sentiment.peephole_lstm(protocol.num_words, protocol.embedding, protocol.units)
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = Experiment(
    name="imdb-lstm-peephole",
    title="LSTM of 2000, peepholes",
    dataset="imdb",
    role="network",
    protocol=ImdbProtocol(),
    sample=SAMPLE,
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
