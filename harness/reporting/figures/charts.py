"""What figures and the report show, as numbers over the seeds of a group.

The history of a network is a line chart like those of a study. `panels` draws charts with
Matplotlib, the report's page draws the same ones with Vega.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from harness.records.record import Record
from harness.records.study_outputs import Heatmap, Lines, Series
from harness.reporting.factorial import KERAS_3, SHOWN, FactorialDesign
from harness.reporting.figures.style import GREY, PUBLISHED_COLOUR, colours_of
from harness.reporting.groups import ModelResults, SeedGroup, Study
from harness.reporting.statistics import Range
from harness.reporting.table import format_percent

MOST_LINES = 6  # in one panel
WIDE = 20  # losses whose outliers span more than this factor get a logarithmic axis, uncut
NAMES = {"accuracy": "accuracy", "mae": "MAE", "loss": "loss"}
TRAINING, VALIDATION = "training", "validation"
RULE_COLOURS = ("#661100", "#CC6677", "#B8860B", "#17BECF", "#004D6E")  # from Keras 3 to 2.0 itself


@dataclass(frozen=True)
class Curve:
    """One curve, as each seed has it, or points of all seeds that form no curve."""

    label: str
    colour: str
    x: Sequence[float]  # (points,), rising; each has a value of at least one seed
    y: np.ndarray  # (seeds, points); NaN where a seed has no value
    mark: str = "line"  # or "dots" (training), "crosses" (published training), "rings"
    seeds: tuple[int, ...] = (0,)  # their numbers
    dashed: bool = False  # another curve of the panel has the same colour

    @property
    def mean(self) -> np.ndarray:
        """The mean of the seeds, (points,)."""
        return np.nanmean(self.y, 0)

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """The mean and each seed by its name, (points,) each; a single seed has an empty name."""
        if len(self.y) == 1:
            return {"": self.y[0]}
        names = (f"seed {seed}" for seed in self.seeds)
        return {"mean": self.mean, **dict(zip(names, self.y, strict=True))}


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
    def rows(self) -> list[tuple[float, list[float | None]]]:
        """The chart as a table: each x with the numbers of all columns of all curves.

        Where a curve has several points at one x, there are several rows of this x.
        """
        names = [(curve.label, name) for curve in self.curves for name in curve.columns]
        rows: dict[tuple[float, int], dict] = {}
        for curve in self.curves:
            columns, found = curve.columns.items(), Counter()
            for point, x in enumerate(curve.x):
                cells = rows.setdefault((x, found[x]), {})
                found[x] += 1
                cells |= {(curve.label, name): values[point] for name, values in columns}
        known = {place: {k: v for k, v in row.items() if v == v} for place, row in rows.items()}
        return [(x, [known[x, n].get(name) for name in names]) for x, n in sorted(known)]

    @property
    def text(self) -> str:
        """The chart in words: where each curve begins and ends, and its lowest and highest."""
        parts = [f"{self.title}: {self.y} by {self.x}."]
        for curve in self.curves:
            if len(curve.x):
                x, y = curve.x, curve.mean
                ends = f"{y[0]:.4g} at {x[0]:g}, {y[-1]:.4g} at {x[-1]:g}"
                parts.append(f"{curve.label}: {ends}, from {min(y):.4g} to {max(y):.4g}.")
        parts += [f"{name}: {value:.4g}." for name, value in self.references.items()]
        return " ".join(parts)

    @property
    def off_scale(self) -> str:
        """What leaves the scale: `off the scale: up to 39.4 (epochs 2, 5)`, or nothing."""
        if self.scale is None:
            return ""
        low, high = self.scale
        points = [
            (y, int(x))
            for curve in self.curves
            if curve.colour != PUBLISHED_COLOUR
            for x, y in zip(curve.x, curve.mean, strict=True)
            if not low <= y <= high
        ]
        ends = [f"down to {min(points)[0]:.3g}"] if points and min(points)[0] < low else []
        ends += [f"up to {max(points)[0]:.3g}"] if points and max(points)[0] > high else []
        epochs = sorted({x for _, x in points})
        name = f"{self.x}s" if len(epochs) > 1 else self.x
        numbers = f"({name} {', '.join(map(str, epochs))})"
        return f"off the scale: {' and '.join(ends)} {numbers}" if ends else ""


Panel = Chart | Heatmap


def panels_of(group: SeedGroup) -> list[Panel]:
    """What the figure of a network or of a study shows; nothing for a model without epochs."""
    if isinstance(group, ModelResults):
        return training_charts(group)
    panels: list[Panel] = []
    for output in group.outputs:
        if isinstance(output, Heatmap):
            panels.append(replace(output, title=group.caption(output)))
        elif isinstance(output, Lines):
            panels += study_charts(group, output)
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


def _chart(group: SeedGroup, lines: Lines, colours: dict[str, str]) -> Chart:
    """The curves of all seeds of one of the first seed's line charts."""
    curves: list[Curve] = []
    for series in lines.series:
        curve = _curve(group, lines.title, series, colours[series.label])
        like = any((c.colour, c.mark) == (curve.colour, curve.mark) for c in curves)
        curves.append(replace(curve, dashed=like))
    axes = (lines.title, lines.x, lines.y, curves, lines.references, lines.log_x, lines.log_y)
    return Chart(*axes)


