"""All models of a data set beside each other: curves, dots and the numbers behind them."""

import math
import textwrap
from pathlib import Path

import numpy as np

from harness.reporting.analysis.results import ModelResults
from harness.reporting.figures.style import (
    COLOURS,
    GREY,
    NAMES,
    SAMPLE_SUFFIX,
    add_degrees,
    columns_of,
    count_epochs,
    draw_band,
    draw_reference,
    has_curve,
    literal,
    new_figure,
    quantity,
)

# Of the comparison: a ring, a dot, a diamond.
MARKERS = {
    "best validation": {"marker": "o", "markersize": 9, "markerfacecolor": "none"},
    "test at best": {"marker": "o", "markersize": 7},
    "published best": {"marker": "D", "markersize": 6, "markerfacecolor": "none"},
}


def compared(rows: list[ModelResults]) -> list[ModelResults]:
    """The rows of a comparison: the published protocols, and variants only of what has none."""
    standard = [row for row in rows if not row.variant]
    covered = {row.first.experiment for row in standard}
    return standard + [row for row in rows if row.first.experiment not in covered]


def plot_comparison(rows: list[ModelResults], title: str, path: Path) -> Path:
    """Left: validation curve of each model with epochs. Right: every model's numbers."""
    curves = [row for row in rows if has_curve(row)]
    colours = {row.name: GREY for row in rows}
    colours |= {row.name: COLOURS[i % len(COLOURS)] for i, row in enumerate(curves)}
    scales = {row.degrees_per_unit for row in rows}
    degrees_per_unit = scales.pop() if len(scales) == 1 else None

    lines = max(_label(row).count("\n") + 1 for row in rows)
    height = max(4.8, 2.3 + max(0.5, 0.22 * lines) * len(rows))
    title += SAMPLE_SUFFIX if rows[0].sample else ""
    with new_figure(path, title, width=12.5, height=height) as figure:
        left, right, table = figure.subplots(1, 3, width_ratios=(10, 8, 7))
        _draw_validation(left, curves, colours, degrees_per_unit)
        _draw_dots(right, rows, colours, degrees_per_unit)
        _draw_numbers(table, rows)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return path


def _draw_validation(
    axis, rows: list[ModelResults], colours: dict[str, str], degrees_per_unit: float | None
) -> None:
    """Validation metric over epochs, a line a model; its colour names it in the other panel."""
    if not rows:
        axis.text(0.5, 0.5, "no model with epochs yet", transform=axis.transAxes, ha="center")
        return
    longest = max(len(row.first.history["seconds"]) for row in rows)
    for row in rows:
        validation = columns_of(row, f"val_{row.metric}")  # (seeds, epochs)
        epochs = np.arange(1, validation.shape[1] + 1)
        axis.plot(
            epochs,
            np.nanmean(validation, 0),
            "o-",
            ms=4,
            color=colours[row.name],
            label=_label(row),
        )
        if len(row.records) > 1:
            # pale, since the bands of many models lie over each other
            draw_band(axis, epochs, validation, colours[row.name], alpha=0.1)
    # Experiments may validate on different rows, on which the trivial predictor differs too.
    references = {row.reference["validation"]: row.reference["label"] for row in rows}
    values = ", ".join(f"{value:.4f}" for value in sorted(references))
    for place, (value, name) in enumerate(sorted(references.items())):
        draw_reference(axis, value, f"{name} ({values})" if place == 0 else None)
    title = [f"Validation {NAMES[rows[0].metric]} after each epoch"]
    if any(len(row.records) > 1 for row in rows):
        title.append("mean and range of the seeds")
    frame = _frame([columns_of(row, f"val_{row.metric}") for row in rows], list(references))
    if frame is not None:
        axis.set_ylim(*frame)
        title.append("a few epochs lie outside the frame")
    axis.set_title(",\n".join(title))
    axis.set_ylabel(quantity(rows[0]))
    if degrees_per_unit is not None:
        add_degrees(axis.secondary_yaxis, degrees_per_unit, "right").set_ylabel("MAE (°C)")
    count_epochs(axis, longest)


def _frame(curves: list[np.ndarray], references: list[float]) -> tuple[float, float] | None:
    """The scale of the curves where a few epochs would press all the others into one line.

    Args:
        curves: validation of each model, shape (seeds, epochs).
        references: the trivial predictors.

    Returns:
        The range without each curve's outermost tenths, or None if the whole range serves.
    """
    low = min([*references, *(np.nanquantile(curve, 0.1) for curve in curves)])
    high = max([*references, *(np.nanquantile(curve, 0.9) for curve in curves)])
    lowest = min([*references, *map(np.nanmin, curves)])
    highest = max([*references, *map(np.nanmax, curves)])
    if highest - lowest < 3 * (high - low):
        return None
    margin = 0.08 * (high - low)
    return low - margin, high + margin


