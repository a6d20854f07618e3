"""One colour a model, the same in every figure."""

import re
import zlib
from collections.abc import Iterable

from harness.reporting.figures.style import COLOURS

OTHER_COLOURS = (
    *("#AA4499", "#117733", "#6699CC", "#CC6677", "#661100", "#B8860B"),
    *("#004D6E", "#17BECF", "#6B8E23", "#3B2FBF"),
)
PUBLISHED_COLOUR = "#000000"

# By the start of a title or of a label: "LSTM" is also the colour of "LSTM, training".
MODEL_COLOURS = {
    "SimpleRNN": COLOURS[0],
    "LSTM": COLOURS[1],
    "GRU": COLOURS[2],
    "Conv1D + LSTM": COLOURS[3],
    "4 × SimpleRNN": COLOURS[4],
    "SimpleRNN, stack of 4": COLOURS[4],
    "LSTM as the documents write it": COLOURS[5],
    "LSTM of 1997": COLOURS[6],
    "LSTM of 2000": COLOURS[7],
    "GRU with dropout": COLOURS[8],
    "GRU, reset before": COLOURS[9],
    "Dense on the padded review": COLOURS[10],
    "Dense on the flattened window": COLOURS[10],
    "published log": PUBLISHED_COLOUR,
}


def model_of(name: str) -> str | None:
    """The model of `MODEL_COLOURS` that a title or a label begins with; None if it is of none."""
    found = [model for model in MODEL_COLOURS if re.match(rf"{re.escape(model)}(,| \(|$)", name)]
    return max(found, key=len, default=None)


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """The colours of what one figure shows.

    Other names than those of models get a colour by their letters, so that a new model has one
    colour in all figures; two names of one figure never share it while colours are left.
    """
    models = {name: model_of(name) for name in names}
    colours = {name: MODEL_COLOURS[model] for name, model in models.items() if model}
    taken = set(colours.values())
    for name in [name for name in models if name not in colours]:
        start = zlib.crc32(name.encode(errors="replace")) % len(OTHER_COLOURS)
        order = OTHER_COLOURS[start:] + OTHER_COLOURS[:start]
        colours[name] = next((c for c in order if c not in taken), order[0])
        taken.add(colours[name])
    return colours
