"""What `any-length` measures: networks on reviews of their own length and of other lengths."""

from __future__ import annotations

import numpy as np
from keras.utils import pad_sequences

from harness.training.fit import evaluate


def lengths(maxlen: int) -> list[int]:
    """The lengths to test, in timesteps: 100, 200, 500 and 1,000 for a `maxlen` of 500."""
    return sorted({max(maxlen * part // 10, 1) for part in (2, 4, 10, 20)})


def by_length(reviews: list[np.ndarray]) -> dict[int, np.ndarray]:
    """Indices of the reviews of each length, by number of timesteps."""
    counts = np.array([len(review) for review in reviews])  # (reviews,)
    return {int(length): np.flatnonzero(counts == length) for length in np.unique(counts)}


def accuracy_at_own_length(model, reviews: list[np.ndarray], labels: np.ndarray) -> float:
    """Accuracy where no review is padded; reviews of one length make a batch."""
    right = 0
    for index in by_length(reviews).values():
        x = np.stack([reviews[i] for i in index])  # (batch, timesteps)
        p = model.predict_on_batch(x)  # (batch, 1)
        right += int(((p[:, 0] > 0.5) == labels[index]).sum())
    return right / len(labels)


def accuracy_at(model, reviews: list[np.ndarray], labels: np.ndarray, length: int) -> float | None:
    """Accuracy on reviews of one length; None where the network cannot read that length."""
    expected = model.input_shape[1]
    if expected is not None and expected != length:
        return None
    return evaluate(model, (pad_sequences(reviews, length), labels))["accuracy"]
