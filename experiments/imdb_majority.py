"""The trivial baseline on IMDB: always answer the more frequent label of the training reviews.

Source:     none; every accuracy is to be read against it.
Claim:      right in half of the test reviews, which are balanced.
Protocol:   the split of the 500-word protocol; nothing is trained.
Deviations: none.
Expected:   seconds.
"""

from experiments.common.imdb import ImdbBaseline, SplitProtocol, load_reviews
from harness.command_line import main
from harness.records.run import baseline_metrics


def train(protocol, run):
    import numpy as np

    reviews = load_reviews(protocol, run, num_words=None, maxlen=None)
    majority = reviews.majority()
    kept = {
        name: reviews.summarise(name, np.full(len(labels), reviews.majority_label))[1]
        for name, (_, labels) in (("validation", reviews.validation), ("test", reviews.test))
    }
    run.keep_predictions(kept)
    run.finish(
        baseline_metrics(
            "accuracy",
            parameters=None,
            validation=majority["validation"],
            test=majority["test"],
            reference=majority,
        )
    )


EXPERIMENT = ImdbBaseline("imdb-majority", "Majority class", protocol=SplitProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
