"""The training curves of one experiment in the documents' style, beside the published ones."""

from pathlib import Path

import numpy as np

from harness.reporting.analysis.results import ModelResults
from harness.reporting.figures.style import (
    COLOURS,
    NAMES,
    SAMPLE_SUFFIX,
    add_degrees,
    columns_of,
    count_epochs,
    draw_band,
    draw_reference,
    new_figure,
    quantity,
)

CURVE_COLOUR = COLOURS[0]
BEST_COLOUR = COLOURS[1]
PUBLISHED_COLOUR = "black"


def plot_curves(row: ModelResults, plots_dir: Path) -> Path:
    """Accuracy and loss side by side; one wide panel where the loss is the metric."""
    columns = [row.metric] if row.metric == "mae" else [row.metric, "loss"]
    title = f"{row.first.experiment}: {row.title}"
    if len(row.records) > 1:
        title += f", mean and range of {len(row.records)} seeds"
    title += SAMPLE_SUFFIX if row.sample else ""
    path = plots_dir / f"{row.name}.png"
    with new_figure(path, title, width=10, height=4.4) as figure:
        axes = figure.subplots(1, len(columns), squeeze=False)[0]
        for axis, column in zip(axes, columns, strict=True):
            _draw_curves(axis, row, column)
        # Below the axes a legend can never hide a point.
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return path


def _draw_curves(axis, row: ModelResults, column: str) -> None:
    """Training as dots, validation as a line, seeds as a band, the best epoch as a ring.

    What was published of the same network is black: crosses for training, a line for validation.
    """
    training = columns_of(row, column)  # (seeds, epochs)
    validation = columns_of(row, f"val_{column}")  # (seeds, epochs)
    epochs = np.arange(1, training.shape[1] + 1)
    longest = max(len(epochs), len(row.published.curve(column)))
    seeds = len(row.records)
    # A line through a single epoch would not be seen.
    style = "-" if len(epochs) > 1 else "_"
    axis.plot(epochs, np.nanmean(training, 0), "o", color=CURVE_COLOUR, label="training")
    axis.plot(
        epochs, np.nanmean(validation, 0), style, color=CURVE_COLOUR, ms=20, label="validation"
    )
    if seeds > 1:
        draw_band(axis, epochs, training, CURVE_COLOUR)
        draw_band(axis, epochs, validation, CURVE_COLOUR)
    for name, style, label in (
        (column, "x", "training, published"),
        (f"val_{column}", "-", "validation, published"),
    ):
        published = row.published.curve(name)
        if published:
            x = np.arange(1, len(published) + 1)
            axis.plot(x, published, style, color=PUBLISHED_COLOUR, ms=6, lw=1.2, label=label)

    best_epochs = np.array([record.metrics["best_epoch"] for record in row.records])  # (seeds,)
    if seeds == 1:
        label = f"best epoch: {best_epochs[0]} ({row.first.metrics['best_validation']:.4f})"
    else:
        label = "best epoch of each seed"
    axis.plot(
        best_epochs,
        validation[np.arange(seeds), best_epochs - 1],
        "o",
        markersize=11 if seeds == 1 else 8,
        markerfacecolor="none",
        markeredgecolor=BEST_COLOUR,
        markeredgewidth=2,
        label=label,
    )
    if column == row.metric:
        reference = row.reference["validation"]
        draw_reference(axis, reference, f"{row.reference['label']} ({reference:.4f})")
        if row.degrees_per_unit is not None:
            degrees = add_degrees(axis.secondary_yaxis, row.degrees_per_unit, "right")
            degrees.set_ylabel("MAE (°C)")

    axis.set_title(f"Training and validation {NAMES[column]}")
    axis.set_ylabel(quantity(row) if column == row.metric else NAMES[column])
    count_epochs(axis, longest)
