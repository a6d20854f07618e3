"""A linear model on IMDB: logistic regression on tf-idf weighted words and bigrams.

Source:     none of the documents; Wang & Manning (2012) measured such models on the same reviews.
Claim:      more accurate on the test reviews than LSTMs trained from scratch.
Protocol:   whole reviews, whole vocabulary, the same validation reviews as the networks.
Deviations: logistic regression on tf-idf in place of their NBSVM, and trained without the 5,000
            validation reviews. C was 10 before the first recorded run, and no other was recorded;
            why it is 10 was not written down.
Expected:   1 to 2 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import ImdbBaseline, SplitProtocol, load_reviews, split_notes
from harness.experiment import main
from harness.protocol import setting
from harness.records.files import sha256
from harness.records.run import LINEAR


@dataclass(frozen=True)
class Protocol(SplitProtocol):
    """Whole reviews at their own length: a bag of words needs neither padding nor truncation.

    With `--num-words 10000 --maxlen 500` it reads exactly what the networks read.
    """

    num_words: int = setting(
        0, "vocabulary size; rarer words become 2 (unknown); 0: all", minimum=0
    )
    maxlen: int = setting(0, "last tokens of each review that are read; 0: all", minimum=0)
    ngrams: int = setting(2, "longest n-gram counted, in words", minimum=1)
    inverse_regularisation: float = setting(
        10.0, "C of the logistic regression; smaller values shrink more", minimum=1e-6
    )


def train(protocol, run):
    reviews = load_reviews(protocol, run, protocol.num_words or None)
    from models.baselines import bag_of_ngrams, save_ngrams

    def read(split):
        return [ids[-protocol.maxlen :] for ids in split[0]]  # [-0:] keeps all

    model = bag_of_ngrams(protocol.ngrams, protocol.inverse_regularisation)
    model.fit(read(reviews.train), reviews.train[1])
    save_ngrams(model, run.unfinished / LINEAR)
    classifier = model[-1]

    both = {"validation": reviews.validation, "test": reviews.test}
    run.finish_model(
        reviews,
        {name: model.predict_proba(read(split))[:, 1] for name, split in both.items()},
        parameters=classifier.coef_.size + classifier.intercept_.size,
        checkpoint_sha256=sha256(run.unfinished / LINEAR),
    )


def notes(protocol):
    words = f"the {protocol.num_words:,} most frequent" if protocol.num_words else "all"
    reviews = f"the last {protocol.maxlen} tokens" if protocol.maxlen else "whole reviews"
    return [
        f"Logistic regression on tf-idf weights of {reviews} and {words} words, where the "
        "published models are others (NBSVM); trained without the validation reviews.",
        *split_notes(protocol),
    ]


EXPERIMENT = ImdbBaseline(
    "imdb-linear", "Linear on words and bigrams", protocol=Protocol(), notes=notes, train=train
)

if __name__ == "__main__":
    main(EXPERIMENT)
