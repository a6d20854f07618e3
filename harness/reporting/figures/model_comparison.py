"""All models of a data set: their numbers as dots, and below a small panel of curves for each."""

import math
from pathlib import Path

from harness.reporting.figures import curves
from harness.reporting.figures.colours import PUBLISHED_COLOUR, colours_of
from harness.reporting.figures.style import (
    GREY,
    SAMPLE_SUFFIX,
    draw_legend,
    drawable,
    new_figure,
    wrapped,
)
from harness.reporting.groups import ModelResults
from harness.reporting.statistics import SeedStatistics

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


def plot_comparison(rows: list[ModelResults], title: str, path: Path) -> Path:
    """Above: the numbers of all models. Below: validation of each model with epochs."""
    trained = [row for row in rows if row.first.history]
    colours = {_model(row): GREY for row in rows} | colours_of(map(_model, trained))
    heights = [2.1 + 0.36 * len(rows)]
    if trained:
        heights.append(1.2 + 2.1 * math.ceil(len(trained) / PANELS_A_ROW))
    with new_figure(path, _title(rows, title), width=10, height=sum(heights)) as figure:
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        _draw_dots(parts[0].subplots(), rows, colours)
        if trained:
            _draw_panels(parts[1], trained, colours)
    return path


def _model(row: ModelResults) -> str:
    """The name that decides the colour: all variants of an experiment have one."""
    return row.first.config["title"]


def _title(rows: list[ModelResults], title: str) -> str:
    """The data set, and which model has the best test value."""
    pick, word = (min, "lowest") if rows[0].metric == "mae" else (max, "highest")
    best = pick(rows, key=lambda row: row.spread("test_at_best").mean)
    title += f": {curves.NAMES[rows[0].metric]} of {len(rows)} model{'s' if len(rows) > 1 else ''}"
    title += f", {word} on test {best.spread('test_at_best').mean:.4f} ({best.title})"
    return title + (SAMPLE_SUFFIX if rows[0].sample else "")


