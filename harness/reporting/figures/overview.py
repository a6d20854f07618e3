"""All models of a data set: their numbers as dots, and below a small panel of curves for each."""

import math
from dataclasses import replace
from pathlib import Path

from harness.reporting.figures.charts import (
    NAMES,
    VALIDATION,
    colour_of,
    scale_of_most,
    training_charts,
)
from harness.reporting.figures.panels import WIDTH, draw_chart
from harness.reporting.figures.style import (
    GREY,
    PUBLISHED_COLOUR,
    SAMPLE_SUFFIX,
    draw_legend,
    drawable,
    new_figure,
    wrapped,
)
from harness.reporting.groups import ModelResults
from harness.reporting.statistics import Range, SeedStatistics

PANELS_A_ROW = 5
# The numbers of a model by the heads of their columns, which are also the legend of the markers.
MARKERS = {
    "○\nbest\nvalidation": {"marker": "o", "markersize": 8, "markerfacecolor": "white"},
    "●\ntest at\nbest": {"marker": "o", "markersize": 7},
    "◆\npublished\nbest": {"marker": "D", "markersize": 5, "color": PUBLISHED_COLOUR},
}


def one_protocol_each(rows: list[ModelResults]) -> list[ModelResults]:
    """The published protocols, and variants only of experiments that did not run by theirs."""
    standard = [row for row in rows if not row.variant]
    covered = {row.first.experiment for row in standard}
    return standard + [row for row in rows if row.first.experiment not in covered]


def plot_overview(rows: list[ModelResults], title: str, path: Path) -> Path:
    """Above: the numbers of all models. Below: validation of each model with epochs."""
    trained = [row for row in rows if row.first.history]
    heights = [2.1 + 0.36 * len(rows)]
    if trained:
        heights.append(1.2 + 2.1 * math.ceil(len(trained) / PANELS_A_ROW))
    with new_figure(path, _title(rows, title), width=WIDTH, height=sum(heights)) as figure:
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        _draw_dots(parts[0].subplots(), rows)
        if trained:
            _draw_panels(parts[1], trained)
    return path


def _title(rows: list[ModelResults], title: str) -> str:
    """The data set, and which model has the best test value."""
    pick, word = (min, "lowest") if rows[0].metric == "mae" else (max, "highest")
    best = pick(rows, key=lambda row: row.spread("test_at_best").mean)
    title += f": {NAMES[rows[0].metric]} of {len(rows)} model{'s' if len(rows) > 1 else ''}"
    title += f", {word} on test {best.spread('test_at_best').mean:.4f} ({best.title})"
    return title + (SAMPLE_SUFFIX if rows[0].sample else "")


