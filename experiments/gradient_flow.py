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

import numpy as np

from experiments.common.imdb import SAMPLE, ImdbProtocol, ImdbStudy, load_padded, train_for_study
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting
from harness.records.study_outputs import Lines, Series, Table
from models.cells import CELLS, COMPARED

BEFORE, AFTER = "before training", "after training"


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and what is measured."""

    reviews: int = setting(64, "reviews whose gradients are measured", minimum=1)
    scale: float = setting(1.5, "factor of the recurrent weights in the exploding case", minimum=1)


def gradient_norms(model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Median norm of the loss gradient with respect to the word vectors, the last word's first.

    Of ids (reviews, timesteps) without padding and labels (reviews,). It is computed in float64,
    shape (timesteps,), since float32 ends before some of them do; 0 where it cannot be measured.
    """
    import keras

    from harness.training.gradients import input_gradients

    word_vectors, *weights = model.get_weights()
    vectors = word_vectors[x].astype(np.float64)  # (reviews, timesteps, embedding)
    # a copy, since training may have replaced how the layers compute
    rest = [
        type(one).from_config(one.get_config() | {"dtype": "float64"}) for one in model.layers[2:]
    ]
    reader = keras.Sequential([keras.Input(vectors.shape[1:], dtype="float64"), *rest])
    reader.set_weights(weights)
    gradients = input_gradients(reader, vectors, y[:, None], "binary_crossentropy")
    norms = np.linalg.norm(gradients.astype(np.float64), axis=-1)  # (reviews, timesteps)
    medians = np.median(norms[:, ::-1], axis=0)  # (timesteps,)
    # the smallest numbers lose digits; JAX computes in float32
    return np.where(medians > 1e8 * np.finfo(gradients.dtype).tiny, medians, 0)


def train(protocol, run):
    import keras

    from models.networks import recurrent_classifier

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
        model = recurrent_classifier(cell, *protocol.sizes)
        curves[BEFORE][name] = gradient_norms(model, x, y)
        kernel, recurrent, bias = model.layers[2].get_weights()
        model.layers[2].set_weights([kernel, recurrent * protocol.scale, bias])
        curves[exploding][name] = gradient_norms(model, x, y)
        model.layers[2].set_weights([kernel, recurrent, bias])
        train_for_study(protocol, run, reviews, model, name)
        curves[AFTER][name] = gradient_norms(model, x, y)
    run.finish_study(outputs(curves, protocol.maxlen))


def outputs(curves: dict[str, dict[str, np.ndarray]], timesteps: int) -> list:
    """The tables and panels, of norms of shape (timesteps,) by case and network."""
    from harness.training.gradients import decay_rate

    distances = list(range(timesteps))
    marks = [d for d in (10, 100, 400) if d < timesteps]
    columns = ["halves every (steps)", "doubles every (steps)"]
    columns += [f"log10 at distance {d}, relative to the last word" for d in marks]
    rows, longer, panels = {}, {}, []
    for when, cells in curves.items():
        rates = {name: decay_rate(norms) for name, norms in cells.items()}
        for name, norms in cells.items():
            rate = rates[name]
            seen = [float(np.log10(norms[d] / norms[0])) if norms[d] else None for d in marks]
            half_life = 1 / rate if rate and rate > 0 else None
            doubling = -1 / rate if rate and rate < 0 else None
            rows[f"{name}, {when}"] = [half_life, doubling, *seen]
        for name in ("LSTM", "GRU"):
            known = rates[name] is not None and rates["SimpleRNN"]
            longer[f"{name}, {when}"] = [rates[name] / rates["SimpleRNN"] if known else None]
        axes = "distance from the last word (steps)", "norm of the loss gradient"
        seen = {name: [float(n) or None for n in norms] for name, norms in cells.items()}
        series = [Series(name, distances, values) for name, values in seen.items()]
        panels.append(Lines(when[0].upper() + when[1:], *axes, series, log_y=True))
    title = "How fast the gradient shrinks, relative to SimpleRNN"
    return [
        Table("Gradient with respect to distant words", columns, rows),
        Table(title, ["halvings a step, as a multiple of SimpleRNN's"], longer),
        *panels,
    ]


EXPERIMENT = ImdbStudy(
    "gradient-flow",
    "Gradient flow",
    protocol=Protocol(),
    sample=SAMPLE | {"maxlen": 16},
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