def _draw_panels(figure, rows: list[ModelResults], colours: dict[str, str]) -> None:
    """Validation over epochs, a panel a model, all on one scale; published curves are black."""
    metric, columns = rows[0].metric, min(len(rows), PANELS_A_ROW)
    figure.suptitle(
        f"Validation {curves.NAMES[metric]} after each epoch: mean and range of the seeds"
    )
    panels = figure.subplots(-(-len(rows) // columns), columns, sharey=True, squeeze=False)
    axes = panels.flat[: len(rows)]
    validation = [curves.seeds_by_epochs(row, f"val_{metric}") for row in rows]
    for axis, row, values in zip(axes, rows, validation, strict=True):
        curves.draw_seeds(axis, values, "o-", ms=3, color=colours[_model(row)])
        published = row.published.curve(f"val_{metric}")
        curves.draw_published(axis, published, "-", label="validation, published")
        # Experiments may validate on different rows, on which the trivial predictor differs too.
        curves.draw_reference(axis, row.reference["validation"], row.reference["label"])
        curves.count_from_one(axis, values.shape[1], "epoch", most=30 // columns)
    references = [row.reference["validation"] for row in rows]
    scale = curves.scale_of_most(validation, references) or axes[0].get_ylim()
    for axis, row, values in zip(axes, rows, validation, strict=True):
        axis.set_ylim(*scale)
        title, cut = (
            wrapped(t, 110 // columns) for t in (row.title, curves.off_scale(axis, values))
        )
        axis.set_title(f"{title}\n{cut}".strip(), color=colours[_model(row)], fontsize=10)
    for axis in panels.flat[len(rows) :]:
        axis.set_axis_off()
    for axis in panels[:, 0]:
        axis.set_ylabel(curves.metric_axis(rows[0]))
    for axis in axes[columns - 1 :: columns]:
        curves.add_degrees(axis, rows, "right")
    draw_legend(figure, axes)


def _draw_dots(axis, rows: list[ModelResults], colours: dict[str, str]) -> None:
    """One line a model: best validation, test at best, published value, and all three written.

    A bar is the 95 % interval of the mean, with an arrow where it leaves the scale; few seeds are
    shown one by one.
    """
    low, high = _limits(rows)
    axis.set_xlim(low, high)
    axis.set_ylim(len(rows) - 0.5, -0.5)  # the first row on top
    beside = axis.get_yaxis_transform()  # x in widths of the axes, y in rows
    for column, (name, marker) in enumerate(MARKERS.items()):
        numbers = [_numbers(row)[name] for row in rows]
        if not any(one.n for one in numbers):
            continue  # nothing was published for sample data
        texts = [f"{one.mean:.4f}" if one.n else "–" for one in numbers]
        for place, text in enumerate([name, *texts], start=-1):
            style = {"xycoords": beside, "textcoords": "offset points", "ha": "center"}
            style["va"] = "bottom" if text is name else "center"
            axis.annotate(text, (1, place), (45 + 70 * column, 0), **style)
        for place, (row, one) in enumerate(zip(rows, numbers, strict=True)):
            # A little apart, so that equal values do not hide each other.
            place += 0.2 * (column - 1)
            style = {"color": colours[_model(row)], "linestyle": "none"} | marker
            values = one.values if one.too_few else (one.mean,)
            axis.plot(values, [place] * len(values), **style)
            if one.interval:
                axis.hlines(place, *one.interval, color=style["color"], zorder=1)
                arrow = {"ms": 6, "color": style["color"], "clip_on": False}
                if one.interval[0] < low:
                    axis.plot(low, place, "<", **arrow)
                if one.interval[1] > high:
                    axis.plot(high, place, ">", **arrow)
    for place, row in enumerate(rows):
        test = row.spread("test_at_best").mean
        if not low <= test <= high:
            text, side = ("◀ off the scale", "left") if test < low else ("off the scale ▶", "right")
            axis.text(test > high, place, text, transform=beside, ha=side, va="center", color=GREY)

    title, reference = "Bars: 95 % interval of the seeds' mean", rows[0].reference
    if low <= reference["test"] <= high:
        axis.axvline(reference["test"], color=GREY, linestyle="--", zorder=0)
        title += drawable(f"; dashed: {reference['label']} on test")
    axis.set_title(wrapped(title, 50), pad=10)
    axis.set_yticks(range(len(rows)), [wrapped(row.title, 32) for row in rows], fontsize=10)
    for label, row in zip(axis.get_yticklabels(), rows, strict=True):
        label.set_color(colours[_model(row)])
    axis.grid(axis="y", color="#E0E0E0")
    axis.set_axisbelow(True)
    better = "lower" if rows[0].metric == "mae" else "higher"
    axis.set_xlabel(f"{curves.metric_axis(rows[0])}, {better} is better")
    curves.add_degrees(axis, rows, "top")


def _numbers(row: ModelResults) -> dict[str, SeedStatistics]:
    """What the comparison shows of a model, by the names of the markers; empty where unknown."""
    published = row.published.best_validation
    if published is None:
        published = row.published.test
    theirs = SeedStatistics(() if published is None else (published,))
    ours = row.spread("best_validation"), row.spread("test_at_best")
    return dict(zip(MARKERS, (*ours, theirs), strict=True))


def _limits(rows: list[ModelResults]) -> tuple[float, float]:
    """The scale of the dots.

    It leaves out what would press all others into less than half of it: the bars of the model with
    the widest one, and trivial predictors.
    """

    def width(row: ModelResults) -> float:
        bars = [numbers.interval for numbers in _numbers(row).values() if numbers.interval]
        return max((high - low for low, high in bars), default=0)

    def span(members: list[ModelResults], barless: list[ModelResults]) -> tuple[float, float]:
        ends: list[float] = []
        for row in members:
            for numbers in _numbers(row).values():
                if numbers.interval and row in barless:
                    ends.append(numbers.mean)
                else:
                    ends += numbers.interval or numbers.values
        return min(ends), max(ends)

    def roomy(whole: tuple[float, float], inner: tuple[float, float]) -> tuple[float, float]:
        pressed = whole[1] - whole[0] > 2 * (inner[1] - inner[0])
        return inner if pressed else whole

    others = [
        row
        for row in rows
        if not math.isclose(row.spread("best_validation").mean, row.reference["validation"])
    ] or rows
    widest = [max(others, key=width)] if len(others) > 1 else []
    whole, inner = span(others, []), span(others, widest)
    barless = widest if roomy(whole, inner) != whole else []
    low, high = roomy(span(rows, barless), span(others, barless))
    margin = 0.08 * (high - low) or 0.01
    return low - margin, high + margin