def _draw_panels(figure, rows: list[ModelResults]) -> None:
    """Validation over epochs, a panel a model, all on one scale; published curves are black."""
    columns = min(len(rows), PANELS_A_ROW)
    metric = NAMES[rows[0].metric]
    figure.suptitle(f"Validation {metric} after each epoch: mean and range of the seeds")
    panels = figure.subplots(-(-len(rows) // columns), columns, sharey=True, squeeze=False)
    charts = [training_charts(row)[0] for row in rows]
    ours = [chart.curves[1].y for chart in charts]
    scale = scale_of_most(ours, [value for c in charts for value in c.references.values()])
    for place, (axis, row, chart) in enumerate(zip(panels.flat, rows, charts, strict=False)):
        validation, *published = (c for c in chart.curves if c.label.startswith(VALIDATION))
        edge = place % columns == columns - 1
        draw_chart(
            axis,
            replace(
                chart,
                title=row.title,
                curves=[replace(validation, label="_"), *published],  # `_` is in no legend
                scale=scale,
                y=chart.y if place % columns == 0 else "",
                degrees=chart.degrees if edge else None,
            ),
            width=110 // columns,
            small=True,
        )
        axis.title.set(color=colour_of(row), fontsize=10)
    for axis in panels.flat[len(rows) :]:
        axis.set_axis_off()
    draw_legend(figure, panels.flat)


def _draw_dots(axis, rows: list[ModelResults]) -> None:
    """One line a model: best validation, test at best, published value, and all three written.

    A bar is the 95 % interval of the mean; few seeds are shown one by one. An arrow points to what
    is off the scale.
    """
    low, high = _limits(rows)
    axis.set_xlim(low, high)
    axis.set_ylim(len(rows) - 0.5, -0.5)  # the first row on top
    beside = axis.get_yaxis_transform()  # x in widths of the axes, y in rows
    colours = list(map(colour_of, rows))
    for column, (name, marker) in enumerate(MARKERS.items()):
        numbers = [_numbers(row)[column] for row in rows]
        if not any(one.n for one in numbers):
            continue  # nothing was published for sample data
        texts = [f"{one.mean:.4f}" if one.n else "–" for one in numbers]
        for place, text in enumerate([name, *texts], start=-1):
            style = {"xycoords": beside, "textcoords": "offset points", "ha": "center"}
            style["va"] = "bottom" if text is name else "center"
            axis.annotate(text, (1, place), (45 + 70 * column, 0), **style)
        for row, (colour, one) in enumerate(zip(colours, numbers, strict=True)):
            place = row + 0.2 * (column - 1)  # apart, so that equal values do not hide each other
            style = {"color": colour, "linestyle": "none"} | marker
            values = one.values if one.too_few else (one.mean,)
            axis.plot(values, [place] * len(values), **style)
            if one.interval:
                axis.hlines(place, *one.interval, color=style["color"], zorder=1)
            ends = one.interval or values
            arrow = {"ms": 6, "color": style["color"], "clip_on": False}
            if ends and min(ends) < low:
                axis.plot(low, place, "<", **arrow)
            if ends and max(ends) > high:
                axis.plot(high, place, ">", **arrow)

    title, reference = "Bars: 95 % interval of the seeds' mean", rows[0].reference
    if any(line.get_marker() in ("<", ">") for line in axis.lines):
        title += "; arrows: off the scale"
    if low <= reference["test"] <= high:
        axis.axvline(reference["test"], color=GREY, linestyle="--", zorder=0)
        title += f"; dashed: {reference['label']} on test"
    axis.set_title(wrapped(title, 50), pad=10)
    axis.set_yticks(range(len(rows)), [wrapped(row.title, 32) for row in rows], fontsize=10)
    for label, colour in zip(axis.get_yticklabels(), colours, strict=True):
        label.set_color(colour)
    axis.grid(axis="y", color="#E0E0E0")
    axis.set_axisbelow(True)
    unit, better = NAMES[rows[0].metric], "lower" if rows[0].metric == "mae" else "higher"
    scales = {row.degrees_per_unit for row in rows}
    if None not in scales:
        unit += " (normalised)"
    axis.set_xlabel(f"{unit}, {better} is better")
    if len(scales) == 1 and None not in scales:
        (scale,) = scales
        functions = (lambda units: units * scale, lambda degrees: degrees / scale)
        axis.secondary_xaxis("top", functions=functions).set_xlabel(drawable(rows[0].error_axis))


def _numbers(row: ModelResults) -> tuple[SeedStatistics, ...]:
    """What the overview shows of a model, in the order of the markers; empty where unknown."""
    published = row.published.best_validation
    if published is None:
        published = row.published.test
    theirs = SeedStatistics(() if published is None else (published,))
    return row.spread("best_validation"), row.spread("test_at_best"), theirs


def _limits(rows: list[ModelResults]) -> Range:
    """The scale of the dots: all but trivial predictors, which would press the others together."""
    others = [
        row
        for row in rows
        if not math.isclose(row.spread("best_validation").mean, row.reference["validation"])
    ] or rows
    shown = [numbers for row in others for numbers in _numbers(row) if numbers.n]
    values = [v for one in shown for v in (one.values if one.too_few else (one.mean,))]
    margin = 0.15 * (max(values) - min(values)) or 0.01
    return min(values) - margin, max(values) + margin
