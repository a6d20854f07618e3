"""The curves of two results over each other."""

from pathlib import Path

from harness.reporting.comparison import Comparison
from harness.reporting.figures import curves
from harness.reporting.figures.colours import OTHER_COLOURS, colours_of
from harness.reporting.figures.style import SAMPLE_SUFFIX, draw_legend, new_figure, wrapped


def plot_pair(pair: Comparison, path: Path) -> None:
    """The metric and, where it is another, the loss: training as dots, validation as a line."""
    rows, metric = (pair.first, pair.second), pair.first.metric
    colours = [colours_of([title])[title] for title in (r.first.config["title"] for r in rows)]
    if colours[0] == colours[1]:
        colours[1] = OTHER_COLOURS[4]
    best = " and ".join(f"{row.spread('best_validation').mean:.4f}" for row in rows)
    title = f"A: {rows[0].title}; B: {rows[1].title}: best validation {curves.NAMES[metric]} {best}"
    title += SAMPLE_SUFFIX if pair.first.sample else ""
    with new_figure(path, title, width=10, height=4.6) as figure:
        shown = ["mae"] if metric == "mae" else [metric, "loss"]
        axes = figure.subplots(1, len(shown), squeeze=False)[0]
        for axis, column in zip(axes, shown, strict=True):
            drawn = {}
            # B is drawn finer, so that A is seen below it where they agree
            for side, row, colour, size in zip("AB", rows, colours, (7, 4), strict=True):
                training = curves.seeds_by_epochs(row, column)  # (seeds, epochs)
                validation = curves.seeds_by_epochs(row, f"val_{column}")  # (seeds, epochs)
                line = "-" if validation.shape[1] > 1 else "_"  # one epoch makes no line
                style = {"color": colour, "label": f"{side}, training"}
                curves.draw_seeds(axis, training, "o", ms=size, **style)
                style["label"] = f"{side}, validation"
                curves.draw_seeds(axis, validation, line, ms=20, lw=size / 2, **style)
                drawn[side] = [training, validation]
            curves.fit_scale(axis, [*drawn["A"], *drawn["B"]], is_loss=column == "loss")
            cuts = {side: curves.off_scale(axis, *both) for side, both in drawn.items()}
            cut = "; ".join(f"{side} {text}" for side, text in cuts.items() if text)
            heading = f"Training and validation {curves.NAMES[column]}"
            axis.set_title(f"{heading}\n{wrapped(cut, 44)}".strip())
            axis.set_ylabel(curves.metric_axis(rows[0]) if column == metric else column)
            if column == metric:
                curves.add_degrees(axis, rows, "right")
            curves.count_from_one(axis, max(both[0].shape[1] for both in drawn.values()), "epoch")
        draw_legend(figure, axes[:1])
