"""What figures and the report show, as numbers over the seeds of a group.

The history of a network is a line chart like those of a study. `panels` draws charts with
Matplotlib, the report's page draws the same ones with Vega.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from harness.records.record import Record
from harness.records.study_outputs import Heatmap, Lines, Series
from harness.reporting.factorial import GLANCE, KERAS_3, SHOWN, Condition, FactorialDesign
from harness.reporting.figures.style import GREY, PUBLISHED_COLOUR, colours_of
from harness.reporting.groups import ModelResults, SeedGroup
from harness.reporting.statistics import Range, SeedStatistics
from harness.reporting.table import format_percent

MOST_LINES = 6  # in one panel
NAMES = {"accuracy": "accuracy", "mae": "MAE", "loss": "loss"}
TRAINING, VALIDATION = "training", "validation"
RULE_COLOURS = ("#661100", "#CC6677", "#B8860B", "#17BECF", "#004D6E")  # from Keras 3 to 2.0 itself


@dataclass(frozen=True)
class Curve:
    """One curve, as each seed has it, or points of all seeds that form no curve."""

    label: str
    colour: str
    seeds: pd.DataFrame  # a row for each x, rising; a column a seed, NaN where it has no value
    mark: str = "line"  # or "dots" (training), "crosses" (published training), "rings"
    dashed: bool = False  # another curve of the panel has the same colour

    @property
    def mean(self) -> pd.Series:
        """The mean of the seeds by x."""
        return self.seeds.mean(axis=1)

    @property
    def columns(self) -> pd.DataFrame:
        """The mean and each seed by its name; a single seed has an empty name."""
        if self.seeds.shape[1] == 1:
            return self.seeds.set_axis([""], axis=1)
        return pd.concat([self.mean.rename("mean"), self.seeds], axis=1)


@dataclass(frozen=True)
class Chart:
    """Curves over a common axis: one panel of a figure, one chart of the report."""

    title: str
    x: str  # names of the axes, with units
    y: str
    curves: list[Curve]
    references: dict[str, float] = field(default_factory=dict)  # values to compare with, by name
    log_x: bool = False
    log_y: bool = False
    scale: Range | None = None  # of the vertical axis; None where it follows from the numbers
    degrees: float | None = None  # °C, or another unit, in one unit of y
    degrees_axis: str = ""

    @property
    def parts(self) -> list["Chart"]:
        """The chart, divided where it has more curves than a panel can hold."""
        size = even_share(len(self.curves), MOST_LINES)
        starts = range(0, len(self.curves), size)
        return [replace(self, curves=self.curves[start : start + size]) for start in starts]

    @property
    def rows(self) -> list[tuple[float, list[float]]]:
        """The chart as a table: each x with the numbers of all columns of all curves, or NaN.

        Where a curve has several points at one x, there are several rows of this x.
        """
        columns = []
        for curve in self.curves:
            table = curve.columns
            count = table.groupby(level=0).cumcount()  # 0, 1, ... of the points at one x
            columns.append(table.set_index(count.to_numpy(), append=True))
        table = pd.concat(columns, axis=1).sort_index()
        return [
            (x, row) for (x, _), row in zip(table.index, table.to_numpy().tolist(), strict=True)
        ]

    @property
    def off_scale(self) -> str:
        """What of any seed leaves the scale: `off the scale: up to 39.4`, or nothing."""
        if self.scale is None:
            return ""
        own = pd.concat([c.seeds.stack() for c in self.curves if c.colour != PUBLISHED_COLOUR])
        low, high = self.scale
        ends = [f"down to {own.min():.3g}"] if own.min() < low else []
        ends += [f"up to {own.max():.3g}"] if own.max() > high else []
        return f"off the scale: {' and '.join(ends)}" if ends else ""


def even_share(count: int, most: int) -> int:
    """How many of `count` stand together, at most `most`, if no group is much smaller: 3 of 6."""
    groups = -(-count // most)
    return -(-count // groups)


@dataclass(frozen=True)
class Dots:
    """The numbers of several models, a line a model."""

    rows: list[ModelResults]
    names = ("best\nvalidation", "test at\nbest", "published\nbest")

    def numbers(self, row: ModelResults) -> tuple[SeedStatistics, ...]:
        """What is shown of a model, as `names` has it; empty where nothing is known."""
        published = row.published.best_validation
        if published is None:
            published = row.published.test
        theirs = SeedStatistics(() if published is None else (published,))
        return row.spread("best_validation"), row.spread("test_at_best"), theirs

    @property
    def scale(self) -> Range:
        """Shows all but trivial predictors, which would press the others together."""
        others = [
            row
            for row in self.rows
            if not math.isclose(row.spread("best_validation").mean, row.reference["validation"])
        ] or self.rows
        values = [v for row in others for one in self.numbers(row) if one.n for v in dots(one)]
        margin = 0.15 * (max(values) - min(values)) or 0.01
        return min(values) - margin, max(values) + margin


def dots(numbers: SeedStatistics) -> tuple[float, ...]:
    """The values to show one by one: few seeds, or the mean of many."""
    return numbers.values if numbers.too_few else (numbers.mean,)


Panel = Chart | Heatmap | Dots


def panels_of(group: SeedGroup) -> list[Panel]:
    """What the figure of a network or of a study shows; nothing for a model without epochs."""
    if isinstance(group, ModelResults):
        return training_charts(group)
    panels: list[Panel] = []
    for output in group.outputs:
        if isinstance(output, Heatmap):
            panels.append(replace(output, title=group.caption(output)))
        elif isinstance(output, Lines):
            panels.append(chart_of(group, output))
    return panels


def _lines_of(record: Record) -> list[Lines]:
    """The line charts of one run."""
    if record.is_study:
        return [output for output in record.outputs if isinstance(output, Lines)]
    metric = record.metrics["metric"]
    names = (metric,) if metric == "mae" else (metric, "loss")  # the error is the loss, too
    return [_history(record, name) for name in names if record.history]


def _history(record: Record, name: str) -> Lines:
    """A history as a study would show it: training as dots, validation as a line."""
    measured = record.metrics
    unit, references = NAMES[name], {}
    if name == measured["metric"]:
        unit += " (normalised)" if measured["degrees_per_unit"] is not None else ""
        references = {measured["reference"]["label"]: measured["reference"]["validation"]}
    series = []
    for label, column in ((TRAINING, name), (VALIDATION, f"val_{name}")):
        values = record.history[column]
        epochs = list(range(1, len(values) + 1))
        series.append(Series(label, epochs, values, dots=label == TRAINING))
    return Lines(f"Training and validation {NAMES[name]}", "epoch", unit, series, references)


def chart_of(group: SeedGroup, lines: Lines) -> Chart:
    """The curves of all seeds of one of the first seed's line charts."""
    labels = [series.label for one in _lines_of(group.first) for series in one.series]
    own = isinstance(group, ModelResults)
    colours = dict.fromkeys(labels, colour_of(group)) if own else colours_of(labels)
    curves: list[Curve] = []
    for series in lines.series:
        curve = _curve(group, lines.title, series, colours[series.label])
        like = any((c.colour, c.mark) == (curve.colour, curve.mark) for c in curves)
        curves.append(replace(curve, dashed=like))
    axes = (lines.title, lines.x, lines.y, curves, lines.references, lines.log_x, lines.log_y)
    return Chart(*axes)


