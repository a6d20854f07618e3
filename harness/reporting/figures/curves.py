"""Curves over epochs, as every figure draws them, and their axes with units."""

from collections.abc import Sequence

import numpy as np

from harness.reporting.figures.colours import PUBLISHED_COLOUR
from harness.reporting.figures.style import GREY, drawable
from harness.reporting.groups import ModelResults

NAMES = {"accuracy": "accuracy", "mae": "MAE", "loss": "loss"}
WIDE = 20  # losses whose outliers span more than this factor get a logarithmic axis, uncut
MOST_PLAIN_TICKS = 10_000  # a scale that spans more has its ticks written as powers of ten


def seeds_by_epochs(row: ModelResults, column: str) -> np.ndarray:
    """One column of the histories, float (seeds, epochs); NaN after the end of a shorter run."""
    histories = [record.history[column] for record in row.records]
    curves = np.full((len(histories), max(map(len, histories))), np.nan)
    for seed, values in enumerate(histories):
        curves[seed, : len(values)] = values
    return curves


def draw_seeds(axis, curves: np.ndarray, line: str, **style) -> None:
    """Mean of the seeds over the epochs, and their range as a band; float (seeds, epochs)."""
    epochs = np.arange(1, curves.shape[1] + 1)
    axis.plot(epochs, np.nanmean(curves, 0), line, **style)
    if len(curves) > 1:
        low, high = np.nanmin(curves, 0), np.nanmax(curves, 0)  # (epochs,)
        axis.fill_between(epochs, low, high, color=style["color"], alpha=0.18, linewidth=0)


def draw_published(axis, values: Sequence[float], line: str, **style) -> None:
    """A published curve, one value an epoch, in black; nothing where none was published."""
    if values:
        axis.plot(range(1, len(values) + 1), values, line, color=PUBLISHED_COLOUR, lw=1.2, **style)


def scale_of_most(
    curves: list[np.ndarray], references: Sequence[float] = ()
) -> tuple[float, float] | None:
    """The scale of the curves where a few epochs would press all the others into one line.

    Args:
        curves: float (seeds, epochs) each.
        references: values that are drawn beside them.

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


def fit_scale(
    axis, curves: list[np.ndarray], references: Sequence[float] = (), *, is_loss: bool
) -> None:
    """Sets a scale on which most of the curves, float (seeds, epochs) each, can be read."""
    if scale := scale_of_most(curves, references):
        values = np.concatenate([curve.ravel() for curve in curves])
        if is_loss and np.nanmax(values) > WIDE * np.nanmin(values) > 0:
            log_scale(axis)
        else:
            axis.set_ylim(*scale)


def off_scale(axis, *curves: np.ndarray) -> str:
    """How far means of the seeds, float (seeds, epochs) each, leave the axis, and at which epochs.

    `off the scale: up to 39.4 (epochs 2, 5)`, or nothing.
    """
    low, high = axis.get_ylim()
    means = np.array([np.nanmean(curve, 0) for curve in curves])  # (curves, epochs)
    ends = [f"down to {means.min():.3g}"] if means.min() < low else []
    ends += [f"up to {means.max():.3g}"] if means.max() > high else []
    if not ends:
        return ""
    epochs = np.flatnonzero(((means < low) | (means > high)).any(0)) + 1  # from 1
    numbers = f"epoch{'s' if len(epochs) > 1 else ''} {', '.join(map(str, epochs))}"
    return f"off the scale: {' and '.join(ends)} ({numbers})"


def log_scale(axis) -> None:
    """A logarithmic vertical axis; over few powers of ten, ticks at 1, 3, 10, 30 and so on."""
    from matplotlib.ticker import LogLocator

    axis.set_yscale("log")
    low, high = axis.get_ylim()
    if high / low < MOST_PLAIN_TICKS:
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.minorticks_off()


def draw_reference(axis, value: float, label: str) -> None:
    """The trivial predictor as a dashed line."""
    axis.axhline(value, color=GREY, linestyle="--", label=drawable(label))
    axis.autoscale_view(scalex=False)  # Matplotlib leaves no margin at a line within the limits


def metric_axis(row: ModelResults) -> str:
    """The metric's name and unit on an axis."""
    return NAMES[row.metric] + (" (normalised)" if row.degrees_per_unit is not None else "")


def add_degrees(axis, rows: Sequence[ModelResults], side: str) -> None:
    """A second scale in °C, `right` or `top`, where all models have the same one."""
    scales = {row.degrees_per_unit for row in rows}
    if len(scales) > 1 or None in scales:
        return
    (scale,) = scales
    functions = (lambda units: units * scale, lambda degrees: degrees / scale)
    second = axis.secondary_xaxis if side == "top" else axis.secondary_yaxis
    name = "xlabel" if side == "top" else "ylabel"
    second(side, functions=functions).set(**{name: "MAE (°C)"})


def count_from_one(axis, last: int, name: str, most: int = 12) -> None:
    """Whole numbers from 1, such as epochs, on the horizontal axis; about `most` are written."""
    step = next((step for step in (1, 5, 10, 50, 100) if last <= most * step), 500)
    axis.set_xticks(sorted({1, *range(step, last + 1, step)}))
    axis.set_xlim(0.5, last + 0.5)
    axis.set_xlabel(drawable(name))
