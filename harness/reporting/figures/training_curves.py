"""The training curves of one experiment in the documents' style, beside the published ones."""

from pathlib import Path

import numpy as np

from harness.reporting.figures import curves
from harness.reporting.figures.colours import colours_of
from harness.reporting.figures.style import SAMPLE_SUFFIX, draw_legend, new_figure, wrapped
from harness.reporting.groups import ModelResults


def plot_curves(row: ModelResults, plots_dir: Path) -> Path:
    """Accuracy and loss side by side; one wide panel where the loss is the metric."""
    columns = [row.metric] if row.metric == "mae" else [row.metric, "loss"]
    path = plots_dir / f"{row.name}.png"
    with new_figure(path, _title(row), width=10, height=4.6) as figure:
        axes = figure.subplots(1, len(columns), squeeze=False)[0]
        for axis, column in zip(axes, columns, strict=True):
            _draw_curves(axis, row, column)
        draw_legend(figure, axes[:1])
    return path


def _title(row: ModelResults) -> str:
    """The best validation, ours and published, and of how many seeds."""
    seeds, best = len(row.records), row.spread("best_validation").mean
    title = f"{row.title}: best validation {curves.NAMES[row.metric]} {best:.4f}"
    if row.published.best_validation is not None:
        title += f", published {row.published.best_validation:.4f}"
    runs = f"mean and range of {seeds} seeds" if seeds > 1 else "one seed"
    return f"{title} ({row.first.experiment}, {runs})" + (SAMPLE_SUFFIX if row.sample else "")


def _draw_curves(axis, row: ModelResults, column: str) -> None:
    """Training as dots, validation as a line, seeds as a band, the best epoch as a ring.

    What was published of the same network is black: crosses for training, a line for validation.
    """
    model = row.first.config["title"]  # one colour for all variants
    colour = colours_of([model])[model]
    training = curves.seeds_by_epochs(row, column)  # (seeds, epochs)
    validation = curves.seeds_by_epochs(row, f"val_{column}")  # (seeds, epochs)
    published = [row.published.curve(name) for name in (column, f"val_{column}")]
    # A line through a single epoch would not be seen.
    line = "-" if validation.shape[1] > 1 else "_"
    curves.draw_seeds(axis, training, "o", color=colour, label="training")
    curves.draw_seeds(axis, validation, line, color=colour, ms=20, label="validation")
    curves.draw_published(axis, published[0], "x", ms=6, label="training, published")
    curves.draw_published(axis, published[1], "-", label="validation, published")

    best_epochs = np.array([record.metrics["best_epoch"] for record in row.records])  # (seeds,)
    label = "best epoch of each seed" if len(best_epochs) > 1 else f"best epoch: {best_epochs[0]}"
    best = validation[np.arange(len(best_epochs)), best_epochs - 1]  # (seeds,)
    axis.plot(best_epochs, best, "o", ms=9, mfc="none", mec=colour, label=label)

    references = [row.reference["validation"]] if column == row.metric else []
    for reference in references:
        curves.draw_reference(axis, reference, f"{row.reference['label']} ({reference:.4f})")
        curves.add_degrees(axis, [row], "right")
    drawn = [training, validation, *(np.array([curve]) for curve in published if curve)]
    curves.fit_scale(axis, drawn, references, is_loss=column == "loss")
    title = f"Training and validation {curves.NAMES[column]}"
    cut = curves.off_scale(axis, training, validation)
    axis.set_title(f"{title}\n{wrapped(cut, 44)}".strip())
    axis.set_ylabel(curves.metric_axis(row) if column == row.metric else curves.NAMES[column])
    curves.count_from_one(axis, max(curve.shape[1] for curve in drawn), "epoch")
