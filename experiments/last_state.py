"""Does the last output hold the whole review? The last state against all states pooled.

Source:     simple-rnn-blog
Claim:      the last output contains information about the entire sequence, so that the others are
            not needed.
Protocol:   SimpleRNN and LSTM of the 500-word protocol; of their outputs the last is classified,
            or the mean of all, or the largest of each unit.
Deviations: the document states it and measures nothing. Padding is not masked, as elsewhere, and
            the states that read it are pooled with the others.
Expected:   about 9 minutes on one CPU core.
"""

from experiments.common.imdb import QUICK, ImdbProtocol, ImdbStudy, load_padded, trained
from harness.experiment import main
from harness.records.study_outputs import Table
from models.cells import CELLS

POOLINGS = ("last", "mean", "largest")  # of `recurrent_classifier`


def train(protocol, run):
    from harness.training.fit import evaluate
    from models.networks import recurrent_classifier

    reviews = load_padded(protocol, run)
    rows = {}
    for cell in ("simple-rnn",) if run.sample else ("simple-rnn", "lstm"):
        name, found = CELLS[cell].title, []
        for pooling in POOLINGS:
            network = recurrent_classifier, cell, *protocol.sizes
            what = f"{name}, {pooling}"
            model = trained(protocol, run, reviews, what, *network, pooling=pooling)
            found.append(evaluate(model, reviews.test)["accuracy"])
        last, *pooled = found
        rows[name] = [*found, *(last - one for one in pooled)]
    columns = ["last state", "mean of the states", "largest of the states"]
    columns += [f"{columns[0]} less {other}" for other in ("mean", "largest")]
    run.finish_study([Table("Test accuracy by what is classified", columns, rows)])


EXPERIMENT = ImdbStudy(
    "last-state",
    "The last state and all states",
    protocol=ImdbProtocol(),
    sample=QUICK,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
