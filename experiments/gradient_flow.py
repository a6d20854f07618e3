"""How far the gradient of the loss reaches back: what a network can learn from distant words.

Source:     recurrent-overview, hsv-ai-2019, r-slides (claim memory)
Claim:      repeated products through the chain rule shrink or grow exponentially with distance;
            "the last state it will remember, but a bunch of steps ago?": SimpleRNN loses distant
            inputs, LSTM does not.
Protocol:   the IMDB networks of the 500-word protocol; the norm of the loss gradient with respect
            to the word vector at each distance from the end, median of validation reviews that fill
            all 500 steps; before training, at the best validation epoch, and before training with
            the recurrent weights scaled up.
Deviations: the documents argue and measure nothing.
Expected:   about 10 minutes on one CPU core.
"""

from dataclasses import dataclass

from experiments.common.imdb import SAMPLE, ImdbProtocol, load_reviews, split_notes, train_for_study
from harness.command_line import main
from harness.errors import RunError
from harness.experiment import Experiment
from harness.protocol import setting

CELLS = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru"}
BEFORE, AFTER = "before training", "after training"


@dataclass(frozen=True)
class Protocol(ImdbProtocol):
    """The 500-word protocol, and what is measured."""

    reviews: int = setting(64, "reviews whose gradients are measured", minimum=1)
    scale: float = setting(1.5, "factor of the recurrent weights in the exploding case", minimum=1)


def gradient_norms(model, x, y):
    """Median norm of the loss gradient with respect to the word vectors.

    Args:
        model: a network of `models.sentiment`: ids, embedding, recurrent layer, classifier.
        x: ids of reviews, shape (reviews, timesteps), without padding.
        y: labels, shape (reviews,).

    Returns:
        float64 of shape (timesteps,); the first is at the last word.
    """
    import keras
    import numpy as np

    from harness.training.gradients import input_gradients

    _, embedding, *rest = model.layers
    vectors = keras.ops.convert_to_numpy(embedding(x))  # (reviews, timesteps, embedding)
    reader = keras.Sequential([keras.Input(vectors.shape[1:]), *rest])
    gradients = input_gradients(reader, vectors, y[:, None], "binary_crossentropy")
    norms = np.linalg.norm(gradients.astype(np.float64), axis=-1)  # (reviews, timesteps)
    return np.median(norms[:, ::-1], axis=0)


def train(protocol, run):
    import keras
    import numpy as np

    from harness.records.study_outputs import Lines, Series, Table
    from harness.training.gradients import MEASURABLE, decay_rate
    from models import sentiment

    reviews = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split)
    x, y = reviews.validation
    full = np.flatnonzero(x[:, 0])[: protocol.reviews]  # no padding: a word at every timestep
    if len(full) == 0:
        raise RunError(f"no validation review has {protocol.maxlen} words; use a lower --maxlen.")
    x, y = x[full], y[full].astype(np.float32)

    exploding = f"recurrent weights × {protocol.scale:g}, before training"
    curves = {BEFORE: {}, AFTER: {}, exploding: {}}
    for name, build in CELLS.items():
        keras.utils.set_random_seed(run.seed)
        model = getattr(sentiment, build)(protocol.num_words, protocol.embedding, protocol.units)
        curves[BEFORE][name] = gradient_norms(model, x, y)
        kernel, recurrent, bias = model.layers[2].get_weights()
        model.layers[2].set_weights([kernel, recurrent * protocol.scale, bias])
        curves[exploding][name] = gradient_norms(model, x, y)
        model.layers[2].set_weights([kernel, recurrent, bias])
        train_for_study(protocol, reviews, model, name)
        curves[AFTER][name] = gradient_norms(model, x, y)

    distances = list(range(protocol.maxlen))
    marks = [d for d in (10, 100, 400) if d < protocol.maxlen]
    columns = ["halves every (steps)", "doubles every (steps)"]
    columns += [f"at distance {d}, relative to the last word" for d in marks]
    rows, longer = {}, {}
    for when, cells in curves.items():
        rates = {name: decay_rate(norms) for name, norms in cells.items()}
        for name, norms in cells.items():
            rate = rates[name]
            seen = [float(norms[d] / norms[0]) if norms[d] > MEASURABLE else None for d in marks]
            half_life = 1 / rate if rate and rate > 0 else None
            doubling = -1 / rate if rate and rate < 0 else None
            rows[f"{name}, {when}"] = [half_life, doubling, *seen]
        for name in ("LSTM", "GRU"):
            known = rates[name] is not None and rates["SimpleRNN"]
            longer[f"{name}, {when}"] = [rates[name] / rates["SimpleRNN"] if known else None]
    panels = [
        Lines(
            when[0].upper() + when[1:],
            "distance from the last word (steps)",
            "norm of the loss gradient",
            [
                Series(name, distances, [float(n) if n > MEASURABLE else None for n in norms])
                for name, norms in cells.items()
            ],
            log_y=True,
        )
        for when, cells in curves.items()
    ]
    run.finish_study(
        [
            Table("Gradient with respect to distant words", columns, rows),
            Table(
                "How fast the gradient shrinks, relative to SimpleRNN",
                ["halvings a step, as a multiple of SimpleRNN's"],
                longer,
            ),
            *panels,
        ]
    )


EXPERIMENT = Experiment(
    name="gradient-flow",
    title="Gradient flow",
    dataset="imdb",
    role="study",
    protocol=Protocol(),
    sample={**SAMPLE, "maxlen": 16},
    notes=split_notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
