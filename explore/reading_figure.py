"""Draws what a network computed while it read a text: a column a step, a row a unit."""

import io

import numpy as np

from explore.reading import GATES, NAMES, Reading
from harness.reporting.figures.style import COLOURS, GREY, blank_figure, drawable

# Blue stands for positive reviews and numbers, red for negative ones.
POSITIVE, NEGATIVE, SIGNED = "#4393C3", "#D6604D", "RdBu"
GATE = "viridis"
INK = "#000000"
COLUMN, MARGIN, NARROWEST, PANEL, LABELS = 0.3, 2.2, 5.6, 1.3, 1.9  # inches
FEW = 12  # columns whose numbers have room above the bars


def draw_readings(readings: list[Reading], title: str, kind: str) -> bytes:
    """Readings of one text side by side, with the same scales of probability and influence.

    Args:
        readings: what the networks computed.
        title: stands above them.
        kind: of the file, `png` or `svg`. An SVG has no background.
    """
    widths = [max(MARGIN + COLUMN * len(one.columns), NARROWEST) for one in readings]
    panels = [2 + bool(one.gates) + len(one.inside) for one in readings]
    largest = max(
        float(np.nanmax(np.abs(values)))
        for one in readings
        for values in (one.influence, one.linear)
        if values is not None
    )
    with blank_figure(title, width=sum(widths), height=LABELS + PANEL * max(panels)) as figure:
        parts = figure.subfigures(1, len(readings), squeeze=False, width_ratios=widths)
        for part, reading, count in zip(parts.flat, readings, panels, strict=True):
            part.suptitle(drawable(reading.verdict))
            axes = part.subplots(max(panels))
            for empty in axes[count:]:
                empty.set_axis_off()
                empty.set_title(" ", fontsize=10)  # takes the room of a title, so that rows align
            _draw(axes[:count], reading, largest)
        file = io.BytesIO()
        metadata = {"png": {"Software": None}, "svg": {"Date": None}}[kind]
        figure.savefig(file, format=kind, metadata=metadata, transparent=kind == "svg")
    return file.getvalue()


def _draw(axes, reading: Reading, largest: float) -> None:
    """Draws one reading into as many panels as it needs."""
    first, second, *others = axes
    _draw_probability(first, reading)
    _draw_influences(second, reading, largest)
    if reading.gates:
        _draw_means(others.pop(0), reading.gates)
    for axis, symbol in zip(others, reading.inside, strict=True):
        _draw_units(axis, reading, symbol)
    names = [drawable(name) for name in reading.columns]
    for axis in axes:
        axis.set_xlim(-0.5, len(names) - 0.5)
        axis.set_xticks(range(len(names)), [])
        axis.tick_params(length=0, labelsize=9)
        axis.title.set_fontsize(10)
    style = {"rotation": 50, "ha": "right", "rotation_mode": "anchor", "fontsize": 11}
    axis.set_xticks(range(len(names)), names, **style)


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _bars(axis, places, values, base: float = 0.0, width: float = 0.8, colour=None) -> None:
    """Bars from a base line, blue above it and red below, with their numbers if these are few."""
    heights = np.nan_to_num(values - base)
    colours = colour or [POSITIVE if height > 0 else NEGATIVE for height in heights]
    bars = axis.bar(places, heights, width, base, color=colours)
    axis.axhline(base, color=INK, linewidth=0.8)
    if len(values) <= FEW:
        texts = ["" if np.isnan(value) else _number(value) for value in values]
        axis.bar_label(bars, texts, fontsize=7, padding=1)


def _draw_probability(axis, reading: Reading) -> None:
    _bars(axis, range(len(reading.columns)), reading.probability, base=0.5)
    axis.set_ylim(-0.1, 1.1)
    axis.set_yticks([0, 0.5, 1])
    axis.set_title("probability of positive, after each step", loc="left")


def _draw_influences(axis, reading: Reading, largest: float) -> None:
    places, shift = np.arange(len(reading.columns)), 0.2 * (reading.linear is not None)
    _bars(axis, places - shift, reading.influence, width=0.8 - 2 * shift)
    title = "influence of each word, in log odds"
    if reading.linear is not None:
        _bars(axis, places + shift, reading.linear, width=0.4, colour=GREY)
        title += "; grey: linear model"
    axis.set_ylim(-1.25 * largest, 1.25 * largest)
    axis.set_title(title, loc="left")


def _draw_means(axis, gates: dict[str, np.ndarray]) -> None:
    """The mean over the units as a line, from the lowest to the highest unit as a band."""
    for place, (symbol, values) in enumerate(gates.items()):
        colour, columns = COLOURS[place], np.arange(len(values))
        low, high = values.min(axis=1), values.max(axis=1)  # (columns,) each
        axis.fill_between(columns, low, high, color=colour, alpha=0.15, linewidth=0)
        # the earlier the larger, so that equal means do not hide each other
        mean, size = values.mean(axis=1), 8 - 2 * place
        axis.plot(columns, mean, color=colour, marker="o", markersize=size, label=symbol)
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.5, 1], ["shut", "half", "open"])
    axis.set_title("gates: mean and range of the units", loc="left")
    place = {"loc": "lower right", "bbox_to_anchor": (1.02, 0.95), "ncols": 3}
    axis.legend(**place, fontsize=9, handlelength=1, columnspacing=1, borderpad=0)


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
    bar.set_ticks(ticks, labels=[_number(tick) for tick in ticks], fontsize=8)
    positive = int((reading.output_weights > 0).sum())
    axis.axhline(positive - 0.5, color=INK, linewidth=0.8)
    middles = [(positive - 1) / 2, (positive + units - 1) / 2]
    axis.set_yticks(middles, ["for\npositive", "for\nnegative"])
    axis.set_title(f"{NAMES[symbol]}: {units} units", loc="left")
