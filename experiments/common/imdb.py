"""What the IMDB experiments share: the protocol's values, the split, a study's training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from harness.errors import RunError
from harness.experiment import Experiment
from harness.protocol import GATES, LARGE, OPTIMIZERS, patience, setting
from harness.records.files import write_text
from harness.records.run import VOCABULARY, Run

if TYPE_CHECKING:  # at run time these wait until the command line has been read
    import keras
    import numpy as np

# The sample reviews have at most 26 words out of 205, and there are 8,000 of them.
SAMPLE = {"num_words": 250, "maxlen": 28, "epochs": 6, "batch_size": 32}
# For studies that only show that they work: all batches are whole, or XLA would compile each size.
QUICK = SAMPLE | {"epochs": 1, "batch_size": 700, "validation_split": 0.125}

WHOLE = 0.95  # share of one's own training reviews that are read whole, if --maxlen allows
SHORTEST = 10  # timesteps: fewer would leave nothing after the convolution

VALIDATED_ON_TEST = (
    "Validated on the test reviews: the best epoch is chosen on the data that it is then tested on."
)

OLD_RULES = {
    "rmsprop-keras-2.0": "Trained by the RMSprop of Keras 2.0.8, as the published networks were; "
    "today's has another rule (--optimizer rmsprop).",
    "adam-keras-2.2": "Trained by the Adam of Keras 2.2.4, as the published network was; today's "
    "squares the gradients of a repeated word singly (--optimizer adam).",
}


@dataclass(frozen=True)
class SplitProtocol:
    """How the reviews are divided, common to networks and baselines."""

    validation_split: float = setting(
        0.2,
        "share of the training reviews (the last ones) used for validation; 0: the test reviews",
        minimum=0,
        below=1,
    )


@dataclass(frozen=True)
class NetworkProtocol(SplitProtocol):
    """The sizes of a network on padded reviews."""

    num_words: int = setting(10_000, "vocabulary size; rarer words become 2 (unknown)", minimum=4)
    maxlen: int = setting(500, "tokens of each review; the last ones stay", minimum=1, below=10_000)
    embedding: int = setting(32, "features of a word vector", minimum=1, below=LARGE)
    units: int = setting(32, "units of each hidden layer", minimum=1, below=LARGE)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Vocabulary, features of a word vector and units, in the order of the networks."""
        return self.num_words, self.embedding, self.units


@dataclass(frozen=True)
class ImdbProtocol(NetworkProtocol):
    """Values of the 500-word protocol (`simple-rnn-blog`, `recurrent-overview`, `r-slides`)."""

    epochs: int = setting(10, "passes over the training reviews", minimum=1)
    batch_size: int = setting(128, "reviews a training step", minimum=1)
    optimizer: str = setting(
        "rmsprop-keras-2.0", "update rule; `rmsprop` is Keras 3's own", choices=OPTIMIZERS
    )
    learning_rate: float = setting(0.001, "step size of the optimizer", minimum=1e-8)
    patience: int = patience()


@dataclass(frozen=True)
class GatedProtocol(ImdbProtocol):
    """The 500-word protocol for layers with gates."""

    gates: str = setting("sigmoid", "function that opens the gates", choices=GATES)


@dataclass(frozen=True)
class ReviewSplits:
    """Three splits: ids of shape (reviews, maxlen) where padded, labels of shape (reviews,)."""

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    metric: ClassVar = "accuracy"
    degrees_per_unit: ClassVar = None

    def padded(self, maxlen: int, padding: str = "pre") -> ReviewSplits:
        """The same reviews, all with `maxlen` timesteps, of which the last words stay.

        Zeros fill up short ones in front, as in the documents, or with `post` behind.
        """
        from keras.utils import pad_sequences

        splits = self.train, self.validation, self.test
        return ReviewSplits(*((pad_sequences(x, maxlen, padding=padding), y) for x, y in splits))

    def summarise(self, split: str, probabilities: np.ndarray) -> tuple[float, dict]:
        """Accuracy of probabilities (reviews,) on `validation` or `test`; what a record keeps."""
        from harness.records.schema import pack_right

        right = (probabilities > 0.5) == (getattr(self, split)[1] > 0.5)  # (reviews,)
        return float(right.mean()), pack_right(right)

    @property
    def majority_label(self) -> int:
        """The training reviews' more frequent label."""
        return int(self.train[1].mean() >= 0.5)

    @property
    def reference(self) -> dict:
        """Accuracy of always answering the training reviews' more frequent label."""
        return {
            "label": "majority class",
            "validation": float((self.validation[1] == self.majority_label).mean()),
            "test": float((self.test[1] == self.majority_label).mean()),
        }


