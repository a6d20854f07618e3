"""LSTM on IMDB: the same network as imdb-simple-rnn with an LSTM in place of the SimpleRNN.

Source:     recurrent-overview, r-slides (after Chollet, Deep Learning with Python)
Claim:      accuracy 89 %; published log: best validation 0.8928, last 0.8758.
            Six independent re-runs: 0.8907 ± 0.0030.
Protocol:   10,000 words, the last 500 tokens of a review, Keras 2's rmsprop, binary cross-entropy,
            batch 128, 10 epochs, validated on the last 20 % of the training reviews.
Deviations: as imdb-simple-rnn.
Expected:   about 3 minutes on one CPU core.
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


def train(protocol, run):
    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    from models import sentiment

    model = sentiment.lstm(
        protocol.num_words, protocol.embedding, protocol.units, gates=protocol.gates
    )
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = Experiment(
    name="imdb-lstm",
    title="LSTM",
    dataset="imdb",
    role="network",
    protocol=GatedProtocol(),
    sample=SAMPLE,
    notes=network_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
