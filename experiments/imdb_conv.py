"""Convolution alone on IMDB: phrases of five words, and the strongest of each kind in the review.

Source:     noobs-guide, hsv-ai-2019
Claim:      convolutional networks do not perform well on sequences; they accept inputs of a fixed
            size only.
Protocol:   as imdb-lstm, with a convolution (64 filters over 5 words) and global max pooling in
            place of the LSTM. With --maxlen 100 it reads what imdb-conv-lstm reads.
Deviations: the documents give no such network. Filters and words are those of the convolution in
            imdb-conv-lstm.
Expected:   about 2 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import SAMPLE, ImdbNetwork, ImdbProtocol, load_padded, network_notes
from harness.experiment import main
from harness.protocol import setting


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol and the convolution's width; its filters are the units."""

    kernel_size: int = setting(5, "words that the convolution sees at once", minimum=1)


def notes(protocol):
    size = f"The documents give no such network: {protocol.units} filters over "
    return [f"{size}{protocol.kernel_size} words.", *network_notes(protocol)]


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    reviews = load_padded(protocol, run)
    model = networks.conv_classifier(*protocol.sizes, kernel_size=protocol.kernel_size)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENT = ImdbNetwork(
    "imdb-conv",
    "Conv1D + pooling",
    protocol=Protocol(units=64),
    sample=SAMPLE | {"epochs": 2},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