def load_reviews(protocol: SplitProtocol, run: Run, num_words: int | None = None) -> ReviewSplits:
    """Loads and splits the reviews, each at its own length; writes their provenance to the run.

    Ids from `num_words` on become 2; without it, the whole vocabulary stays.
    """
    if getattr(protocol, "reviews_file", ""):
        return _own_reviews(protocol, run, num_words)
    from data.imdb import load_imdb

    imdb = load_imdb(run.data_dir, num_words=num_words, sample=run.sample)
    run.write("data", imdb.provenance)
    x, validation_split = imdb.x_train, protocol.validation_split
    kept = int(len(x) * (1 - validation_split))  # counted as Keras's `validation_split` counts
    if kept == 0 or (validation_split and kept == len(x)):
        raise RunError(
            f"--validation-split {validation_split:g} leaves {kept:,} of {len(x):,} reviews for "
            "training; each part needs at least one."
        )
    test = imdb.x_test, imdb.y_test
    return ReviewSplits(
        train=(x[:kept], imdb.y_train[:kept]),
        validation=(x[kept:], imdb.y_train[kept:]) if validation_split else test,
        test=test,
    )


def _own_reviews(protocol: SplitProtocol, run: Run, num_words: int | None) -> ReviewSplits:
    """Likewise for a file of the user's own; its vocabulary is kept beside the record."""
    from data.labelled_reviews import PARTS, encode, read_labelled
    from experiments.common.own_data import as_note

    own = read_labelled(protocol.reviews_file, protocol.text, protocol.label)
    encoded = encode(own, protocol.validation_split, protocol.test_split, num_words)
    facts = {f"{part}_reviews": len(encoded.labels[part]) for part in PARTS}
    facts |= {"vocabulary_words": len(encoded.vocabulary)}
    facts |= {"columns": own.columns, "classes": own.classes}
    if hasattr(protocol, "epochs"):
        facts["timesteps"] = own_timesteps(encoded.ids["train"], protocol.maxlen)
    provenance = {"dataset": run.part("config")["dataset"], "sample": False, "files": [own.file]}
    run.write("data", provenance | {"facts": facts, "notes": [as_note(own.form)]})
    write_text(run.unfinished / VOCABULARY, "".join(f"{word}\n" for word in encoded.vocabulary))
    return ReviewSplits(*((encoded.ids[part], encoded.labels[part]) for part in PARTS))


def own_timesteps(train: Sequence[np.ndarray], maxlen: int) -> int:
    """Timesteps that hold most of the user's own training reviews whole, at most `maxlen`."""
    import numpy as np

    whole = np.quantile([len(ids) for ids in train], WHOLE, method="higher")
    return min(max(int(whole), SHORTEST), maxlen)


def load_padded(protocol: NetworkProtocol, run: Run) -> ReviewSplits:
    """The reviews as the networks read them."""
    reviews = load_reviews(protocol, run, protocol.num_words)
    return reviews.padded(run.part("data")["facts"].get("timesteps", protocol.maxlen))


def split_notes(protocol: SplitProtocol) -> list[str]:
    """What a reader must know of the split to compare results."""
    return [] if protocol.validation_split else [VALIDATED_ON_TEST]


def network_notes(protocol: ImdbProtocol) -> list[str]:
    """What a reader must know of the split and of the update rule to compare results."""
    rule = OLD_RULES.get(protocol.optimizer)
    return split_notes(protocol) + ([rule] if rule else [])


# The declarations that the experiments on IMDB share; the scripts add name, title and `train`.
ImdbNetwork = partial(
    Experiment,
    dataset="imdb",
    role="network",
    sample=SAMPLE,
    notes=network_notes,
    try_next='make predict TEXT="not a good film"',
)
ImdbBaseline = partial(
    Experiment, dataset="imdb", role="baseline", notes=split_notes, uses_keras=False
)
ImdbStudy = partial(Experiment, dataset="imdb", role="study", sample=SAMPLE, notes=split_notes)


def train_for_study(
    protocol: ImdbProtocol, run: Run, reviews: ReviewSplits, model: keras.Model, name: str
) -> None:
    """Trains one of several networks of a study, and gives it the weights of its best epoch.

    It is not compiled yet. Its name begins the line of each epoch.
    """
    from harness.training.fit import BestWeights, train_model
    from harness.training.optimizers import make_optimizer

    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    best = BestWeights("accuracy", protocol.patience)
    train_model(
        run,
        model,
        reviews.train,
        validation=reviews.validation,
        epochs=protocol.epochs,
        batch_size=protocol.batch_size,
        callback=best,
        name=name,
    )
    model.set_weights(best.weights)


def trained(
    protocol: ImdbProtocol, run: Run, reviews: ReviewSplits, name: str, build, *sizes, **options
) -> keras.Model:
    """Builds a network by the run's seed, of these sizes and options, and trains it likewise."""
    import keras

    keras.utils.set_random_seed(run.seed)
    model = build(*sizes, **options)
    train_for_study(protocol, run, reviews, model, name)
    return model
