"""The update rules of Keras's versions as a figure: training curves beside the published ones."""

from pathlib import Path

from harness.reporting.factorial import (
    KERAS_3,
    ORIGINAL,
    RULES,
    SHOWN,
    Condition,
    FactorialDesign,
)
from harness.reporting.figures import curves
from harness.reporting.figures.colours import colours_of
from harness.reporting.figures.style import GREY, draw_legend, listed, new_figure, wrapped
from harness.reporting.table import format_percent

# By the gates of a network: its line, the same mark as a letter, and the name in the legend.
LINES = {
    "sigmoid": ("o-", "●", "run here"),
    "keras2-hard-sigmoid": ("s:", "■", "run here, hard sigmoid"),
}


def with_most_rules(found: list[FactorialDesign]) -> list[FactorialDesign]:
    """The networks that were trained by the most update rules, if by more than one.

    Those with a published curve are enough, if there are any.
    """
    counts = [len({one.optimizer for one in design.conditions}) for design in found]
    most = max([2, *counts])
    kept = [design for design, count in zip(found, counts, strict=True) if count == most]
    return [design for design in kept if design.published.loss] or kept


def plot_update_rules(found: list[FactorialDesign], path: Path) -> Path:
    """A row a network, a column a version of Keras; the published curve in each panel of its row.

    The last column is the documents' script on its own Keras.
    """
    rules = _rules(found)
    height = 1.6 + 2.2 * len(found)
    with new_figure(path, finding(found), width=10, height=height) as figure:
        axes = figure.subplots(len(found), len(rules), sharex="row", sharey="row", squeeze=False)
        for design, row in zip(found, axes, strict=True):
            for rule, axis in zip(rules, row, strict=True):
                _draw(axis, design, rule, most_ticks=36 // len(rules))
            row[0].set_ylabel(f"{wrapped(design.title, 22)}\ntraining loss")
        for axis, title in zip(axes[0], rules.values(), strict=True):
            axis.set_title(wrapped(title, 80 // len(rules)))
        for gates in {cell.gates: None for design in found for cell in design.conditions}:
            line, _, label = LINES[gates]
            axes[0, 0].plot([], [], line, ms=4, color=GREY, label=label)
        draw_legend(figure, axes.flat)
    return path


def _rules(found: list[FactorialDesign]) -> dict[str, str]:
    """The rules of versions of Keras that some network was trained by, and their names."""
    ran = {cell.optimizer: cell for design in found for cell in design.conditions}
    return {rule: RULES.get(rule, ran[rule].title) for rule in SHOWN if rule in ran}


def finding(found: list[FactorialDesign]) -> str:
    """How far the first and the last rule are from the published log, where they differ most.

    And how far the original is, where it ran.
    """
    rules = _rules(found)
    first_rule, *between, last_rule = rules
    ends = (first_rule, *between[-1:], last_rule) if ORIGINAL in rules else (first_rule, last_rule)
    distances = {}  # by network, in the order of `ends`
    for design in found:
        off = {
            one.optimizer: one.distance
            for one in design.conditions
            if one.levels == KERAS_3 | {"optimizer": one.optimizer} and one.distance is not None
        }
        if off.keys() >= set(ends):
            distances[design.title] = [off[rule] for rule in ends]
    if not distances:
        networks = listed(design.title for design in found)
        return f"Training loss of {networks} by {len(rules)} update rules"
    network = max(distances, key=lambda title: abs(distances[title][0] - distances[title][1]))
    names = (rules[rule].partition(":")[0] for rule in ends)  # "Keras 2.0's rule: both"
    off = map(format_percent, distances[network])
    first, *others = (f"{far} off {{}}by {name}" for far, name in zip(off, names, strict=True))
    parts = [first.format("the published log "), *(one.format("") for one in others)]
    return f"Training loss of the {network}: {', '.join(parts)}"


def _draw(axis, design: FactorialDesign, rule: str, most_ticks: int) -> None:
    """The published curve, and ours by one rule: mean and range of the seeds."""
    cells = [c for c in design.conditions if c.optimizer == rule and c.reset_after]
    colour = colours_of([design.title])[design.title]
    for cell in cells:
        losses = curves.seeds_by_epochs(cell.row, "loss")  # (seeds, epochs)
        curves.draw_seeds(axis, losses, LINES[cell.gates][0], ms=4, color=colour)
    curves.draw_published(axis, design.published.loss, "--", label="published log")
    text = "\n".join(map(_distance, cells)) or "no runs yet"
    axis.text(0.98, 0.98, text, transform=axis.transAxes, ha="right", va="top", color=colour)
    curves.count_from_one(
        axis, len(design.conditions[0].row.first.history["loss"]), "epoch", most_ticks
    )
    axis.set_ylim(bottom=0)


def _distance(condition: Condition) -> str:
    """How far the curve is from the published one, and how many seeds it is of."""
    off, seeds = condition.distance, len(condition.row.records)
    lines = [] if off is None else [f"off by {format_percent(off)}"]
    lines.append(f"{seeds} seed{'s' if seeds > 1 else ''}")
    return f"{LINES[condition.gates][1]} " + "\n".join(lines)