def _draw_dots(
    axis, rows: list[ModelResults], colours: dict[str, str], degrees_per_unit: float | None
) -> None:
    """One line a model: best validation (ring), test at best (dot), published value (diamond)."""
    low, high = _limits(rows)
    for place, row in enumerate(rows):
        colour = colours[row.name]
        values = _values(row)
        if _trivial(row) and not low <= values["best validation"][0] <= high:
            _mark_off_scale(axis, place, values["best validation"][0] < low)
            continue
        # A little apart, so that equal values do not hide each other.
        for offset, (name, (value, sd)) in zip((-0.2, 0, 0.2), values.items(), strict=True):
            if value is not None:
                style = {"color": colour} | MARKERS[name]
                axis.errorbar(value, place + offset, xerr=sd, capsize=3, **style)

    axis.set_xlim(low, high)
    axis.set_ylim(len(rows) - 0.5, -0.5)  # the first row on top
    axis.set_yticks(range(len(rows)), [_label(row) for row in rows])
    for label, row in zip(axis.get_yticklabels(), rows, strict=True):
        label.set_color(colours[row.name])
    axis.grid(axis="y", color="#E0E0E0")
    axis.set_axisbelow(True)
    better = "lower" if rows[0].metric == "mae" else "higher"
    several = any(len(row.records) > 1 for row in rows)
    axis.set_title("All models" + (", mean ± sd" if several else ""))
    axis.set_xlabel(f"{quantity(rows[0])}, {better} is better")
    if degrees_per_unit is not None:
        add_degrees(axis.secondary_xaxis, degrees_per_unit, "top").set_xlabel("MAE (°C)")


def _draw_numbers(axis, rows: list[ModelResults]) -> None:
    """The numbers behind the dots, a column each; its head is the legend of the markers."""
    from matplotlib.transforms import offset_copy

    axis.set_axis_off()
    axis.set_xlim(0, len(MARKERS))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    head = axis.get_xaxis_transform()  # x in columns, y in heights of the axes
    above_head = offset_copy(head, fig=axis.figure, y=42, units="points")
    for column, (name, marker) in enumerate(MARKERS.items()):
        if all(_values(row)[name][0] is None for row in rows):
            continue  # nothing was published for sample data
        x = column + 0.5
        axis.text(x, 1.01, name.replace(" ", "\n", 1), transform=head, ha="center", va="bottom")
        style = {"color": "black", "clip_on": False, "transform": above_head} | marker
        axis.plot(x, 1, **style)
        for place, row in enumerate(rows):
            value, sd = _values(row)[name]
            text = "–" if value is None else f"{value:.4f}"
            if sd is not None:
                text += f"\n± {sd:.4f}"
            axis.text(x, place, text, ha="center", va="center", fontsize=10, linespacing=1)


def _values(row: ModelResults) -> dict[str, tuple[float | None, float | None]]:
    """Mean and deviation of what the comparison shows of a model, by the names of the markers.

    Seeds that all agree, as those of the trivial predictors do, have no deviation to be drawn.
    """
    best, test = row.spread("best_validation"), row.spread("test_at_best")
    published = row.published.best_validation
    if published is None:
        published = row.published.test
    return dict(
        zip(
            MARKERS,
            ((best.mean, best.sd or None), (test.mean, test.sd or None), (published, None)),
            strict=True,
        )
    )


def _limits(rows: list[ModelResults]) -> tuple[float, float]:
    """The scale of the dots.

    A trivial predictor that lies further away than all others lie apart would press them into one
    spot; the scale then leaves it out.
    """

    def span(members: list[ModelResults]) -> tuple[float, float]:
        ends = [
            value + sign * (sd or 0)
            for row in members
            for value, sd in _values(row).values()
            if value is not None
            for sign in (-1, 1)
        ]
        return min(ends), max(ends)

    low, high = span(rows)
    others = [row for row in rows if not _trivial(row)]
    if others:
        inner_low, inner_high = span(others)
        if high - low > 2 * (inner_high - inner_low):
            low, high = inner_low, inner_high
    margin = 0.08 * (high - low) or 0.01
    return low - margin, high + margin


def _trivial(row: ModelResults) -> bool:
    """Whether the row is the trivial predictor itself."""
    return math.isclose(row.spread("best_validation").mean, row.reference["validation"])


def _mark_off_scale(axis, place: int, below: bool) -> None:
    """An arrow at the edge behind which the row's values lie."""
    edge, marker, inside = (0, "<", 0.04) if below else (1, ">", 0.96)
    transform = axis.get_yaxis_transform()  # x in widths of the axes, y in rows
    axis.plot(edge, place, marker, color=GREY, transform=transform, clip_on=False)
    side = "left" if below else "right"
    axis.text(
        inside,
        place,
        "off the scale",
        transform=transform,
        color=GREY,
        ha=side,
        va="center",
        backgroundcolor="white",
    )


def _label(row: ModelResults) -> str:
    """The row's title, broken to fit beside an axis."""
    return literal(textwrap.fill(row.title, 30))
