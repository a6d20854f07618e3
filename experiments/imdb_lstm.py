"""LSTM on IMDB: the same network as imdb-simple-rnn with an LSTM in place of the SimpleRNN.

Source:     recurrent-overview, r-slides (after Chollet, Deep Learning with Python)
Claim:      more accurate than the SimpleRNN, by a stated accuracy and a published log.
Protocol:   10,000 words, the last 500 tokens of a review, rmsprop of Keras 2.0, binary
            cross-entropy, batch 128, 10 epochs, validated on the last 20 % of the training reviews.
Deviations: as imdb-simple-rnn.
Expected:   1 to 2 minutes on one CPU core.
"""

from experiments.common.imdb import GatedProtocol, ImdbNetwork, load_padded, train_classifier
from harness.experiment import main


def train(protocol, run):
    reviews = load_padded(protocol, run)
    from models import imdb

    sizes = protocol.num_words, protocol.embedding, protocol.units
    model = imdb.recurrent("lstm", *sizes, gates=protocol.gates)
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = ImdbNetwork("imdb-lstm", "LSTM", protocol=GatedProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
