"""The "naive approach" on IMDB: the padded review in one long row, into a feed-forward network.

Source:     simple-rnn-blog, noobs-guide
Claim:      none measured; the documents say that it ignores what the positions share and needs
            every review at one length.
Protocol:   as imdb-simple-rnn, with one hidden layer of 32 units in place of the SimpleRNN.
Deviations: the documents give no size; the hidden layer has as many units as the SimpleRNN.
Expected:   about 2 minutes on one CPU core.
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


def train(protocol, run):
    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    from models import sentiment

    model = sentiment.dense(protocol.num_words, protocol.embedding, protocol.units, protocol.maxlen)
    train_classifier(protocol, run, reviews, model)


def notes(protocol):
    size = f"The documents give no size for this network: one hidden layer of {protocol.units}."
    return [size, *network_notes(protocol)]


EXPERIMENT = Experiment(
    name="imdb-dense",
    title="Dense on the padded review",
    dataset="imdb",
    role="baseline",
    protocol=ImdbProtocol(),
    sample=SAMPLE,
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
