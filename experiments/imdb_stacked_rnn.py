"""Four stacked SimpleRNNs on IMDB: each but the last returns its whole state sequence.

Source:     recurrent-overview, simple-rnn-blog, r-slides
Claim:      stacking adds power in theory; "most times" it does not help.
Protocol:   as imdb-simple-rnn, with four layers of 32 units.
Deviations: the documents print the model and its parameters. They do not train it; here it follows
            the protocol of the single SimpleRNN.
Expected:   1 to 3 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import (
    SAMPLE,
    ImdbNetwork,
    ImdbProtocol,
    load_padded,
    train_classifier,
)
from harness.experiment import main
from harness.protocol import setting


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol with the height of the stack."""

    depth: int = setting(4, "stacked recurrent layers", minimum=1)


def train(protocol, run):
    reviews = load_padded(protocol, run)
    from models import imdb

    sizes = protocol.num_words, protocol.embedding, protocol.units
    model = imdb.recurrent("simple-rnn", *sizes, depth=protocol.depth)
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = ImdbNetwork(
    "imdb-stacked-rnn",
    "4 × SimpleRNN",
    protocol=Protocol(),
    sample=SAMPLE | {"epochs": 4},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