def _curve(group: SeedGroup, title: str, series: Series, colour: str) -> Curve:
    """One curve as each seed has it; dots that form no curve are the points of all seeds."""
    runs = [
        (record.seed, one)
        for record in group.records
        for lines in _lines_of(record)
        for one in lines.series
        if (lines.title, one.label) == (title, series.label)
    ]
    points = [
        [(x, y) for x, y in zip(one.x, one.y, strict=True) if y is not None] for _, one in runs
    ]
    places = {tuple(one.x) for _, one in runs}
    repeated = any(len(set(x)) < len(x) for x in places)
    # runs of a network may stop at different epochs
    cloud = series.dots and group.first.is_study and (repeated or len(places) > 1)
    if cloud:
        points = [sorted(point for seed in points for point in seed)]
        x, y = [x for x, _ in points[0]], np.array([[y for _, y in points[0]]])
    else:
        x = sorted({x for seed in points for x, _ in seed})
        values = map(dict, points)
        y = np.array([[seed.get(place, np.nan) for place in x] for seed in values], float)
    dots = "crosses" if colour == PUBLISHED_COLOUR else "dots"
    seeds = (0,) if cloud else tuple(seed for seed, _ in runs)
    return Curve(series.label, colour, x, y, dots if series.dots else "line", seeds)


