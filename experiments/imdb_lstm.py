"""LSTM on IMDB: the same network as imdb-simple-rnn with an LSTM in place of the SimpleRNN.

Source:     recurrent-overview, r-slides (after Chollet, Deep Learning with Python)
Claim:      more accurate than the SimpleRNN, by a stated accuracy and a published log.
Protocol:   10,000 words, the last 500 tokens of a review, rmsprop of Keras 2.0, binary
            cross-entropy, batch 128, 10 epochs, validated on the last 20 % of the training reviews.
Deviations: as imdb-simple-rnn.
Expected:   1 to 2 minutes on one CPU core.
"""

from experiments.common.imdb import GatedProtocol, ImdbNetwork, load_padded
from harness.experiment import main


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    reviews = load_padded(protocol, run)
    model = networks.recurrent_classifier("lstm", *protocol.sizes, gates=protocol.gates)
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    epochs, batch_size, patience = protocol.epochs, protocol.batch_size, protocol.patience
    fit(run, model, reviews, epochs=epochs, batch_size=batch_size, patience=patience)


EXPERIMENT = ImdbNetwork("imdb-lstm", "LSTM", protocol=GatedProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
