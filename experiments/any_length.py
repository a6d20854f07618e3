"""One trained recurrent network on reviews of any length, beside a feed-forward one.

Source:     simple-rnn-blog (claim any-length), noobs-guide (the feed-forward alternative),
            hsv-ai-2019 (convolutions)
Claim:      one recurrent network processes sequences of any length; a feed-forward network needs
            padding or truncation to one length; a convolutional one accepts a fixed size only.
Protocol:   the LSTM, the dense network and imdb-conv's convolution by the 500-word protocol, each
            trained once on reviews of 500 words, weights of the best validation epoch; then the
            same weights on the test reviews at their own length, in batches of equal length without
            padding, and padded or truncated to other lengths.
Deviations: the documents state it and measure nothing.
Expected:   about 8 minutes on one CPU core.
"""

import numpy as np

from experiments.common.imdb import ImdbProtocol, ImdbStudy, load_reviews, trained
from harness.experiment import main
from harness.records.study_outputs import Table

OWN = "own length"


def lengths_around(maxlen: int) -> list[int]:
    """The lengths to test, in timesteps: 100, 200, 500 and 1,000 for a `maxlen` of 500."""
    return sorted({max(maxlen * part // 10, 1) for part in (2, 4, 10, 20)})


def accuracy_at_own_length(model, reviews: list[np.ndarray], labels: np.ndarray) -> float:
    """Accuracy where no review is padded; reviews of one length make a batch."""
    counts = np.array([len(review) for review in reviews])  # (reviews,)
    right = 0
    for length in np.unique(counts):
        index = np.flatnonzero(counts == length)
        x = np.stack([reviews[i] for i in index])  # (batch, timesteps)
        p = model.predict_on_batch(x)  # (batch, 1)
        right += int(((p[:, 0] > 0.5) == labels[index]).sum())
    return right / len(labels)


def accuracy_at(model, reviews: list[np.ndarray], labels: np.ndarray, length: int) -> float | None:
    """Accuracy on reviews of one length; None where the network cannot read that length."""
    from keras.utils import pad_sequences

    from harness.training.fit import evaluate

    if model.input_shape[1] not in (None, length):
        return None
    return evaluate(model, (pad_sequences(reviews, length), labels))["accuracy"]


def train(protocol, run):
    from models.networks import conv_classifier, dense_classifier, recurrent_classifier

    whole = load_reviews(protocol, run, protocol.num_words)
    padded = whole.padded(protocol.maxlen)
    networks = {
        "LSTM": (recurrent_classifier, "lstm", *protocol.sizes),
        "Dense on the padded review": (dense_classifier, *protocol.sizes, protocol.maxlen),
        "Conv1D + pooling": (conv_classifier, protocol.num_words, protocol.embedding),
    }
    rows = {}
    for name, network in networks.items():
        model = trained(protocol, run, padded, name, *network)
        # There are a thousand lengths; compiling for each would take longer than reading them.
        model.compile(loss="binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        own = accuracy_at_own_length(model, *whole.test) if model.input_shape[1] is None else None
        at = {n: accuracy_at(model, *whole.test, n) for n in lengths_around(protocol.maxlen)}
        gain = None if own is None else own - at[protocol.maxlen]
        rows[name] = [own, *at.values(), gain]
    columns = [OWN, *(f"{n:,} words" for n in at), f"{OWN} less {protocol.maxlen:,} words"]
    title = f"Test accuracy of weights trained on {protocol.maxlen:,} words"
    run.finish_study([Table(title, columns, rows)])


EXPERIMENT = ImdbStudy("any-length", "Any length", protocol=ImdbProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