def study_charts(study: Study, lines: Lines) -> list[Chart]:
    """The charts of one output: more curves than a panel can hold are divided among several."""
    labels = [series.label for one in _lines_of(study.first) for series in one.series]
    chart = _chart(study, lines, colours_of(labels))
    pooled = any(len(curve.x) > len(set(curve.x)) for curve in chart.curves)
    title = f"{lines.title}, all seeds" if pooled and len(study.records) > 1 else lines.title
    count = -(-len(chart.curves) // MOST_LINES)  # of panels
    size = -(-len(chart.curves) // count)
    parts = [chart.curves[start : start + size] for start in range(0, len(chart.curves), size)]
    return [replace(chart, title=title, curves=part) for part in parts]


def colour_of(row: ModelResults) -> str:
    """The colour of a model: all variants of an experiment have one, models without epochs none."""
    if not row.first.history:
        return GREY
    title = row.first.config["title"]
    return colours_of([title])[title]


def training_charts(row: ModelResults) -> list[Chart]:
    """The metric and the loss over the epochs, beside the published curves."""
    charts, trained = [], [len(record.history["seconds"]) for record in row.records]
    fewer = f", fewer seeds after epoch {min(trained)}" if min(trained) < max(trained) else ""
    for lines in _lines_of(row.first):
        chart = _chart(row, lines, dict.fromkeys((TRAINING, VALIDATION), colour_of(row)))
        name = row.metric if lines.references else "loss"
        training, validation = (row.published.curve(column) for column in (name, f"val_{name}"))
        drawn = [*chart.curves, *_published(f"{TRAINING}, published", training, "crosses")]
        drawn += _published(f"{VALIDATION}, published", validation, "line")
        scale = scale_of_most([curve.y for curve in drawn], list(chart.references.values()))
        losses = np.concatenate([curve.y.ravel() for curve in drawn])
        wide = name == "loss" and np.nanmax(losses) > WIDE * np.nanmin(losses) > 0
        logarithmic = scale is not None and wide
        charts.append(
            replace(
                chart,
                title=chart.title + fewer,
                curves=[*drawn, _best_epochs(row, chart.curves[1])],
                scale=None if logarithmic else scale,
                log_y=logarithmic,
                degrees=row.degrees_per_unit if lines.references else None,
                degrees_axis=row.error_axis,
            )
        )
    return charts


def _published(label: str, values: Sequence[float], mark: str) -> list[Curve]:
    """A published curve, one value an epoch, in black; none where none was published."""
    epochs = range(1, len(values) + 1)
    return [Curve(label, PUBLISHED_COLOUR, epochs, np.array([values]), mark)] if values else []


def _best_epochs(row: ModelResults, validation: Curve) -> Curve:
    epochs = [record.metrics["best_epoch"] for record in row.records]
    label = "best epoch of each seed" if len(epochs) > 1 else f"best epoch: {epochs[0]}"
    values = [seed[epoch - 1] for seed, epoch in zip(validation.y, epochs, strict=True)]
    x, y = zip(*sorted(zip(epochs, values, strict=True)), strict=True)
    return Curve(label, validation.colour, x, np.array([y]), "rings")


def scale_of_most(curves: list[np.ndarray], references: Sequence[float] = ()) -> Range | None:
    """The scale of the curves where a few epochs would press all the others into one line.

    The curves are float (seeds, epochs) each; the references are drawn beside them. The scale
    leaves out each curve's outermost tenths; None if the whole range serves.
    """
    low = min([*references, *(np.nanquantile(curve, 0.1) for curve in curves)])
    high = max([*references, *(np.nanquantile(curve, 0.9) for curve in curves)])
    lowest = min([*references, *map(np.nanmin, curves)])
    highest = max([*references, *map(np.nanmax, curves)])
    if highest - lowest < 3 * (high - low):
        return None
    margin = 0.08 * (high - low)
    return low - margin, high + margin


def pair_charts(first: ModelResults, second: ModelResults) -> list[Chart]:
    """The curves of two results over each other; those of B in another colour than A's."""
    colour = colour_of(second) if colour_of(second) != colour_of(first) else PUBLISHED_COLOUR
    charts = []
    for one, other in zip(training_charts(first), training_charts(second), strict=False):
        curves = [replace(c, label=f"A, {c.label}") for c in one.curves[:2]]
        curves += [replace(c, label=f"B, {c.label}", colour=colour) for c in other.curves[:2]]
        scale = scale_of_most([curve.y for curve in curves])
        charts.append(replace(one, curves=curves, references={}, scale=scale, log_y=False))
    return charts


def update_rules_chart(design: FactorialDesign) -> Chart:
    """Training loss of one network by the rule of each version of Keras, and the published log."""
    conditions = {
        condition.optimizer: condition
        for condition in design.conditions
        if condition.levels == KERAS_3 | {"optimizer": condition.optimizer}
    }
    curves = _published("published log", design.published.loss, "crosses")
    for rule, colour in zip(SHOWN, RULE_COLOURS, strict=True):
        if rule in conditions:
            condition = conditions[rule]
            off = condition.distance
            history = _history(condition.row.first, "loss")
            curve = _curve(condition.row, history.title, history.series[0], colour)
            label = condition.title + (f", {format_percent(off)} off" if off is not None else "")
            curves.append(replace(curve, label=label, mark="line"))
    title = f"Training loss of the {design.title} by update rule: mean and range of the seeds"
    return Chart(title, "epoch", "training loss", curves)


def with_most_rules(found: list[FactorialDesign]) -> list[FactorialDesign]:
    """The networks trained by the most rules, if several; those with a published curve, if any."""
    counts = [len({one.optimizer for one in design.conditions}) for design in found]
    most = max([2, *counts])
    kept = [design for design, count in zip(found, counts, strict=True) if count == most]
    return [design for design in kept if design.published.loss] or kept
