"""Four stacked SimpleRNNs on IMDB: each but the last returns its whole state sequence.

Source:     recurrent-overview, simple-rnn-blog, r-slides
Claim:      stacking adds power in theory; "most times" it does not help.
Protocol:   as imdb-simple-rnn, with four layers of 32 units.
Deviations: the documents print the model and its parameters; training it follows the protocol of
            the single SimpleRNN.
Expected:   3 to 4 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import (
    SAMPLE,
    ImdbProtocol,
    load_reviews,
    network_notes,
    train_classifier,
)
from harness.command_line import main
from harness.experiment import Experiment
from harness.protocol import setting


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol with the height of the stack."""

    depth: int = setting(4, "stacked recurrent layers", minimum=1)


def train(protocol, run):
    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    from models import sentiment

    model = sentiment.stacked_rnn(
        protocol.num_words, protocol.embedding, protocol.units, protocol.depth
    )
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = Experiment(
    name="imdb-stacked-rnn",
    title="4 × SimpleRNN",
    dataset="imdb",
    role="network",
    protocol=Protocol(),
    sample=SAMPLE | {"epochs": 4},
    notes=network_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
