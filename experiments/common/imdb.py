"""What the IMDB experiments share: the protocol's values, the split, and the training call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import RunError
from harness.protocol import GATES, OPTIMIZERS, setting
from harness.records.run import Run

if TYPE_CHECKING:  # at run time these wait until the command line has been read
    import keras
    import numpy as np

# The sample reviews have at most 26 words out of 205, and there are 8,000 of them.
SAMPLE = {"num_words": 250, "maxlen": 28, "epochs": 6, "batch_size": 32}

VALIDATED_ON_TEST = (
    "Validated on the test reviews: the best epoch is chosen on the data that it is then tested on."
)

KERAS_2_RULE = (
    "Trained by the RMSprop of Keras 2, as the published networks were; Keras 3's own has another "
    "rule (--optimizer rmsprop)."
)


@dataclass(frozen=True)
class SplitProtocol:
    """How the reviews are divided, common to networks and baselines."""

    validation_split: float = setting(
        0.2,
        "last share of the training reviews, kept for validation; 0 validates on the test reviews",
        minimum=0,
        below=1,
    )


@dataclass(frozen=True)
class ImdbProtocol(SplitProtocol):
    """Values of the 500-word protocol (`simple-rnn-blog`, `recurrent-overview`, `r-slides`)."""

    num_words: int = setting(10_000, "ids below this stay, rarer words become 2", minimum=4)
    maxlen: int = setting(500, "tokens of each review; the last ones stay", minimum=1)
    embedding: int = setting(32, "features of a word vector", minimum=1)
    units: int = setting(32, "units of each hidden layer", minimum=1)
    epochs: int = setting(10, "passes over the training reviews", minimum=1)
    batch_size: int = setting(128, "reviews a training step", minimum=1)
    optimizer: str = setting(
        "rmsprop-keras2", "update rule; rmsprop is Keras 3's", choices=OPTIMIZERS
    )
    learning_rate: float = setting(0.001, "step size of the optimizer", minimum=1e-8)


@dataclass(frozen=True)
class GatedProtocol(ImdbProtocol):
    """The 500-word protocol for layers with gates."""

    gates: str = setting("sigmoid", "function that opens the gates", choices=GATES)


@dataclass(frozen=True)
class Reviews:
    """Three splits: ids of shape (reviews, maxlen) where padded, labels of shape (reviews,)."""

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    def padded(self, maxlen: int) -> Reviews:
        """The same reviews, all with `maxlen` timesteps."""
        from data.imdb import pad_front

        train, validation, test = (
            (pad_front(x, maxlen), y) for x, y in (self.train, self.validation, self.test)
        )
        return Reviews(train, validation, test)

    def summarise(self, split: str, probabilities: np.ndarray) -> tuple[float, dict]:
        """Accuracy on `validation` or `test`, and what a record keeps of the predictions.

        Args:
            split: name of the split.
            probabilities: of the positive class for each of its reviews, shape (reviews,).
        """
        from harness.records.predictions import pack_right

        right = (probabilities > 0.5) == (getattr(self, split)[1] > 0.5)  # (reviews,)
        return float(right.mean()), pack_right(right)

    @property
    def majority_label(self) -> int:
        """The training reviews' more frequent label."""
        return int(self.train[1].mean() >= 0.5)

    def majority(self) -> dict:
        """Accuracy of always answering the training reviews' more frequent label."""
        return {
            "label": "majority class",
            "validation": float((self.validation[1] == self.majority_label).mean()),
            "test": float((self.test[1] == self.majority_label).mean()),
        }


def load_reviews(
    run: Run, num_words: int | None, maxlen: int | None, validation_split: float
) -> Reviews:
    """Loads, pads and splits the reviews, and writes their provenance to the run.

    Args:
        run: gives the data directory; receives the provenance.
        num_words: ids from here on become 2; None keeps the whole vocabulary.
        maxlen: timesteps of every padded review; None leaves each review at its own length.
        validation_split: last share of the training reviews, kept for validation; 0 validates on
            the test reviews.

    Raises:
        RunError: the split leaves no review on one side.
    """
    from data.imdb import load_imdb

    imdb = load_imdb(run.data_dir, num_words=num_words, sample=run.sample)
    run.write("data", imdb.provenance)
    x = imdb.x_train
    kept = int(len(x) * (1 - validation_split))  # counted as Keras's `validation_split` counts
    if kept == 0 or (validation_split and kept == len(x)):
        raise RunError(
            f"--validation-split {validation_split:g} leaves {kept:,} of {len(x):,} reviews for "
            "training; each part needs at least one."
        )
    test = imdb.x_test, imdb.y_test
    reviews = Reviews(
        train=(x[:kept], imdb.y_train[:kept]),
        validation=(x[kept:], imdb.y_train[kept:]) if validation_split else test,
        test=test,
    )
    return reviews.padded(maxlen) if maxlen else reviews


def split_notes(protocol: SplitProtocol) -> list[str]:
    """What a reader must know of the split to compare results."""
    return [] if protocol.validation_split else [VALIDATED_ON_TEST]


def network_notes(protocol: ImdbProtocol) -> list[str]:
    """The same for a network, and by which rule it was trained."""
    notes = split_notes(protocol)
    if protocol.optimizer == "rmsprop-keras2":
        notes.append(KERAS_2_RULE)
    return notes


def _training(protocol: ImdbProtocol) -> dict:
    """How every network on IMDB is trained, as the harness names it."""
    return {
        "optimizer": protocol.optimizer,
        "learning_rate": protocol.learning_rate,
        "loss": "binary_crossentropy",
        "metric": "accuracy",
        "epochs": protocol.epochs,
        "batch_size": protocol.batch_size,
    }


def train_classifier(
    protocol: ImdbProtocol,
    run: Run,
    reviews: Reviews,
    model: keras.Model,
) -> None:
    """Trains on binary cross-entropy."""
    from harness.training.fit import fit

    fit(
        run,
        model,
        train=reviews.train,
        validation=reviews.validation,
        test=reviews.test,
        **_training(protocol),
        summarise=reviews.summarise,
        reference=reviews.majority(),
    )


def train_for_study(
    protocol: ImdbProtocol, reviews: Reviews, model: keras.Model, name: str
) -> None:
    """Trains one of several networks of a study; it keeps the weights of the best epoch.

    Args:
        protocol: values of the training.
        reviews: its training and validation reviews are used.
        model: uncompiled network.
        name: printed before each epoch's values.
    """
    import keras

    from harness.training.fit import train_model

    best = keras.callbacks.EarlyStopping(
        "val_accuracy", patience=protocol.epochs, mode="max", restore_best_weights=True
    )
    train_model(
        model,
        train=reviews.train,
        validation=reviews.validation,
        **_training(protocol),
        callbacks=[best],
        name=name,
    )
