"""The figure of a study: a panel for each of its lines and grids."""

import dataclasses
from pathlib import Path

import numpy as np

from harness.records.study_outputs import Heatmap, Lines, Series
from harness.reporting.figures.colours import PUBLISHED_COLOUR, colours_of, model_of
from harness.reporting.figures.curves import count_from_one, log_scale
from harness.reporting.figures.style import (
    COLOURS,
    GREY,
    SAMPLE_SUFFIX,
    draw_legend,
    drawable,
    listed,
    new_figure,
    wrapped,
)
from harness.reporting.groups import Study

WIDTH = 10
PANEL_HEIGHT = 3.7
GRID_ROW_HEIGHT = 0.28
LEGEND_ROW_HEIGHT = 0.22
MOST_LINES = 6  # in one panel
FEW = 12  # points of a curve that are marked one by one
MOST_WRITTEN = 130  # cells of a grid whose numbers can still be read


def panels_of(study: Study) -> list[Lines | Heatmap]:
    """What the figure shows: more lines than a panel can hold are divided among several."""
    panels: list[Lines | Heatmap] = []
    for output in study.outputs:
        if isinstance(output, Lines) and not _in_strips(study, output):
            parts = range(0, len(output.series), MOST_LINES)
            series = [output.series[start:][:MOST_LINES] for start in parts]
            panels += [dataclasses.replace(output, series=part) for part in series]
        elif isinstance(output, Lines | Heatmap):
            panels.append(output)
    return panels


def _cloud(study: Study, lines: Lines, series: Series) -> bool:
    """Whether each point is to be seen, since a mean over the seeds would say nothing."""
    return series.dots and study.scattered(lines, series.label)


def _in_strips(study: Study, lines: Lines) -> bool:
    """Whether a panel has more clouds of points than it can hold: each then gets a strip."""
    return sum(_cloud(study, lines, series) for series in lines.series) > MOST_LINES


def plot_study(study: Study, plots_dir: Path) -> Path:
    """Draws the panels: lines side by side, grids below each other, since their columns agree."""
    panels = panels_of(study)
    lines = [panel for panel in panels if isinstance(panel, Lines)]
    rows = _rows(panels)
    side_by_side = max(map(len, rows))
    heights = [max(map(_height, members)) for members in rows]
    colours = colours_of(series.label for panel in lines for series in panel.series)
    legends = {tuple(series.label for series in panel.series) for panel in lines}
    path = plots_dir / f"{study.name}.png"
    with new_figure(path, _title(study, panels), width=WIDTH, height=sum(heights) + 0.5) as figure:
        places = figure.add_gridspec(len(rows), side_by_side, height_ratios=heights)
        axes = [
            figure.add_subplot(places[row, column if isinstance(panel, Lines) else slice(None)])
            for row, members in enumerate(rows)
            for column, panel in enumerate(members)
        ]
        for axis, panel in zip(axes, panels, strict=True):
            if isinstance(panel, Heatmap):
                _draw_grid(axis, panel, study.caption(panel))
                continue
            strips = _in_strips(study, panel)
            (_draw_strips if strips else _draw_lines)(axis, study, panel, colours)
            if len(legends) > 1 and not strips:
                axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17))
            clouds = any(_cloud(study, panel, series) for series in panel.series)
            title = panel.title + (", all seeds" if clouds and len(study.records) > 1 else "")
            # Above strips stand the names of their references.
            pad = 18 if strips and panel.references else 6
            axis.set_title(wrapped(title, int(8 * WIDTH / side_by_side)), pad=pad)
        if len(legends) == 1 and axes[0].get_legend_handles_labels()[0]:
            draw_legend(figure, axes)
        _share_scales(axes, panels)
    return path


def _rows(panels: list[Lines | Heatmap]) -> list[list[Lines | Heatmap]]:
    """The panels row by row: a grid alone, up to three lines side by side."""
    rows: list[list[Lines | Heatmap]] = []
    for panel in panels:
        lines = rows and isinstance(panel, Lines) and isinstance(rows[-1][0], Lines)
        if lines and len(rows[-1]) < 3:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _title(study: Study, panels: list[Lines | Heatmap]) -> str:
    """The study's title, what is seen, and of how many seeds.

    What is seen are the quantities of a few models, or else the first of several panels of lines.
    """
    title = study.title
    lines = [panel for panel in panels if isinstance(panel, Lines)]
    models = {model_of(series.label): None for panel in lines for series in panel.series}
    if models and None not in models and len(models) <= 3:
        title += f": {listed(dict.fromkeys(panel.y for panel in lines))} of {listed(models)}"
    elif len(lines) == len(panels) > 1:
        title += f": {lines[0].title}"
    if len(study.records) > 1 and lines:
        title += f", mean and range of {len(study.records)} seeds"
    return title + (SAMPLE_SUFFIX if study.sample else "")


def _height(panel: Lines | Heatmap) -> float:
    """Inches that a panel needs, with its legend."""
    if isinstance(panel, Lines):
        return PANEL_HEIGHT + LEGEND_ROW_HEIGHT * min(len(panel.series), MOST_LINES)
    return 0.9 + GRID_ROW_HEIGHT * len(panel.rows)


