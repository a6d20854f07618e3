"""SimpleRNN on IMDB: word vectors, one SimpleRNN, its last state classified.

Source:     recurrent-overview, simple-rnn-blog, r-slides (after Chollet, Deep Learning with Python)
Claim:      accuracy "about 85 %"; published log: best validation 0.8460, last 0.8054.
            Six independent re-runs: 0.862 ± 0.010, last epoch 0.810 ± 0.014.
Protocol:   10,000 words, the last 500 tokens of a review, Keras 2's rmsprop, binary cross-entropy,
            batch 128, 10 epochs, validated on the last 20 % of the training reviews.
Deviations: the published result is the best validation epoch; here the test reviews are evaluated
            too, with the weights of that epoch and with those of the last.
Expected:   1 to 2 minutes on one CPU core.
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

    model = sentiment.simple_rnn(protocol.num_words, protocol.embedding, protocol.units)
    train_classifier(protocol, run, reviews, model)


EXPERIMENT = Experiment(
    name="imdb-simple-rnn",
    title="SimpleRNN",
    dataset="imdb",
    role="network",
    protocol=ImdbProtocol(),
    sample=SAMPLE,
    notes=network_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
