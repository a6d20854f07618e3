"""The trivial baseline on IMDB: always answer the more frequent label of the training reviews.

Source:     none; every accuracy is to be read against it.
Claim:      0.5 on the test reviews, which are balanced.
Protocol:   the split of the 500-word protocol; nothing is trained.
Deviations: none.
Expected:   seconds.
"""

from experiments.common.imdb import SplitProtocol, load_reviews, split_notes
from harness.command_line import main
from harness.experiment import Experiment
from harness.records.run import baseline_metrics


def train(protocol, run):
    import numpy as np

    reviews = load_reviews(run, None, None, protocol.validation_split)
    majority = reviews.majority()
    kept = {
        name: reviews.summarise(name, np.full(len(split[1]), reviews.majority_label))[1]
        for name, split in (("validation", reviews.validation), ("test", reviews.test))
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


EXPERIMENT = Experiment(
    name="imdb-majority",
    title="Majority class",
    dataset="imdb",
    role="baseline",
    protocol=SplitProtocol(),
    sample={},
    notes=split_notes,
    train=train,
    uses_keras=False,
)

if __name__ == "__main__":
    main(EXPERIMENT)
