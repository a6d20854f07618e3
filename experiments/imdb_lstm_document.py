"""The documents' LSTM formula on IMDB: the output reads the old carry through a matrix.

Source:     recurrent-overview, r-slides
Claim:      none: both documents write this formula, and run Keras's LSTM, which is another.
Protocol:   as imdb-lstm.
Deviations: the documents leave the activations open: the sigmoid for the two gates, tanh for the
            new and for the output.
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
        "Its output is tanh of a sum that reads the old carry through a matrix; Keras's LSTM "
        "multiplies tanh of the new carry by an output gate.",
    ]


def train(protocol, run):
    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    from models import sentiment

    model = sentiment.document_lstm(protocol.num_words, protocol.embedding, protocol.units)
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = Experiment(
    name="imdb-lstm-document",
    title="LSTM as the documents write it",
    dataset="imdb",
    role="network",
    protocol=ImdbProtocol(),
    sample=SAMPLE,
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
