"""Draws charts and grids with Matplotlib, several panels to a figure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.records.study_outputs import Heatmap
from harness.reporting.figures.charts import Chart, Curve, Panel
from harness.reporting.figures.style import (
    COLOURS,
    GREY,
    draw_legend,
    drawable,
    new_figure,
    wrapped,
)

WIDTH = 10  # inches of every figure
PANEL_HEIGHT = 3.4
GRID_ROW_HEIGHT = 0.28
LEGEND_ROW_HEIGHT = 0.25
MANY = 30  # dots that are drawn smaller
FEW = 12  # points of a curve that are marked one by one
MOST_WRITTEN = 130  # cells of a grid whose numbers can still be read
MOST_PLAIN_TICKS = 10_000  # a scale that spans more has its ticks written as powers of ten
MARKS = {
    "dots": {"linestyle": "none", "marker": "o", "markersize": 6},
    "crosses": {"linestyle": "none", "marker": "x", "markersize": 7, "zorder": 3},
    "rings": {"linestyle": "none", "marker": "o", "markersize": 9, "markerfacecolor": "none"},
}


def plot_panels(path: Path, title: str, panels: Sequence[Panel]) -> Path:
    """Draws a figure of up to three charts side by side, and grids below each other."""
    rows = _rows(panels)
    legends = {tuple(c.label for c in panel.curves) for panel in panels if isinstance(panel, Chart)}
    heights = [max(_height(panel, shared=len(legends) == 1) for panel in row) for row in rows]
    with new_figure(path, title, width=WIDTH, height=sum(heights) + 0.9) as figure:
        places = figure.add_gridspec(len(rows), max(map(len, rows)), height_ratios=heights)
        drawn = []
        for row, members in enumerate(rows):
            for column, panel in enumerate(members):
                if isinstance(panel, Heatmap):
                    _draw_grid(figure.add_subplot(places[row, :]), panel)
                    continue
                axis = figure.add_subplot(places[row, column])
                draw_chart(axis, panel, width=8 * WIDTH // len(members))
                drawn.append((axis, panel))
                if len(legends) > 1:
                    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17))
        if len(legends) == 1:
            draw_legend(figure, [axis for axis, _ in drawn])
        _share_scales(drawn)
    return path


def _rows(panels: Sequence[Panel]) -> list[list[Panel]]:
    """The panels row by row: a grid alone, up to three charts side by side."""
    rows: list[list[Panel]] = []
    for panel in panels:
        beside = rows and isinstance(panel, Chart) and isinstance(rows[-1][0], Chart)
        if beside and len(rows[-1]) < 3:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _height(panel: Panel, shared: bool) -> float:
    """Inches that a panel needs, with its legend."""
    if isinstance(panel, Heatmap):
        return 0.9 + GRID_ROW_HEIGHT * len(panel.rows)
    entries = len(panel.curves)
    return PANEL_HEIGHT + LEGEND_ROW_HEIGHT * (-(-entries // 3) if shared else entries)


def draw_chart(axis, chart: Chart, *, width: int, small: bool = False) -> None:
    """The mean of the seeds, their range as a band, values to compare with as dashed lines.

    The title is broken into lines of `width` letters. A small chart has no points on its lines, and
    the names of the dashed lines in the legend.
    """
    dotted = small or any(curve.mark != "line" for curve in chart.curves)
    for place, curve in enumerate(chart.curves):
        style = MARKS.get(curve.mark) or _line(curve, place, dotted)
        style |= {"markersize": 4} if curve.mark == "dots" and len(curve.x) > MANY else {}
        label = drawable(curve.label)
        axis.plot(curve.x, curve.mean, color=curve.colour, label=label, **style)
        if len(curve.y) > 1:
            low, high = np.nanmin(curve.y, 0), np.nanmax(curve.y, 0)  # (points,)
            axis.fill_between(curve.x, low, high, color=curve.colour, alpha=0.18, linewidth=0)
    for name, value in chart.references.items():
        label = drawable(name) if small else None
        axis.axhline(value, color=GREY, linestyle="--", linewidth=1, label=label)
        if small:
            continue
        place = {"xy": (1, value), "xycoords": axis.get_yaxis_transform()}
        place |= {"xytext": (52 if chart.degrees else 4, 0), "textcoords": "offset points"}
        text = drawable(f"{name}\n{value:.4g}")
        axis.annotate(text, **place, va="center", color=GREY, fontsize=9)
    axis.autoscale_view(scalex=False)  # Matplotlib leaves no margin at a line within the limits
    _scale_axes(axis, chart, most_ticks=width // 4)
    title = wrapped(chart.title, width)
    axis.set_title(f"{title}\n{wrapped(chart.off_scale, width)}".strip())
    axis.set_xlabel(wrapped(chart.x, 28))
    axis.set_ylabel(wrapped(chart.y, 36))


def _line(curve: Curve, place: int, dotted: bool) -> dict:
    """A line; few points are marked, unless dots of another curve could be mistaken for them."""
    style = {"linestyle": "--" if curve.dashed else "-", "linewidth": 1.6}
    if len(curve.x) == 1:  # makes no line
        return style | {"marker": "_", "markersize": 20}
    if len(curve.x) <= FEW and not dotted:
        # the earlier the larger, so that equal points do not hide each other
        return style | {"marker": "o", "markersize": max(8 - place, 4)}
    return style


def _scale_axes(axis, chart: Chart, most_ticks: int) -> None:
    places = sorted({x for curve in chart.curves for x in curve.x})
    if chart.log_x:
        axis.set_xscale("log")
        if len(places) <= FEW:
            axis.set_xticks(places, [f"{place:,}" for place in places])
            axis.minorticks_off()
    elif places and places[0] == 1 and all(place == int(place) for place in places):
        last = int(places[-1])
        step = next((s for s in (1, 5, 10, 20, 50, 100) if last <= most_ticks * s), 500)
        axis.set_xticks(sorted({1, *range(step, last + 1, step)}))
        axis.set_xlim(0.5, last + 0.5)
    if chart.scale:
        axis.set_ylim(*chart.scale)
    if chart.log_y:
        _log_scale(axis)
    if chart.degrees:
        scale = chart.degrees
        functions = (lambda units: units * scale, lambda degrees: degrees / scale)
        axis.secondary_yaxis("right", functions=functions).set_ylabel(drawable(chart.degrees_axis))


def _log_scale(axis) -> None:
    """A logarithmic vertical axis; over few powers of ten, ticks at 1, 3, 10, 30 and so on."""
    from matplotlib.ticker import LogLocator

    axis.set_yscale("log")
    low, high = axis.get_ylim()
    if high / low < MOST_PLAIN_TICKS:
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.minorticks_off()


def _share_scales(drawn: list) -> None:
    """The same quantity has the same scale in all panels, so that heights can be compared."""
    first: dict[str, object] = {}
    for axis, chart in drawn:
        leading = first.setdefault(chart.y, axis)
        if leading is not axis:
            axis.sharey(leading)
            leading.autoscale(axis="y")


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
