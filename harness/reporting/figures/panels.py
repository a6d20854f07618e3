"""Draws charts, grids and dots with Matplotlib, several panels to a figure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.records.study_outputs import Heatmap
from harness.reporting.figures.charts import NAMES, Chart, Dots, Panel, colour_of, dots, even_share
from harness.reporting.figures.style import (
    COLOURS,
    GREY,
    PUBLISHED_COLOUR,
    draw_legend,
    drawable,
    new_figure,
    wrapped,
)

WIDTH = 10  # inches of every figure
PANEL_HEIGHT = 3.4
SMALL_HEIGHT = 2.3
ROW_HEIGHT = 0.28  # of a grid
LEGEND_ROW_HEIGHT = 0.25
FEW = 12  # points of a curve that are marked one by one
MOST_WRITTEN = 130  # cells of a grid whose numbers can still be read
MARKS = {
    "dots": {"linestyle": "none", "marker": "o", "markersize": 5},
    "crosses": {"linestyle": "none", "marker": "x", "markersize": 7, "zorder": 3},
    "rings": {"linestyle": "none", "marker": "o", "markersize": 9, "markerfacecolor": "none"},
}


def plot_panels(path: Path, title: str, panels: Sequence[Panel], across: int = 3) -> Path:
    """Draws a figure of charts side by side, up to `across`, and other panels below each other.

    Rows are as even as can be: four charts are two and two. More than three side by side are small:
    without legends and marks of their own.
    """
    parts = [one for p in panels for one in (p.parts if isinstance(p, Chart) else [p])]
    charts = [part for part in parts if isinstance(part, Chart)]
    small = across > 3
    across = even_share(len(charts), across) if charts else across
    rows: list[list[Panel]] = []
    for part in parts:
        beside = rows and isinstance(part, Chart) and isinstance(rows[-1][0], Chart)
        if beside and len(rows[-1]) < across:
            rows[-1].append(part)
        else:
            rows.append([part])
    shared = small or len({tuple(c.label for c in chart.curves) for chart in charts}) == 1
    heights = [max(_height(part, small, shared) for part in row) for row in rows]
    with new_figure(path, title, width=WIDTH, height=sum(heights) + 0.9) as figure:
        most = max(map(len, rows))
        axes, leading = [], {}  # by the name of the vertical axis
        bands = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
        for band, members in zip(bands, rows, strict=True):
            if not isinstance(members[0], Chart):
                draw = _draw_grid if isinstance(members[0], Heatmap) else _draw_dots
                draw(band.subplots(), members[0])
                continue
            places = band.add_gridspec(1, most)
            for column, chart in enumerate(members):
                axis = band.add_subplot(places[column])
                draw_chart(axis, chart, width=8 * WIDTH // len(members), small=small)
                axes.append(axis)
                # the same quantity has the same scale, so that heights can be compared
                first = leading.setdefault(chart.y, axis)
                if first is not axis and chart.scale is None:
                    axis.sharey(first)
                    first.autoscale(axis="y")
                if small:
                    axis.label_outer()
                if not shared:
                    below = -0.17 - 0.05 * axis.get_xlabel().count("\n")
                    axis.legend(loc="upper center", bbox_to_anchor=(0.5, below))
        if shared:
            draw_legend(figure, axes)
    return path


def _height(panel: Panel, small: bool, shared: bool) -> float:
    """Inches that a panel needs, with its legend."""
    if isinstance(panel, Heatmap):
        return 0.9 + ROW_HEIGHT * len(panel.rows)
    if isinstance(panel, Dots):
        return 2.1 + 0.36 * len(panel.rows)
    if small:
        return SMALL_HEIGHT
    entries = len(panel.curves)
    return PANEL_HEIGHT + LEGEND_ROW_HEIGHT * (-(-entries // 3) if shared else entries)


def draw_chart(axis, chart: Chart, *, width: int, small: bool = False) -> None:
    """The mean of the seeds, their range as a band, values to compare with as dashed lines.

    The title is broken into lines of `width` letters. A small chart is of one model, which its
    title names, and has the names of the dashed lines in the legend.
    """
    dotted = small or any(curve.mark != "line" for curve in chart.curves)
    for curve in chart.curves:
        # dots beside those of another curve could be mistaken for them; a single point is no line
        marked = len(curve.seeds) == 1 or (len(curve.seeds) <= FEW and not dotted)
        style = {"linestyle": "--" if curve.dashed else "-", "marker": "o" if marked else ""}
        style |= {"linewidth": 1.6, "markersize": 5} | MARKS.get(curve.mark, {})
        named = not small or curve.colour == PUBLISHED_COLOUR
        label = drawable(curve.label) if named else "_"  # which no legend shows
        axis.plot(curve.mean, color=curve.colour, label=label, **style)
        if curve.seeds.shape[1] > 1:
            ends = curve.seeds.index, curve.seeds.min(axis=1), curve.seeds.max(axis=1)
            axis.fill_between(*ends, color=curve.colour, alpha=0.18, linewidth=0)
    for name, value in chart.references.items():
        label = drawable(name) if small else None
        axis.axhline(value, color=GREY, linestyle="--", linewidth=1, label=label)
        if not small:
            place = {"xy": (1, value), "xycoords": axis.get_yaxis_transform(), "va": "center"}
            place |= {"xytext": (52 if chart.degrees else 4, 0), "textcoords": "offset points"}
            axis.annotate(drawable(f"{name}\n{value:.4g}"), **place, color=GREY, fontsize=9)
    axis.autoscale_view(scalex=False)  # Matplotlib leaves no margin at a line within the limits
    _scale_axes(axis, chart, most_ticks=width // 4)
    title = f"{wrapped(chart.title, width)}\n{wrapped(chart.off_scale, width)}".strip()
    axis.set_title(title, **({"color": chart.curves[0].colour, "fontsize": 10} if small else {}))
    axis.set_xlabel(wrapped(chart.x, 28))
    axis.set_ylabel(wrapped(chart.y, 20 if small else 36))


def _scale_axes(axis, chart: Chart, most_ticks: int) -> None:
    places = sorted({x for curve in chart.curves for x in curve.seeds.index})
    if chart.log_x:
        axis.set_xscale("log")
        if len(places) <= FEW:
            size = 9 if len(places) > FEW / 2 else None  # in points; None is Matplotlib's
            axis.set_xticks(places, [f"{place:,}" for place in places], fontsize=size)
            axis.minorticks_off()
    elif places and places[0] >= 1 and all(place == int(place) for place in places):
        last = int(places[-1])
        step = next((s for s in (1, 5, 10, 20, 50, 100) if last <= most_ticks * s), 500)
        if places[0] <= step:  # counted from 1; a logarithm has no place for a first value of 0
            axis.set_xticks(sorted({1, *range(step, last + 1, step)}))
            axis.set_xlim(0.5, last + 0.5)
    if chart.scale:
        axis.set_ylim(*chart.scale)
    if chart.log_y:
        axis.set_yscale("log")
    if chart.degrees:
        right = axis.secondary_yaxis("right", functions=_degrees(chart.degrees))
        right.set_ylabel(drawable(chart.degrees_axis))


def _degrees(scale: float) -> tuple:
    """From normalised units to those of the target, and back."""
    return lambda units: units * scale, lambda degrees: degrees / scale


def _draw_grid(axis, grid: Heatmap) -> None:
    """Shades from pale to dark; blue and red around zero where there are negative numbers."""
    from matplotlib.patches import Rectangle

    values = np.array(list(grid.rows.values()), float)  # (rows, columns)
    limit = float(np.abs(values).max()) or 1.0
    signed = values.min() < 0
    scale = {"cmap": "RdBu_r", "vmin": -limit} if signed else {"cmap": "Blues", "vmin": 0}
    image = axis.imshow(values, aspect="auto", vmax=limit, **scale)
    axis.set_title(drawable(grid.title))
    axis.set_xticks(range(len(grid.columns)), map(drawable, grid.columns))
    axis.set_yticks(range(len(grid.rows)), map(drawable, grid.rows))
    axis.tick_params(length=0)
    if values.size <= MOST_WRITTEN:
        for row, column in np.ndindex(values.shape):
            text, dark = f"{values[row, column]:.2f}", abs(values[row, column]) > 0.6 * limit
            style = {"ha": "center", "va": "center", "fontsize": 9}
            axis.text(column, row, text, color="white" if dark else "black", **style)
    else:
        axis.figure.colorbar(image, ax=axis, pad=0.01)
    for column, mark in enumerate(grid.marks):
        corner = (column - 0.5, list(grid.rows).index(mark) - 0.5)
        axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=COLOURS[1], linewidth=2))


def _draw_dots(axis, panel: Dots) -> None:
    """A line a model: ring, dot and diamond for the numbers, which are also written beside it.

    A bar is the 95 % interval of the mean.
    """
    rows, (low, high) = panel.rows, panel.scale
    first, metric = rows[0], NAMES[rows[0].metric]
    looks = [{"marker": "o", "markersize": 8, "markerfacecolor": "white"}]
    looks += [{"marker": "o", "markersize": 7}]
    looks += [{"marker": "D", "markersize": 5, "color": PUBLISHED_COLOUR}]
    beside = {"xycoords": axis.get_yaxis_transform(), "textcoords": "offset points", "ha": "center"}
    for column, (sign, name, look) in enumerate(zip("○●◆", panel.names, looks, strict=True)):
        numbers = [panel.numbers(row)[column] for row in rows]
        if not any(one.n for one in numbers):
            continue  # nothing was published for sample data
        offset = (45 + 70 * column, 0)
        axis.annotate(f"{sign}\n{name}", (1, -0.8), offset, va="bottom", **beside)
        for place, (row, one) in enumerate(zip(rows, numbers, strict=True)):
            text = f"{one.mean:.4f}" if one.n else "–"
            axis.annotate(text, (1, place), offset, va="center", **beside)
            y = place + 0.2 * (column - 1)  # apart, so that equal values do not hide each other
            style = {"color": colour_of(row), "linestyle": "none"} | look
            axis.plot(dots(one), [y] * len(dots(one)), **style)
            if one.interval:
                axis.hlines(y, *one.interval, color=style["color"], zorder=1)
    title = "Bars: 95 % interval of the seeds' mean"
    if low <= first.reference["test"] <= high:
        axis.axvline(first.reference["test"], color=GREY, linestyle="--", zorder=0)
        title += f"; dashed: {first.reference['label']} on test"
    axis.set_title(wrapped(title, 50), pad=10)
    axis.set_xlim(low, high)
    axis.set_ylim(len(rows) - 0.5, -0.5)  # the first row on top
    axis.set_yticks(range(len(rows)), [wrapped(row.title, 32) for row in rows], fontsize=10)
    for label, row in zip(axis.get_yticklabels(), rows, strict=True):
        label.set_color(colour_of(row))
    axis.grid(axis="y", color="#E0E0E0")
    axis.set_axisbelow(True)
    unit = f"{metric} (normalised)" if first.degrees_per_unit else metric
    axis.set_xlabel(f"{unit}, {'lower' if first.lower_is_better else 'higher'} is better")
    if len({row.degrees_per_unit for row in rows}) == 1 and first.degrees_per_unit:
        top = axis.secondary_xaxis("top", functions=_degrees(first.degrees_per_unit))
        top.set_xlabel(drawable(first.error_axis))