def _curve(group: SeedGroup, title: str, series: Series, colour: str) -> Curve:
    """One curve as each seed has it; dots that form no curve are the points of all seeds."""
    runs = {
        f"seed {record.seed}": pd.Series(one.y, one.x, dtype=float)
        for record in group.records
        for lines in _lines_of(record)
        for one in lines.series
        if (lines.title, one.label) == (title, series.label)
    }
    once = {name: run[~run.index.duplicated("last")] for name, run in runs.items()}
    alike = len({tuple(run.index) for run in (*runs.values(), *once.values())}) == 1
    # runs of a network may stop at different epochs
    if series.dots and group.first.is_study and not alike:
        seeds = pd.concat(runs.values()).to_frame()
    else:
        seeds = pd.concat(once, axis=1)
    dots = "crosses" if colour == PUBLISHED_COLOUR else "dots"
    known = seeds.sort_index(kind="stable").dropna(how="all")
    return Curve(series.label, colour, known, dots if series.dots else "line")


def colour_of(row: ModelResults) -> str:
    """The colour of a model: all variants of an experiment have one, models without epochs none."""
    if not row.first.history:
        return GREY
    title = row.first.config["title"]
    return colours_of([title])[title]


def training_charts(row: ModelResults) -> list[Chart]:
    """The metric and the loss over the epochs, beside the published curves."""
    charts, trained = [], [len(record.history.get("seconds", ())) for record in row.records]
    fewer = f", fewer seeds after epoch {min(trained)}" if min(trained) < max(trained) else ""
    for lines in _lines_of(row.first):
        chart = chart_of(row, lines)
        name = row.metric if lines.references else "loss"
        curves = [*chart.curves]
        for label, column, mark in (TRAINING, name, "crosses"), (VALIDATION, f"val_{name}", "line"):
            curves += _published(f"{label}, published", row.published.curve(column), mark)
        scale = scale_of_most(curves, chart.references.values())
        curves.append(_best_epochs(row, chart.curves[1]))
        degrees = row.degrees_per_unit if lines.references else None
        unit = {"degrees": degrees, "degrees_axis": row.error_axis}
        title = chart.title + fewer
        charts.append(replace(chart, title=title, curves=curves, scale=scale, **unit))
    return charts


def _published(label: str, values: Sequence[float], mark: str) -> list[Curve]:
    """A published curve, one value an epoch, in black; none where none was published."""
    seeds = pd.DataFrame({label: values}, range(1, len(values) + 1), dtype=float)
    return [Curve(label, PUBLISHED_COLOUR, seeds, mark)] if values else []


