"""What the study `text-generation` shows of a training."""

import math

from harness.records.study_outputs import Lines, Series, Table, Text
from models.cells import CELLS

BITS, ACCURACY = "bits per character", "accuracy"


def text_generation_outputs(protocol, history, counted, written):
    """The held-out tail's tables, the curves over the rounds, and what the network wrote.

    Args:
        protocol: values of the training.
        history: the run's, by Keras's names.
        counted: bits per character and accuracy of each n-gram model on the tail, by its name.
        written: what the network wrote, by round and temperature.
    """
    network = CELLS[protocol.cell].title
    curves = {ACCURACY: [history["accuracy"], history["val_accuracy"]]}
    curves[BITS] = [[nats / math.log(2) for nats in history[c]] for c in ("loss", "val_loss")]
    rounds = list(range(1, protocol.epochs + 1))
    measured = {network: [curves[BITS][1][-1], curves[ACCURACY][1][-1]], **counted}
    saved = {name: [bits - measured[network][0]] for name, (bits, _) in counted.items()}

    def panel(column, place):
        training, held_out = curves[column]
        return Lines(
            title=column.capitalize(),
            x="round",
            y=column,
            series=[
                Series(f"{network}, training", rounds, training, dots=True),
                Series(f"{network}, held-out tail", rounds, held_out),
            ],
            references={name: values[place] for name, values in counted.items()},
        )

    return [
        Table("Held-out tail", [BITS, ACCURACY], measured),
        Table("Bits a character saved beside counting", [BITS], saved),
        panel(BITS, 0),
        panel(ACCURACY, 1),
        Text("What the network wrote after each round", written),
    ]
