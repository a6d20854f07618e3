"""SimpleRNN on IMDB: word vectors, one SimpleRNN, its last state classified.

Source:     recurrent-overview, simple-rnn-blog, r-slides (after Chollet, Deep Learning with Python)
Claim:      a stated accuracy and a published log.
Protocol:   10,000 words, the last 500 tokens of a review, rmsprop of Keras 2.0, binary
            cross-entropy, batch 128, 10 epochs, validated on the last 20 % of the training reviews.
Deviations: the published result is the best validation epoch. Here the test reviews are evaluated
            too, with the weights of that epoch and with those of the last.
Expected:   about 1 minute on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import ImdbNetwork, ImdbProtocol, load_padded
from harness.experiment import main
from harness.protocol import setting


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and the memory that noobs-guide wants to add."""

    lags: int = setting(
        1, "earlier outputs that a step reads: h_{t-1}, h_{t-2}, ...", minimum=1, below=100, off=1
    )


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    reviews = load_padded(protocol, run)
    model = networks.recurrent_classifier("simple-rnn", *protocol.sizes, lags=protocol.lags)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENT = ImdbNetwork("imdb-simple-rnn", "SimpleRNN", protocol=Protocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