def _best_epochs(row: ModelResults, validation: Curve) -> Curve:
    epochs = [record.metrics["best_epoch"] for record in row.records]
    label = "best epoch of each seed" if len(epochs) > 1 else f"best epoch: {epochs[0]}"
    values = [validation.seeds.iloc[e - 1, place] for place, e in enumerate(epochs)]
    seeds = pd.DataFrame({label: values}, epochs).sort_index()
    return Curve(label, validation.colour, seeds, "rings")


def scale_of_most(curves: Iterable[Curve], references: Iterable[float] = ()) -> Range | None:
    """The scale of the curves where a few epochs would press all the others into one line.

    The references are drawn beside them. The scale leaves out each curve's outermost tenths; None
    if the whole range serves.
    """
    ends = [np.nanquantile(curve.seeds, (0, 0.1, 0.9, 1)) for curve in curves]
    ends += [np.full(4, value) for value in references]
    (lowest, low, *_), (*_, high, highest) = np.min(ends, 0), np.max(ends, 0)
    if low == high or highest - lowest < 3 * (high - low):
        return None
    margin = 0.08 * (high - low)
    return low - margin, high + margin


def overview_charts(rows: list[ModelResults]) -> list[Chart]:
    """Validation of each model with epochs, beside the published one, all on one scale."""
    charts = []
    for row in [row for row in rows if row.first.history]:
        chart = training_charts(row)[0]
        curves = [c for c in chart.curves if c.label.startswith(VALIDATION)]
        y = f"{VALIDATION} {chart.y}"
        charts.append(replace(chart, title=row.title, y=y, curves=curves, degrees=None))
    own = [chart.curves[0] for chart in charts]
    references = [value for chart in charts for value in chart.references.values()]
    scale = scale_of_most(own, references) if charts else None
    return [replace(chart, scale=scale) for chart in charts]


def validation_chart(rows: list[ModelResults]) -> Chart:
    """Validation of the networks that are best on it, as many as a panel can hold."""
    higher = not rows[0].lower_is_better
    ranked = sorted(rows, key=lambda r: r.spread("best_validation").mean, reverse=higher)
    best = ranked[:MOST_LINES]
    charts = overview_charts(best)
    curves = [replace(chart.curves[0], label=chart.title) for chart in charts]
    count = f" of the best {len(best)}" if len(rows) > len(best) else ""
    title = f"Validation {NAMES[rows[0].metric]}{count}"
    title += ": mean and range of the seeds" if any(len(row.records) > 1 for row in best) else ""
    return replace(charts[0], title=title, curves=curves)


def pair_charts(first: ModelResults, second: ModelResults) -> list[Chart]:
    """The curves of two results over each other; those of B in another colour than A's."""
    colour = colour_of(second) if colour_of(second) != colour_of(first) else PUBLISHED_COLOUR
    charts = []
    for one, other in zip(training_charts(first), training_charts(second), strict=False):
        curves = [replace(c, label=f"A, {c.label}") for c in one.curves[:2]]
        curves += [replace(c, label=f"B, {c.label}", colour=colour) for c in other.curves[:2]]
        charts.append(replace(one, curves=curves, references={}, scale=scale_of_most(curves)))
    return charts


def by_rule(design: FactorialDesign) -> dict[str, Condition]:
    """The conditions that differ in their update rule alone, in the order of `SHOWN`."""
    found = {
        one.optimizer: one
        for one in design.conditions
        if one.levels == KERAS_3 | {"optimizer": one.optimizer}
    }
    return {rule: found[rule] for rule in SHOWN if rule in found}


def update_rules_chart(design: FactorialDesign, glance: bool = False) -> Chart:
    """Training loss of one network by the rule of each version of Keras, and the published log.

    At a glance, only by the rules in `GLANCE`, with short names.
    """
    curves = _published("published log", design.published.loss, "crosses")
    found = by_rule(design)
    for rule in [one for one in (GLANCE if glance else SHOWN) if one in found]:
        condition = found[rule]
        name = condition.short_title if glance else condition.title
        off = condition.distance
        history = _history(condition.row.first, "loss")
        colour = RULE_COLOURS[SHOWN.index(rule)]
        curve = _curve(condition.row, history.title, history.series[0], colour)
        label = name + (f", {format_percent(off)} off" if off is not None else "")
        curves.append(replace(curve, label=label, mark="line"))
    title = f"Training loss of the {design.title} by update rule: mean and range of the seeds"
    return Chart(title, "epoch", "training loss", curves)


def with_most_rules(found: list[FactorialDesign]) -> list[FactorialDesign]:
    """The networks trained by the most rules, if several; those with a published curve, if any.

    The first of them is the one whose first and last rule differ most in their distance from it.
    """
    counts = [len({one.optimizer for one in design.conditions}) for design in found]
    most = max([2, *counts])
    kept = [design for design, count in zip(found, counts, strict=True) if count == most]

    def gain(design: FactorialDesign) -> float:
        off = [one.distance or 0.0 for one in by_rule(design).values()] or [0.0]
        return abs(off[0] - off[-1])

    return sorted([one for one in kept if one.published.loss] or kept, key=gain, reverse=True)
