"""The trivial baseline on IMDB: always answer the more frequent label of the training reviews.

Source:     none; every accuracy is to be read against it.
Claim:      right in half of the test reviews, which are balanced.
Protocol:   the split of the 500-word protocol; nothing is trained.
Deviations: none.
Expected:   seconds.
"""

from experiments.common.imdb import ImdbBaseline, SplitProtocol, load_reviews
from harness.experiment import main


def train(protocol, run):
    import numpy as np

    reviews = load_reviews(protocol, run)
    both = {"validation": reviews.validation, "test": reviews.test}
    answers = {name: np.full(len(y), reviews.majority_label) for name, (_, y) in both.items()}
    run.finish_model(reviews, answers)


EXPERIMENT = ImdbBaseline("imdb-majority", "Majority class", protocol=SplitProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
