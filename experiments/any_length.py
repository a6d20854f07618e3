"""One trained recurrent network on reviews of any length, beside a feed-forward one.

Source:     simple-rnn-blog (claim any-length), noobs-guide (the feed-forward alternative)
Claim:      one recurrent network processes sequences of any length; a feed-forward network needs
            padding or truncation to one length.
Protocol:   the LSTM and the dense network of the 500-word protocol, each trained once on reviews of
            500 words, weights of the best validation epoch; then the same weights on the test
            reviews at their own length, in batches of equal length without padding, and padded or
            truncated to other lengths.
Deviations: the documents state it and measure nothing.
Expected:   about 8 minutes on one CPU core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.common.imdb import SAMPLE, ImdbProtocol, load_reviews, split_notes, train_for_study
from harness.command_line import main
from harness.experiment import Experiment

if TYPE_CHECKING:
    import numpy as np

OWN = "own length"


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol; the other lengths are parts and multiples of its own."""


def lengths(maxlen: int) -> list[int]:
    """Timesteps at which the networks are tested: 100, 200, 500 and 1,000 for the published 500."""
    return sorted({max(maxlen * part // 10, 1) for part in (2, 4, 10, 20)})


def by_length(reviews: list[np.ndarray]) -> dict[int, np.ndarray]:
    """Which reviews have the same length: indices by number of timesteps."""
    import numpy as np

    counts = np.array([len(review) for review in reviews])  # (reviews,)
    return {int(length): np.flatnonzero(counts == length) for length in np.unique(counts)}


def accuracy_at_own_length(model, reviews: list[np.ndarray], labels: np.ndarray) -> float:
    """Every review as long as it is, together with those of the same length."""
    import numpy as np

    right = 0
    for index in by_length(reviews).values():
        x = np.stack([reviews[i] for i in index])  # (batch, timesteps)
        p = model.predict_on_batch(x)  # (batch, 1)
        right += int(((p[:, 0] > 0.5) == labels[index]).sum())
    return right / len(labels)


def accuracy_at(model, reviews: list[np.ndarray], labels: np.ndarray, length: int) -> float | None:
    """Padded or truncated to one length; None where the network cannot read that length."""
    from data.imdb import pad_front
    from harness.training.fit import evaluate

    expected = model.input_shape[1]
    if expected is not None and expected != length:
        return None
    return evaluate(model, (pad_front(reviews, length), labels))["accuracy"]


def train(protocol, run):
    import keras

    from harness.records.study_outputs import Table
    from models import sentiment

    whole = load_reviews(run, protocol.num_words, None, protocol.validation_split)
    padded = whole.padded(protocol.maxlen)
    sizes = (protocol.num_words, protocol.embedding, protocol.units)
    networks = {
        "LSTM": lambda: sentiment.lstm(*sizes),
        "Dense on the padded review": lambda: sentiment.dense(*sizes, protocol.maxlen),
    }
    rows = {}
    for name, build in networks.items():
        keras.utils.set_random_seed(run.seed)
        model = build()
        train_for_study(protocol, padded, model, name)
        # a thousand different lengths: compiling for each would take longer than reading them
        model.compile(loss="binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        own = accuracy_at_own_length(model, *whole.test) if model.input_shape[1] is None else None
        at = {n: accuracy_at(model, *whole.test, n) for n in lengths(protocol.maxlen)}
        gain = None if own is None else own - at[protocol.maxlen]
        rows[name] = [own, *at.values(), gain]
    columns = [OWN, *(f"{n:,} words" for n in at), f"{OWN} less {protocol.maxlen:,} words"]
    title = f"Test accuracy of weights trained on {protocol.maxlen:,} words"
    run.finish_study([Table(title, columns, rows)])


EXPERIMENT = Experiment(
    name="any-length",
    title="Any length",
    dataset="imdb",
    role="study",
    protocol=Protocol(),
    sample=SAMPLE,
    notes=split_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
