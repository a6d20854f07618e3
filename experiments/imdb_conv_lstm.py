"""Recurrent convolutional network on IMDB: Conv1D and pooling shorten the review for an LSTM.

Source:     hsv-ai-2019 (the widespread Keras example)
Claim:      the script's docstring states a test accuracy, measured in 2015 with kernel 3, pool 2
            and a 20,000/5,000 split; the document prints the log of both epochs.
Protocol:   20,000 words, the last 100 tokens, adam, binary cross-entropy, batch 30, 2 epochs,
            trained on all 25,000 training reviews and validated on the 25,000 test reviews.
            Of 2015: --kernel-size 3 --pool-size 2 --validation-split 0.2.
Deviations: the best of the two epochs is shown beside the last, which is the published one.
Expected:   1 to 4 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import SAMPLE, GatedProtocol, ImdbNetwork, load_padded, network_notes
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import LARGE, setting


@dataclass(frozen=True)
class Protocol(GatedProtocol):
    """The 500-word protocol's settings and those of the convolution; the values are below."""

    dropout: float = setting(0.25, "share of the word vectors dropped", minimum=0, below=1)
    filters: int = setting(64, "features of the convolution", minimum=1, below=LARGE)
    kernel_size: int = setting(5, "words that the convolution sees at once", minimum=1)
    pool_size: int = setting(4, "positions of which the strongest is kept", minimum=1)


PUBLISHED = Protocol(
    num_words=20_000,
    maxlen=100,
    embedding=128,
    units=70,
    epochs=2,
    batch_size=30,
    optimizer="adam-keras-2.2",
    validation_split=0.0,  # the test reviews
)


def notes(protocol):
    return [*network_notes(protocol), "The published log's number is that of the last epoch."]


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    shortest = protocol.kernel_size + protocol.pool_size - 1
    if protocol.maxlen < shortest:
        raise RunError(
            f"--maxlen {protocol.maxlen} leaves nothing after a convolution of "
            f"{protocol.kernel_size} and pooling of {protocol.pool_size}; it must be at least "
            f"{shortest}."
        )
    reviews = load_padded(protocol, run)
    names = ("dropout", "filters", "kernel_size", "pool_size", "gates")
    own = {name: getattr(protocol, name) for name in names}
    model = networks.conv_lstm_classifier(*protocol.sizes, **own)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENT = ImdbNetwork(
    "imdb-conv-lstm",
    "Conv1D + LSTM",
    protocol=PUBLISHED,
    sample=SAMPLE | {"epochs": 3},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
