"""A linear model on IMDB: logistic regression on tf-idf weighted words and bigrams.

Source:     none of the documents; Wang & Manning (2012) measured such models at 89-91 % on the same
            test reviews, above LSTMs trained from scratch.
Claim:      0.89-0.91 test accuracy.
Protocol:   whole reviews, whole vocabulary, the same validation reviews as the networks.
Deviations: logistic regression on tf-idf in place of their NBSVM, and trained without the 5,000
            validation reviews.
Expected:   less than 1 minute on one CPU core.
"""

from dataclasses import dataclass

from experiments.imdb import SplitProtocol, load_reviews, split_notes
from harness.command_line import main
from harness.experiment import Experiment
from harness.run import baseline_metrics
from harness.settings import setting


@dataclass(frozen=True)
class Protocol(SplitProtocol):
    """Whole reviews at their own length: a bag of words needs neither padding nor truncation."""

    ngrams: int = setting(2, "longest n-gram counted, in words", minimum=1)
    inverse_regularisation: float = setting(
        10.0, "C of the logistic regression; smaller values shrink more", minimum=1e-6
    )


def as_texts(reviews) -> list[str]:
    """Word ids as words apart by blanks, the form that scikit-learn's vectorisers read."""
    return [" ".join(map(str, review)) for review in reviews]


def train(protocol, run):
    reviews = load_reviews(run, None, None, protocol.validation_split)
    from models.linear import bag_of_ngrams

    model = bag_of_ngrams(protocol.ngrams, protocol.inverse_regularisation)
    model.fit(as_texts(reviews.train[0]), reviews.train[1])
    validation, test = (
        float(model.score(as_texts(x), y)) for x, y in (reviews.validation, reviews.test)
    )
    classifier = model[-1]
    run.finish(
        baseline_metrics(
            "accuracy",
            parameters=classifier.coef_.size + classifier.intercept_.size,
            validation=validation,
            test=test,
            reference=reviews.majority(),
        )
    )


def notes(protocol):
    return [
        "Logistic regression on tf-idf weights of whole reviews and all words, where the published "
        "models are others (NBSVM); trained without the validation reviews.",
        *split_notes(protocol),
    ]


EXPERIMENT = Experiment(
    name="imdb-linear",
    title="Linear on words and bigrams",
    dataset="imdb",
    role="baseline",
    protocol=Protocol(),
    sample={},
    notes=notes,
    train=train,
    uses_keras=False,
)

if __name__ == "__main__":
    main(EXPERIMENT)
