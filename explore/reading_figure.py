"""Draws what a network computed while it read a text: a column a word, a row a unit."""

import io

import numpy as np

from explore.reading import GATES, NAMES, Reading
from harness.reporting.figures.style import COLOURS, GREY, blank_figure, drawable

# Blue speaks for a positive review, red for a negative one; the colour map of signed numbers agrees.
POSITIVE, NEGATIVE, SIGNED = "#2166AC", "#B2182B", "RdBu"
OPEN = "viridis"  # gates, from shut to open
INK = "black"
COLUMN_WIDTH, MARGIN, NARROWEST = 0.42, 2.2, 5.0  # inches
HEIGHTS = {"line": 1.25, "units": 1.15}  # inches of a panel


def figure_width(reading: Reading) -> float:
    """Inches that a reading takes."""
    return max(MARGIN + COLUMN_WIDTH * len(reading.columns), NARROWEST)


def figure_height(readings: list[Reading]) -> float:
    """Inches that the longest of several readings takes."""
    return max(1.6 + sum(_heights(reading)) for reading in readings)


def _heights(reading: Reading) -> list[float]:
    lines = 2 + bool(_gates(reading))
    return [HEIGHTS["line"]] * lines + [HEIGHTS["units"]] * len(reading.inside)


def _gates(reading: Reading) -> dict[str, np.ndarray]:
    return {symbol: values for symbol, values in reading.inside.items() if symbol in GATES}


def draw_reading(figure, reading: Reading, linear: np.ndarray | None) -> None:
    """Draws one reading into a figure or a part of one.

    Args:
        figure: a Matplotlib figure or subfigure.
        reading: what is drawn.
        linear: weight of each column's word in the linear model, nan where it has none.
    """
    heights = _heights(reading)
    axes = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    _draw_probability(axes.pop(0), reading)
    _draw_influence(axes.pop(0), reading, linear)
    if _gates(reading):
        _draw_means(axes.pop(0), reading)
    for axis, (symbol, values) in zip(axes, reading.inside.items(), strict=True):
        _draw_units(axis, reading, symbol, values)
    names = [drawable(name) for name in reading.columns]
    axes[-1].set_xticks(range(len(names)), names, rotation=55, ha="right", rotation_mode="anchor")
    axes[-1].set_xlim(-0.5, len(names) - 0.5)


def _colours(values: np.ndarray) -> list[str]:
    return [POSITIVE if value > 0 else NEGATIVE for value in values]


def _draw_probability(axis, reading: Reading) -> None:
    p = reading.probability
    axis.bar(range(len(p)), p - 0.5, bottom=0.5, width=0.8, color=_colours(p - 0.5))
    axis.axhline(0.5, color=INK, linewidth=0.8)
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.5, 1])
    axis.set_title("probability of a positive review, as the network reads on", loc="left")


def _draw_influence(axis, reading: Reading, linear: np.ndarray | None) -> None:
    values, places = np.nan_to_num(reading.influence), np.arange(len(reading.columns))
    width = 0.8 if linear is None else 0.4
    shift = 0 if linear is None else 0.2
    axis.bar(places - shift, values, width, color=_colours(values))
    if linear is not None:
        axis.bar(places + shift, np.nan_to_num(linear), width, color=GREY)
    axis.axhline(0, color=INK, linewidth=0.8)
    axis.set_title("influence of each word, in log odds", loc="left")


def _draw_means(axis, reading: Reading) -> None:
    places = np.arange(len(reading.columns))
    for (symbol, values), colour in zip(_gates(reading).items(), COLOURS, strict=False):
        low, high = np.quantile(values, [0.1, 0.9], axis=1)  # (columns,) each
        axis.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)
        axis.plot(places, values.mean(axis=1), color=colour, marker="o", label=symbol)
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.5, 1], ["shut", "", "open"])
    axis.set_title("gates: mean and middle 80 % of the units", loc="left")
    axis.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1))


def _draw_units(axis, reading: Reading, symbol: str, values: np.ndarray) -> None:
    if symbol in GATES:
        scale = {"cmap": OPEN, "vmin": 0, "vmax": 1}
        ticks = {0: "shut", 1: "open"}
    else:
        limit = float(np.abs(values).max()) or 1.0
        scale = {"cmap": SIGNED, "vmin": -limit, "vmax": limit}
        ticks = {-limit: f"−{limit:.2g}", 0: "0", limit: f"{limit:.2g}"}
    shown = axis.imshow(values.T, aspect="auto", interpolation="nearest", **scale)
    bar = axis.figure.colorbar(shown, ax=axis, pad=0.01, aspect=8)
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    positive = int((reading.output_weights > 0).sum())
    units = len(reading.output_weights)
    axis.axhline(positive - 0.5, color=INK, linewidth=0.8)
    axis.set_yticks([(positive - 1) / 2, (positive + units - 1) / 2], ["positive", "negative"])
    axis.set_title(NAMES[symbol], loc="left")
    axis.tick_params(length=0)


def svg(title: str, reading: Reading, linear: np.ndarray | None) -> str:
    """The figure of one reading for a page, in the page's colour of text."""
    import matplotlib as mpl

    size = {"width": figure_width(reading), "height": figure_height([reading])}
    file = io.BytesIO()
    with blank_figure(title, **size) as figure, mpl.rc_context({"svg.hashsalt": title}):
        draw_reading(figure, reading, linear)
        figure.savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    return file.getvalue().decode()
