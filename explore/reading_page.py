"""The page of `make inspect`: readings side by side, in one file without scripts or network."""

import io
import re
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from explore.reading import GATES, NAMES, Reading, count_parameters, two_decimals
from harness.reporting.figures.style import GREY, blank_figure, drawable

# Blue stands for positive reviews and numbers, red for negative ones.
POSITIVE, NEGATIVE, SIGNED = "#4393C3", "#D6604D", "RdBu"
GATE = "viridis"
INK = "#000000"  # Matplotlib's black
COLUMN, MARGIN, NARROWEST, PANEL, LABELS = 0.3, 2.2, 5.6, 1.3, 1.9  # inches
FEW = 12  # columns whose numbers have room above the bars


def page(title: str, readings: list[Reading], notes: list[str]) -> bytes:
    """The page in HTML. Words are escaped, whatever they hold.

    The title is the text that was read; the notes are what else a reader must know, in sentences.
    """
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    largest = largest_influence(readings)
    cells = []
    for reading in readings:
        count = count_parameters(reading.network.model, reading.network.title)
        cells.append(
            (reading, Markup(draw(reading, largest)), Markup(reading.table.html() + count.html()))
        )
    content = environment.get_template("reading_page.html").render(
        title=title, cells=cells, notes=notes, positive=POSITIVE, negative=NEGATIVE
    )
    return content.encode()


def largest_influence(readings: list[Reading]) -> float:
    """Of a word in any of the readings, or in the linear model."""
    found = [one.influence for one in readings]
    found += [one.linear for one in readings if one.linear is not None]
    return max(float(np.nanmax(np.abs(values), initial=0.01)) for values in found)


def draw(reading: Reading, largest: float) -> str:
    """One reading as SVG in the page's own colour of text; influences have a scale up to `largest`.

    A column is a step, a row of a heatmap a unit.
    """
    from matplotlib import rc_context

    width = max(MARGIN + COLUMN * len(reading.columns), NARROWEST)
    panels = 2 + len(reading.inside)
    unique = {"svg.hashsalt": reading.network.label}  # what pages refer to by name
    file = io.StringIO()
    with (
        blank_figure("", width=width, height=LABELS + PANEL * panels) as figure,
        rc_context(unique),
    ):
        _draw(figure.subplots(panels), reading, largest)
        figure.savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return re.sub(r'<g id="[^"]*"', "<g", svg)  # the same names are in every figure


def _draw(axes, reading: Reading, largest: float) -> None:
    """Probabilities, influences, and a panel for each symbol of what was computed."""
    first, second, *others = axes
    places, names = np.arange(len(reading.columns)), [drawable(name) for name in reading.columns]
    _bars(first, places, reading.probability, base=0.5)
    first.set_ylim(-0.1, 1.1)
    first.set_yticks([0, 0.5, 1])
    first.set_title("probability of positive, after each step", loc="left")

    title, shift = "influence of each word, in log odds", 0.0
    if reading.linear is not None:
        title, shift = f"{title}; grey: linear model", 0.2
        second.bar(places + shift, np.nan_to_num(reading.linear), 0.4, color=GREY)
    _bars(second, places - shift, reading.influence, width=0.8 - 2 * shift)
    second.set_ylim(-1.25 * largest, 1.25 * largest)
    second.set_title(title, loc="left")

    for axis, symbol in zip(others, reading.inside, strict=True):
        _draw_units(axis, reading, symbol)
    for axis in axes:
        axis.set_xlim(-0.5, len(names) - 0.5)
        axis.set_xticks(places, [])
        axis.tick_params(length=0, labelsize=9)
        axis.title.set_fontsize(10)
    style = {"rotation": 50, "ha": "right", "rotation_mode": "anchor", "fontsize": 11}
    axes[-1].set_xticks(places, names, **style)


def _bars(axis, places, values, base: float = 0.0, width: float = 0.8) -> None:
    """Bars from a base line, blue above it and red below, with their numbers if these are few."""
    heights = np.nan_to_num(values - base)
    colours = [POSITIVE if height > 0 else NEGATIVE for height in heights]
    bars = axis.bar(places, heights, width, base, color=colours)
    axis.axhline(base, color=INK, linewidth=0.8)
    if len(values) <= FEW:
        texts = ["" if np.isnan(value) else two_decimals(value) for value in values]
        axis.bar_label(bars, texts, fontsize=7, padding=1)


def _draw_units(axis, reading: Reading, symbol: str) -> None:
    """A row a unit; units of positive output weight above the line."""
    values, units = reading.inside[symbol], len(reading.output_weights)
    if symbol in GATES:  # its own range, as most gates move little
        low, high, colours = float(values.min()), float(values.max()), GATE
        ticks = [low, high]
    else:
        high = float(np.abs(values).max())
        low, colours, ticks = -high, SIGNED, [-high, 0, high]
    scale = {"cmap": colours, "vmin": low, "vmax": high}
    image = axis.imshow(values.T, aspect="auto", interpolation="nearest", **scale)
    bar = axis.figure.colorbar(image, ax=axis, pad=0.015, aspect=9)
    bar.set_ticks(ticks, labels=[two_decimals(tick) for tick in ticks], fontsize=8)
    positive = int((reading.output_weights > 0).sum())
    axis.axhline(positive - 0.5, color=INK, linewidth=0.8)
    middles = [(positive - 1) / 2, (positive + units - 1) / 2]
    axis.set_yticks(middles, ["for\npositive", "for\nnegative"])
    mean = f", mean {values.mean():.2f}" if symbol in GATES else ""
    axis.set_title(f"{NAMES[symbol]} of {units} units{mean}", loc="left")
