"""Zeros in front of a review or behind it: why an LSTM may stay at an accuracy of 0.50.

Source:     none of the documents, which pad in front and say nothing of it; readers ask "my LSTM
            stays at 0.50" again and again (keras-io #2044, keras #20898)
Claim:      a network that reads hundreds of zeros after the last word has forgotten the words;
            zeros in front of them, or a mask, mend it.
Protocol:   SimpleRNN, LSTM and GRU of the 500-word protocol, trained with the zeros in front, with
            the zeros behind, and masked. The networks that learnt with zeros in front also read
            the test reviews with some zeros behind the words. A mask leaves the state as it is
            wherever a zero stands, so both places make the same network. It is trained with zeros
            behind, and compared with itself reading them in front.
Deviations: none with zeros in front, which is the documents' own protocol.
Expected:   about 12 minutes on one CPU core.
"""

import numpy as np

from experiments.common.imdb import QUICK, ImdbProtocol, ImdbStudy, load_reviews, trained
from harness.experiment import main
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED

FRONT, BEHIND, MASKED = WAYS = "zeros in front", "zeros behind", "masked"
APPENDED = (0, 10, 25, 50, 100, 250)  # zeros


def with_zeros_behind(x: np.ndarray, zeros: int) -> np.ndarray:
    """Ids (reviews, timesteps) with zeros behind the words and as many timesteps less in front."""
    return np.pad(x[:, zeros:], ((0, 0), (0, zeros)))


def train(protocol, run):
    from harness.training.fit import evaluate, predict
    from models.networks import recurrent_classifier

    whole = load_reviews(protocol, run, protocol.num_words)
    front, behind = (whole.padded(protocol.maxlen, side) for side in ("pre", "post"))
    x_test, y_test = front.test
    marks = [zeros for zeros in APPENDED if zeros < protocol.maxlen]
    accuracies, appended, apart, panels = {}, {}, {}, []
    for cell in COMPARED[:1] if run.sample else COMPARED:
        title, curves = CELLS[cell].title, []
        for way in WAYS:
            reviews = front if way == FRONT else behind
            network = recurrent_classifier, cell, *protocol.sizes
            name, masked = f"{title}, {way}", way == MASKED
            model = trained(protocol, run, reviews, name, *network, masked=masked)
            curve = model.history.history["val_accuracy"]
            curves.append(Series(way, [*range(1, len(curve) + 1)], curve))
            test = evaluate(model, reviews.test)["accuracy"]
            accuracies[name] = [max(curve), curve[-1], test]
            if way == FRONT:
                tests = [(with_zeros_behind(x_test, zeros), y_test) for zeros in marks]
                appended[title] = [evaluate(model, one)["accuracy"] for one in tests]
            if way == MASKED:
                both = [predict(model, splits.validation) for splits in (front, behind)]
                apart[title] = [float(np.abs(both[0] - both[1]).max())]
        panels.append(panel(f"{title}: validation accuracy", "epoch", curves))
    zeros = (front.train[0] == 0).sum(1)  # (reviews,)
    filled = [float(np.median(zeros)), float((zeros == 0).mean())]
    columns = ["best validation", "last validation", "test at best"]
    title = "Trained with zeros in front: test accuracy with zeros behind"
    series = [Series(name, marks, y) for name, y in appended.items()]
    run.finish_study(
        [
            Table("Accuracy by the place of the zeros", columns, accuracies),
            Table(title, [f"{n} zeros" for n in marks], appended),
            Table("Masked: zeros in front or behind", ["largest difference of an output"], apart),
            Table("Zeros of a training review", ["median", "share without"], {"all": filled}),
            *panels,
            panel("Trained with zeros in front", "zeros behind the last word", series),
        ]
    )


def panel(title: str, x: str, series: list[Series]) -> Lines:
    """Accuracies as curves."""
    return Lines(title, x, "accuracy", series, references={"chance": 0.5})


EXPERIMENT = ImdbStudy(
    "padding",
    "Padding in front and behind",
    protocol=ImdbProtocol(),
    sample=QUICK,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
