"""What `gradient-flow` measures and shows: the gradient's norm at each distance from the end."""

import keras
import numpy as np

from harness.records.study_outputs import Lines, Series, Table
from harness.training.gradients import decay_rate, input_gradients


def gradient_norms(model, x, y):
    """Median norm of the loss gradient with respect to the word vectors.

    Args:
        model: a network of `models.imdb`: ids, embedding, recurrent layer, classifier.
        x: ids of reviews, shape (reviews, timesteps), without padding.
        y: labels, shape (reviews,).

    They are computed in float64, since float32 ends before some of them do.

    Returns:
        float64 of shape (timesteps,), the first at the last word; 0 where it cannot be measured.
    """
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


def gradient_flow_outputs(curves, timesteps):
    """The tables and panels of the study.

    Args:
        curves: norms of shape (timesteps,), by the case and then by the network.
        timesteps: words of a review.
    """
    distances = list(range(timesteps))
    marks = [d for d in (10, 100, 400) if d < timesteps]
    columns = ["halves every (steps)", "doubles every (steps)"]
    columns += [f"log10 at distance {d}, relative to the last word" for d in marks]
    rows, longer = {}, {}
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
    panels = [
        Lines(
            when[0].upper() + when[1:],
            "distance from the last word (steps)",
            "norm of the loss gradient",
            [
                Series(name, distances, [float(n) or None for n in norms])
                for name, norms in cells.items()
            ],
            log_y=True,
        )
        for when, cells in curves.items()
    ]
    return [
        Table("Gradient with respect to distant words", columns, rows),
        Table(
            "How fast the gradient shrinks, relative to SimpleRNN",
            ["halvings a step, as a multiple of SimpleRNN's"],
            longer,
        ),
        *panels,
    ]
