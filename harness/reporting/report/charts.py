"""The charts of the report as tables of numbers: the page shows each table, and draws from it."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.records.record import Record
from harness.records.study_outputs import Lines
from harness.reporting.factorial import KERAS_3, SHOWN, FactorialDesign
from harness.reporting.figures.colours import PUBLISHED_COLOUR, colours_of
from harness.reporting.figures.curves import NAMES, scale_of_most, seeds_by_epochs
from harness.reporting.groups import ModelResults, SeedGroup, Study
from harness.reporting.statistics import Range

INK = "var(--ink)"  # black on white paper, white on a dark screen
MEAN = "mean"


@dataclass(frozen=True)
class Curve:
    """One curve of a chart, as each seed has it.

    Attributes:
        label: its name.
        colour: as `#D55E00`, or a variable of the page's style.
        columns: the numbers by `mean` or `seed 0`, or by an empty name where there are no several
            seeds; one a row of the chart's table, None where the curve has no point.
        dots: draw dots (training, in the documents' style) in place of a line.
    """

    label: str
    colour: str
    columns: dict[str, Sequence[float | None]]
    dots: bool = False

    @property
    def names(self) -> list[str]:
        """The headings of its columns."""
        return [f"{self.label}, {seed}" if seed else self.label for seed in self.columns]

    @property
    def style(self) -> dict:
        """What the page needs to know beside the numbers."""
        seeds = list(self.columns)
        return {"label": self.label, "colour": self.colour, "dots": self.dots, "seeds": seeds}


@dataclass(frozen=True)
class Chart:
    """Curves over a common axis.

    Attributes:
        title: what is shown.
        x, y: names of the axes, with units.
        places: the x of each row; several rows may have the same.
        curves: what is drawn.
        references: values to compare with, by name, drawn as dashed lines.
        log_x, log_y: logarithmic axes.
        scale: range of the vertical axis; None where it follows from the numbers.
    """

    title: str
    x: str
    y: str
    places: Sequence[float]
    curves: Sequence[Curve]
    references: dict[str, float] = field(default_factory=dict)
    log_x: bool = False
    log_y: bool = False
    scale: Range | None = None

    @property
    def rows(self) -> list[tuple[float, tuple[float | None, ...]]]:
        """Each x, and what the columns have there."""
        columns = (values for curve in self.curves for values in curve.columns.values())
        return list(zip(self.places, zip(*columns, strict=True), strict=True))

    @property
    def text(self) -> str:
        """The chart in words: where each curve begins and ends, and its lowest and highest."""
        parts = [f"{self.title}: {self.y} by {self.x}."]
        for curve in self.curves:
            name, values = curve.names[0], next(iter(curve.columns.values()))
            known = [p for p in zip(self.places, values, strict=True) if p[1] is not None]
            if known:
                (start, first), (end, last) = min(known), max(known)
                ys = [y for _, y in known]
                words = f"{first:.4g} at {start:g}, {last:.4g} at {end:g}"
                parts.append(f"{name}: {words}, from {min(ys):.4g} to {max(ys):.4g}.")
        parts += [f"{name}: {value:.4g}." for name, value in self.references.items()]
        return " ".join(parts)


def training_charts(row: ModelResults) -> list[Chart]:
    """The metric and the loss over the epochs; none for a model without epochs."""
    if not row.first.history:
        return []
    names = ["mae"] if row.metric == "mae" else [row.metric, "loss"]  # the error is the loss, too
    return [_training_chart(row, name) for name in names]


def _training_chart(row: ModelResults, name: str) -> Chart:
    title = row.first.config["title"]  # one colour for all variants
    colour = colours_of([title])[title]
    parts = {"training": name, "validation": f"val_{name}"}
    ours = {label: seeds_by_epochs(row, column) for label, column in parts.items()}
    theirs = {label: row.published.curve(column) for label, column in parts.items()}
    epochs = max([*(v.shape[1] for v in ours.values()), *map(len, theirs.values())])
    curves = [
        _curve(row, label, values, epochs, colour, dots=label == "training")
        for label, values in ours.items()
    ]
    curves += [
        Curve(f"published {label}", INK, {"": _padded(values, epochs)}, dots=label == "training")
        for label, values in theirs.items()
        if values
    ]
    unit, references = NAMES[name], {}
    if name == row.metric:
        references = {row.reference["label"]: row.reference["validation"]}
        if row.degrees_per_unit is not None:
            unit += f" (normalised; 1 is {row.degrees_per_unit:.2f} °C)"
    drawn = [*ours.values(), *(np.array([values]) for values in theirs.values() if values)]
    return Chart(
        *(f"{row.title}: {NAMES[name]}", "epoch", unit, range(1, epochs + 1), curves),
        references=references,
        scale=scale_of_most(drawn, list(references.values())),
    )


def _padded(values: Iterable[float], length: int) -> list[float | None]:
    """As many cells as the table has rows; NaN is an empty cell."""
    known = [None if np.isnan(value) else float(value) for value in values]
    return known + [None] * (length - len(known))


def _curve(
    group: SeedGroup, label: str, values: np.ndarray, length: int, colour: str, dots: bool = False
) -> Curve:
    """The mean of several seeds, then each; float (seeds, places), NaN where a run has no value."""
    seeds = [_padded(one, length) for one in values]
    if len(seeds) == 1:
        return Curve(label, colour, {"": seeds[0]}, dots)
    known = [[v for v in place if v is not None] for place in zip(*seeds, strict=True)]
    columns: dict = {MEAN: [statistics.fmean(place) if place else None for place in known]}
    columns |= {f"seed {r.seed}": one for r, one in zip(group.records, seeds, strict=True)}
    return Curve(label, colour, columns, dots)


def study_chart(study: Study, lines: Lines) -> Chart:
    """One panel of a study; points that form no curve are listed one a row."""
    colours = colours_of(series.label for series in lines.series)
    colours = {k: INK if v == PUBLISHED_COLOUR else v for k, v in colours.items()}
    if any(study.scattered(lines, label) for label in colours):
        points = [
            (x, label, y)
            for label in colours
            for x, y in sorted(zip(*study.points(lines, label), strict=True))
        ]
        places = [x for x, _, _ in points]
        curves = [
            Curve(one, colour, {"": [y if one == label else None for _, label, y in points]}, True)
            for one, colour in colours.items()
        ]
    else:
        places = sorted({x for series in lines.series for x in series.x})
        curves = []
        for series in lines.series:
            label = series.label
            values = np.array([_of_seed(r, lines, label, places) for r in study.records])
            curves.append(_curve(study, label, values, len(places), colours[label], series.dots))
    return Chart(
        *(lines.title, lines.x, lines.y, places, curves),
        references=lines.references,
        log_x=lines.log_x,
        log_y=lines.log_y,
    )


def _of_seed(record: Record, lines: Lines, label: str, places: list[float]) -> list[float]:
    """One curve of a study as one seed has it; NaN where it has no point."""
    found = dict(zip(*Study((record,)).points(lines, label), strict=True))
    return [found.get(place, np.nan) for place in places]


def update_rules_chart(design: FactorialDesign) -> Chart:
    """Training loss of one network by each update rule, beside the published log."""
    alone = [c for c in design.conditions if c.levels == KERAS_3 | {"optimizer": c.optimizer}]
    shown = [condition for condition in alone if condition.optimizer in SHOWN]
    colours = colours_of(condition.title for condition in shown)
    published = design.published.loss
    losses = [seeds_by_epochs(condition.row, "loss") for condition in shown]
    epochs = max(len(published), *(values.shape[1] for values in losses))
    log = {"": _padded(published, epochs)}
    curves = [Curve("published log", INK, log, dots=True)] if published else []
    for condition, values in zip(shown, losses, strict=True):
        label = condition.title
        curves.append(_curve(condition.row, label, values, epochs, colours[label]))
    title = f"Training loss of the {design.title} by update rule"
    return Chart(title, "epoch", "training loss", range(1, epochs + 1), curves)
