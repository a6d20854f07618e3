"""Four stacked SimpleRNNs on IMDB: each but the last returns its whole state sequence.

Source:     recurrent-overview, simple-rnn-blog, r-slides
Claim:      stacking adds power in theory; "most times" it does not help.
Protocol:   as imdb-simple-rnn, with four layers of 32 units.
Deviations: the documents print the model and its parameters. They do not train it; here it follows
            the protocol of the single SimpleRNN.
Expected:   1 to 3 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import SAMPLE, ImdbNetwork, ImdbProtocol, load_padded
from harness.experiment import main
from harness.protocol import setting


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol with the height of the stack."""

    depth: int = setting(4, "stacked recurrent layers", minimum=1)


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    reviews = load_padded(protocol, run)
    model = networks.recurrent_classifier("simple-rnn", *protocol.sizes, depth=protocol.depth)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENT = ImdbNetwork(
    "imdb-stacked-rnn",
    "4 × SimpleRNN",
    protocol=Protocol(),
    sample=SAMPLE | {"epochs": 4},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
