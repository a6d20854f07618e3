"""The page of `make inspect`: readings side by side, in one file without scripts or network."""

import base64
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from jinja2 import Environment
from matplotlib.colors import to_hex, to_rgb
from matplotlib.image import imsave

from explore.reading import GATES, NAMES, Reading, count_parameters, two_decimals

TEMPLATE = Path(__file__).with_suffix(".html")
# Blue stands for positive reviews and numbers, red for negative ones.
POSITIVE, NEGATIVE, SIGNED = "#4393C3", "#D6604D", "RdBu"
GATE = "viridis"


def page(title: str, readings: list[Reading], notes: list[str]) -> bytes:
    """The page in HTML. Words are escaped, whatever they hold.

    The title is the text that was read; the notes are what else a reader must know, in sentences.
    """
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    influences = [reading.influence for reading in readings]
    influences += [reading.linear for reading in readings if reading.linear is not None]
    largest = max(float(np.nanmax(np.abs(values), initial=0.01)) for values in influences)
    functions = {"heatmaps": partial(heatmaps, largest=largest), "shade": shade}
    template = environment.from_string(TEMPLATE.read_text("utf-8"), functions)
    content = {"title": title, "readings": readings, "notes": notes, "count": count_parameters}
    return template.render(content).encode()


def shade(strength: float) -> str:
    """The colour behind a word: blue or red, paler for a weaker strength, none below a tenth."""
    if abs(strength) < 0.1:
        return ""
    full = np.array(to_rgb(POSITIVE if strength > 0 else NEGATIVE))
    return to_hex(1 - abs(strength) * (1 - full))


def heatmaps(reading: Reading, largest: float) -> Iterator[tuple[str, str, list]]:
    """What is drawn of a reading, a column a step: name, range of the colours, and images.

    Influences have a scale up to `largest`. A row is a unit; those of positive output weight are an
    image of their own, above the others.
    """
    yield _heatmap("probability of a positive review", reading.probability[:, None], SIGNED, 0, 1)
    yield _heatmap("influence", reading.influence[:, None], SIGNED, -largest, largest)
    if reading.linear is not None:
        yield _heatmap("linear", reading.linear[:, None], SIGNED, -largest, largest)
    positive = int((reading.output_weights > 0).sum())
    for symbol, values in reading.inside.items():
        if symbol in GATES:  # its own range, as most gates move little
            name = f"{NAMES[symbol]}, mean {values.mean():.2f}"
            yield _heatmap(name, values, GATE, values.min(), values.max(), positive)
        else:
            high = np.abs(values).max()
            yield _heatmap(NAMES[symbol], values, SIGNED, -high, high, positive)


def _heatmap(
    name: str, values: np.ndarray, colours: str, low: float, high: float, first: int = 1
) -> tuple[str, str, list[tuple[int, str]]]:
    """Values (columns, rows) as images, each with its number of rows: the `first`, the others."""
    images = []
    for rows in filter(len, np.split(values.T, [first])):
        file = io.BytesIO()
        imsave(file, rows, cmap=colours, vmin=low, vmax=high, metadata={"Software": None})
        code = base64.b64encode(file.getvalue()).decode()
        images.append((len(rows), f"data:image/png;base64,{code}"))
    return name, f"{two_decimals(low)} to {two_decimals(high)}", images
