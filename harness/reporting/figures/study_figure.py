"""The figure of a study: a panel for each of its lines and grids."""

from pathlib import Path

import numpy as np

from harness.records.study_outputs import Heatmap, Lines
from harness.reporting.analysis.results import Study
from harness.reporting.figures.style import COLOURS, GREY, SAMPLE_SUFFIX, literal, new_figure

PANEL_HEIGHT = 4.0
GRID_ROW_HEIGHT = 0.28
LEGEND_ROW_HEIGHT = 0.2
LEGEND_WIDTH = 60  # characters
FEW = 12  # points of a curve that are marked one by one
MOST_WRITTEN = 130  # cells of a grid whose numbers can still be read


def has_figure(study: Study) -> bool:
    return bool(_panels(study))


def _panels(study: Study) -> list[Lines | Heatmap]:
    return [output for output in study.outputs if isinstance(output, Lines | Heatmap)]


def plot_study(study: Study, plots_dir: Path) -> Path:
    """Draws the panels: lines side by side, grids below each other, since their columns agree."""
    panels = _panels(study)
    side_by_side = 1 if any(isinstance(panel, Heatmap) for panel in panels) else min(len(panels), 3)
    rows = -(-len(panels) // side_by_side)
    per_row = [panels[row * side_by_side :][:side_by_side] for row in range(rows)]
    heights = [max(map(_height, members)) for members in per_row]
    title = study.title
    if len(study.records) > 1 and any(isinstance(panel, Lines) for panel in panels):
        title += f", mean and range of {len(study.records)} seeds"
    title += SAMPLE_SUFFIX if study.sample else ""
    path = plots_dir / f"{study.name}.png"
    width = {1: 9.0, 2: 12.4, 3: 15.0}[side_by_side]
    with new_figure(path, title, width=width, height=sum(heights) + 0.5) as figure:
        axes = figure.subplots(rows, side_by_side, squeeze=False, height_ratios=heights)
        axes = list(axes.flat)
        for axis, panel in zip(axes, panels, strict=False):
            if isinstance(panel, Heatmap):
                _draw_grid(axis, panel, study.caption(panel))
            else:
                _draw_lines(axis, study, panel)
        _share_scales(axes, panels)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
    return path


def _height(panel: Lines | Heatmap) -> float:
    if isinstance(panel, Lines):
        return PANEL_HEIGHT + LEGEND_ROW_HEIGHT * -(-len(panel.series) // _legend_columns(panel))
    return 0.9 + GRID_ROW_HEIGHT * len(panel.rows)


def _draw_lines(axis, study: Study, lines: Lines) -> None:
    """Curves of one panel; the seeds' range as a band, values to compare with as dashed lines."""
    colours = _colours(study)
    seeds, title = len(study.records), lines.title
    for place, series in enumerate(lines.series):
        colour = colours[series.label]
        style = {"color": colour, "label": literal(series.label)}
        if series.dots and study.scattered(lines, series.label):  # each point is to be seen
            x, y = study.points(lines, series.label)
            axis.plot(x, y, "o", markersize=5 if seeds == 1 else 3, **style)
            title = lines.title + (", all seeds" if seeds > 1 else "")
            continue
        curve = study.curve(lines, series.label)
        x = [place for place, _ in curve]
        if series.dots:
            style |= {"marker": "o", "markersize": 5, "linestyle": "None"}
        elif len(x) <= FEW:  # the earlier the larger, so that equal points do not hide each other
            style |= {"marker": "o", "markersize": max(10 - 2.5 * place, 3)}
        axis.plot(x, [ys.mean for _, ys in curve], **style)
        if curve and seeds > 1:
            low, high = ([f(ys.values) for _, ys in curve] for f in (min, max))
            axis.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    _draw_references(axis, lines.references)
    if lines.log_x:
        axis.set_xscale("log")
        places = sorted({x for series in lines.series for x in series.x})
        if len(places) <= FEW:
            axis.set_xticks(places, [f"{place:,}" for place in places])
            axis.minorticks_off()
    if lines.log_y:
        axis.set_yscale("log")
    axis.set_title(literal(title))
    axis.set_xlabel(literal(lines.x))
    axis.set_ylabel(literal(lines.y))
    # Below the axes a legend can never hide a point.
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=_legend_columns(lines))


def _draw_references(axis, references: dict[str, float]) -> None:
    """Dashed lines with their names, which can be read where they lie over a curve too."""
    from matplotlib.patheffects import withStroke

    for name, value in references.items():
        axis.axhline(value, color=GREY, linestyle="--", linewidth=1)
        axis.annotate(
            literal(f"{name} ({value:.4g})"),
            (1, value),
            xycoords=axis.get_yaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            color=GREY,
            fontsize=9,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _share_scales(axes, panels: list[Lines | Heatmap]) -> None:
    """The same quantity has the same scale in all panels, so that heights can be compared."""
    first: dict[str, object] = {}
    for axis, panel in zip(axes, panels, strict=False):
        if isinstance(panel, Lines):
            leading = first.setdefault(panel.y, axis)
            if leading is not axis:
                axis.sharey(leading)
                leading.autoscale(axis="y")


def _legend_columns(lines: Lines) -> int:
    """As many as fit below a panel; a long list stands in fewer columns, not outside the figure."""
    longest = max(len(series.label) for series in lines.series)
    return max(1, min(len(lines.series), LEGEND_WIDTH // (longest + 5)))


def _colours(study: Study) -> dict[str, str]:
    """The same name has the same colour in all panels."""
    panels = [panel for panel in _panels(study) if isinstance(panel, Lines)]
    labels = dict.fromkeys(series.label for panel in panels for series in panel.series)
    return {label: COLOURS[place % len(COLOURS)] for place, label in enumerate(labels)}


def _draw_grid(axis, grid: Heatmap, title: str) -> None:
    """Shades from pale to dark; blue and red around zero where there are negative numbers."""
    values = np.array(list(grid.rows.values()), float)  # (rows, columns)
    signed = values.min() < 0
    limit = float(np.abs(values).max()) or 1.0
    scale = {"cmap": "RdBu_r", "vmin": -limit} if signed else {"cmap": "Blues", "vmin": 0}
    image = axis.imshow(values, aspect="auto", vmax=limit, **scale)
    axis.figure.colorbar(image, ax=axis, pad=0.01)
    axis.set_title(literal(title))
    axis.set_xticks(range(len(grid.columns)), [literal(name) for name in grid.columns])
    axis.set_yticks(range(len(grid.rows)), [literal(name) for name in grid.rows])
    axis.tick_params(length=0)
    if values.size <= MOST_WRITTEN:
        for row, column in np.ndindex(values.shape):
            dark = abs(values[row, column]) > 0.6 * limit
            text = f"{values[row, column]:.2f}"
            colour = "white" if dark else "black"
            axis.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    names = list(grid.rows)
    for column, mark in enumerate(grid.marks):
        place = (column - 0.5, names.index(mark) - 0.5)
        _frame(axis, place)


def _frame(axis, corner: tuple[float, float]) -> None:
    from matplotlib.patches import Rectangle

    axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=COLOURS[1], linewidth=2))