def _draw_lines(axis, study: Study, lines: Lines, colours: dict[str, str]) -> None:
    """Curves of one panel; the seeds' range as a band, values to compare with as dashed lines."""
    seeds = len(study.records)
    for place, series in enumerate(lines.series):
        colour = colours[series.label]
        style = {"color": colour, "label": drawable(series.label), "marker": "o", "markersize": 5}
        if _cloud(study, lines, series):
            axis.plot(*study.points(lines, series.label), linestyle="none", **style)
            continue
        curve = study.curve(lines, series.label)
        x = [place for place, _ in curve]
        if series.dots:
            style |= {"linestyle": "none"}
        elif len(x) == 1:  # a ring around whatever lies there, too
            style |= {"markersize": 11, "markerfacecolor": "none"}
        elif len(x) <= FEW:  # the earlier the larger, so that equal points do not hide each other
            style |= {"markersize": max(9 - 2 * place, 4)}
        else:
            style |= {"marker": "none"}
        if colour == PUBLISHED_COLOUR:
            style |= {"marker": "x", "markersize": 8, "zorder": 3}
        axis.plot(x, [ys.mean for _, ys in curve], **style)
        if curve and seeds > 1:
            low, high = ([f(ys.values) for _, ys in curve] for f in (min, max))
            axis.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    for name, value in lines.references.items():
        axis.axhline(value, color=GREY, linestyle="--", linewidth=1)
        text = drawable(f"{name}\n{value:.4g}")
        style = {"transform": axis.get_yaxis_transform(), "color": GREY, "fontsize": 9}
        axis.text(1.01, value, text, va="center", **style)
    places = sorted({x for series in lines.series for x in series.x})
    if lines.log_x:
        axis.set_xscale("log")
        if len(places) <= FEW:
            axis.set_xticks(places, [f"{place:,}" for place in places])
            axis.minorticks_off()
    elif places and places[0] == 1 and all(place == int(place) for place in places):
        count_from_one(axis, int(places[-1]), lines.x)
    if lines.log_y:
        log_scale(axis)
    axis.set_xlabel(wrapped(lines.x, 28))
    axis.set_ylabel(wrapped(lines.y, 36))


def _draw_strips(axis, study: Study, lines: Lines, colours: dict[str, str]) -> None:
    """A row for each cloud of points: y to the right, x from the top of the row to its bottom."""
    clouds = {series.label: study.points(lines, series.label) for series in lines.series}
    first, last = (end(x for cloud in clouds.values() for x in cloud[0]) for end in (min, max))
    for row, (label, (x, y)) in enumerate(clouds.items()):
        places = row + 0.7 * (np.array(x) - first) / ((last - first) or 1) - 0.35
        axis.plot(y, places, "o", markersize=3, color=colours[label])
        axis.axhline(row + 0.5, color="#E0E0E0", linewidth=1)
    for name, value in lines.references.items():
        axis.axvline(value, color=GREY, linestyle="--", linewidth=1)
        style = {"transform": axis.get_xaxis_transform(), "color": GREY, "fontsize": 9}
        axis.text(value, 1.01, drawable(f"{name} {value:.4g}"), ha="center", **style)
    axis.set_xscale("log" if lines.log_y else "linear")
    axis.set_yticks(range(len(clouds)), [wrapped(label, 18) for label in clouds])
    axis.set_ylim(len(clouds) - 0.5, -0.5)
    rows = drawable(f"in each row, from top to bottom: {lines.x} {first:g} to {last:g}")
    axis.set_xlabel(f"{drawable(lines.y)}\n({rows})")


def _share_scales(axes, panels: list[Lines | Heatmap]) -> None:
    """The same quantity has the same scale in all panels, so that heights can be compared."""
    first: dict[str, object] = {}
    for axis, panel in zip(axes, panels, strict=False):
        if isinstance(panel, Lines):
            leading = first.setdefault(axis.get_ylabel(), axis)
            if leading is not axis and leading.get_ylabel():
                axis.sharey(leading)
                leading.autoscale(axis="y")


def _draw_grid(axis, grid: Heatmap, title: str) -> None:
    """Shades from pale to dark; blue and red around zero where there are negative numbers."""
    from matplotlib.patches import Rectangle

    values = np.array(list(grid.rows.values()), float)  # (rows, columns)
    signed = values.min() < 0
    limit = float(np.abs(values).max()) or 1.0
    scale = {"cmap": "RdBu_r", "vmin": -limit} if signed else {"cmap": "Blues", "vmin": 0}
    image = axis.imshow(values, aspect="auto", vmax=limit, **scale)
    axis.set_title(drawable(title))
    axis.set_xticks(range(len(grid.columns)), [drawable(name) for name in grid.columns])
    axis.set_yticks(range(len(grid.rows)), [drawable(name) for name in grid.rows])
    axis.tick_params(length=0)
    if values.size <= MOST_WRITTEN:
        for row, column in np.ndindex(values.shape):
            dark = abs(values[row, column]) > 0.6 * limit
            text = f"{values[row, column]:.2f}"
            colour = "white" if dark else "black"
            axis.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    else:
        axis.figure.colorbar(image, ax=axis, pad=0.01)
    names = list(grid.rows)
    for column, mark in enumerate(grid.marks):
        corner = (column - 0.5, names.index(mark) - 0.5)
        axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=COLOURS[1], linewidth=2))
