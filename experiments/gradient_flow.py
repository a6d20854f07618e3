"""How far the gradient of the loss reaches back: what a network can learn from distant words.

Source:     recurrent-overview, hsv-ai-2019, r-slides (claim memory)
Claim:      repeated products through the chain rule shrink or grow exponentially with distance;
            "The last state, it will remember, but bunch of steps ago? Fuggetaboutit.": SimpleRNN
            loses distant inputs, LSTM does not.
Protocol:   the IMDB networks of the 500-word protocol; the norm of the loss gradient with respect
            to the word vector at each distance from the end, median of validation reviews that fill
            all 500 steps; before training, at the best validation epoch, and before training with
            the recurrent weights scaled up.
Deviations: the documents argue and measure nothing.
Expected:   about 3 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import SAMPLE, ImdbProtocol, ImdbStudy, load_padded, train_for_study
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting
from models.cells import CELLS, COMPARED

BEFORE, AFTER = "before training", "after training"


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and what is measured."""

    reviews: int = setting(64, "reviews whose gradients are measured", minimum=1)
    scale: float = setting(1.5, "factor of the recurrent weights in the exploding case", minimum=1)


def train(protocol, run):
    import keras
    import numpy as np

    from experiments.common.gradient_norms import gradient_flow_outputs, gradient_norms
    from models import imdb

    reviews = load_padded(protocol, run)
    x, y = reviews.validation
    full = np.flatnonzero(x[:, 0])[: protocol.reviews]  # no padding: a word at every timestep
    if len(full) == 0:
        raise RunError(f"no validation review has {protocol.maxlen} words; use a lower --maxlen.")
    x, y = x[full], y[full].astype(np.float32)

    exploding = f"recurrent weights × {protocol.scale:g}, before training"
    curves = {BEFORE: {}, AFTER: {}, exploding: {}}
    for cell in COMPARED:
        name = CELLS[cell].title
        keras.utils.set_random_seed(run.seed)
        model = imdb.recurrent(cell, protocol.num_words, protocol.embedding, protocol.units)
        curves[BEFORE][name] = gradient_norms(model, x, y)
        kernel, recurrent, bias = model.layers[2].get_weights()
        model.layers[2].set_weights([kernel, recurrent * protocol.scale, bias])
        curves[exploding][name] = gradient_norms(model, x, y)
        model.layers[2].set_weights([kernel, recurrent, bias])
        train_for_study(protocol, run, reviews, model, name)
        curves[AFTER][name] = gradient_norms(model, x, y)

    run.finish_study(gradient_flow_outputs(curves, protocol.maxlen))


EXPERIMENT = ImdbStudy(
    "gradient-flow",
    "Gradient flow",
    protocol=Protocol(),
    sample=SAMPLE | {"maxlen": 16},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
