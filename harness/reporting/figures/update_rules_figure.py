"""Keras 2's and Keras 3's update rules as a figure: training curves beside the published ones."""

from pathlib import Path

import numpy as np

from harness.reporting.analysis.factorial import RULES, Condition, FactorialDesign
from harness.reporting.figures.style import COLOURS, columns_of, count_epochs, draw_band, new_figure
from harness.reporting.tables.formatting import format_percent

TITLE = "Training loss from Keras 3's update rule to Keras 2's, beside the published log"
GATES = {"sigmoid": (COLOURS[0], "ours"), "keras2-hard-sigmoid": (COLOURS[1], "ours, hard sigmoid")}


def plot_factorial(found: list[FactorialDesign], path: Path) -> Path:
    """A row a network, a column an update rule; the published curve in each panel of its row."""
    ran = {cell.optimizer for design in found for cell in design.conditions}
    rules = {rule: title for rule, title in RULES.items() if rule in ran}
    height = 1.3 + 2.7 * len(found)
    with new_figure(path, TITLE, width=3 * max(len(rules), 3), height=height) as figure:
        axes = figure.subplots(len(found), len(rules), sharex="row", sharey="row", squeeze=False)
        for design, row in zip(found, axes, strict=True):
            for rule, axis in zip(rules, row, strict=True):
                _draw(axis, design, rule)
            row[0].set_ylabel(f"{design.title}\ntraining loss")
        for axis, title in zip(axes[0], rules.values(), strict=True):
            axis.set_title(title)
        legend: dict[str, object] = {}
        for axis in axes.flat:
            handles, labels = axis.get_legend_handles_labels()
            legend |= dict(zip(labels, handles, strict=True))
        figure.legend(legend.values(), legend.keys(), loc="outside lower center", ncols=4)
    return path


def _draw(axis, design: FactorialDesign, rule: str) -> None:
    """The published curve, and ours by one rule: mean and range of the seeds."""
    cells = [c for c in design.conditions if c.optimizer == rule and c.reset_after]
    for place, cell in enumerate(cells):
        colour, label = GATES[cell.gates]
        losses = columns_of(cell.row, "loss")  # (seeds, epochs)
        epochs = np.arange(1, losses.shape[1] + 1)
        axis.plot(epochs, losses.mean(0), "o-", ms=4, color=colour, label=label)
        draw_band(axis, epochs, losses, colour)
        axis.text(
            *(0.96, 0.92 - 0.11 * place),
            _distance(cell),
            transform=axis.transAxes,
            ha="right",
            va="top",
            color=colour,
        )
    if not cells:
        axis.text(0.5, 0.5, "no runs yet", transform=axis.transAxes, ha="center")
    published = design.published.loss
    if published:
        x = np.arange(1, len(published) + 1)
        axis.plot(x, published, "k--", lw=1.8, label="published log")
    count_epochs(axis, len(design.conditions[0].row.first.history["loss"]))
    axis.set_ylim(bottom=0)


def _distance(condition: Condition) -> str:
    """How far the curve is from the published one, and how many seeds it is of."""
    off, seeds = condition.distance, len(condition.row.records)
    runs = f"{seeds} seed{'s' if seeds > 1 else ''}"
    return runs if off is None else f"off by {format_percent(off)}, {runs}"


def shown(found: list[FactorialDesign]) -> list[FactorialDesign]:
    """The networks that were trained by more than one update rule."""
    return [design for design in found if len({cell.optimizer for cell in design.conditions}) > 1]
