"""Figures, made from the run records alone: `python -m harness.plots` (`make plots`).

One figure an experiment (its training curves) and one a data set (all models beside each other).
Same records, same bytes. Matplotlib is imported inside the functions: `--help` need not wait.
"""

import argparse
import math
import os
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness.errors import RunError
from harness.record import Record
from harness.summary import Catalogue, Row, load_published, load_rows, make_rows

# Okabe and Ito's palette, which colour-blind readers can tell apart; its yellow is too pale for
# lines on white. Models without epochs, which have no curve, are grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
GREY = "#6E6E6E"
CURVE_COLOUR = COLOURS[0]
BEST_COLOUR = COLOURS[1]
DPI = 150
STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.markeredgewidth": 1.8,
}
SAMPLE = " (sample data)"
# Of the comparison: a ring, a dot, a diamond.
MARKERS = {
    "best validation": {"marker": "o", "markersize": 9, "markerfacecolor": "none"},
    "test at best": {"marker": "o", "markersize": 7},
    "published best": {"marker": "D", "markersize": 6, "markerfacecolor": "none"},
}
NAMES = {"accuracy": "accuracy", "mae": "MAE", "loss": "loss"}


def plot_experiment(records: list[Record], plots_dir: Path) -> list[Path]:
    """Draws the training curves of one experiment.

    Args:
        records: finished runs of the experiment; runs that differ in more than the seed get a
            figure each.
        plots_dir: receives `<experiment>[+variant].png`.

    Returns:
        The files written; none for a model without epochs.

    Raises:
        RunError: the folder cannot be written.
    """
    rows = make_rows(records, Catalogue({}, {}))
    return [_plot_curves(row, plots_dir) for row in rows if _has_curve(row)]


def plot_all(results_dir: Path, plots_dir: Path, published: Path) -> tuple[list[Path], list[str]]:
    """Draws every figure: one an experiment with epochs, one comparison a data set.

    Args:
        results_dir: folder of the records.
        plots_dir: receives `<experiment>[+variant].png` and `<dataset>.png`.
        published: TOML file of the published numbers.

    Returns:
        The files written, and one sentence for each run that was left out.

    Raises:
        RunError: no records, sample data mixed with real data, or the folder cannot be written.
    """
    catalogue = load_published(published)
    rows, left_out = load_rows(results_dir, catalogue)
    paths = [_plot_curves(row, plots_dir) for row in rows if _has_curve(row)]
    for dataset in dict.fromkeys(row.dataset for row in rows):
        members = _compared([row for row in rows if row.dataset == dataset])
        title = catalogue.datasets.get(dataset, dataset)
        paths.append(_plot_comparison(members, title, plots_dir / f"{dataset}.png"))
    return paths, left_out


# --- one experiment --------------------------------------------------------------------------


def _plot_curves(row: Row, plots_dir: Path) -> Path:
    """Accuracy and loss side by side; one wide panel where the loss is the metric."""
    columns = [row.metric] if row.metric == "mae" else [row.metric, "loss"]
    title = f"{row.first.experiment}: {row.title}"
    if len(row.records) > 1:
        title += f", mean and range of {len(row.records)} seeds"
    path = plots_dir / f"{row.name}.png"
    with _figure(path, title + (SAMPLE if row.sample else ""), width=10, height=4.4) as figure:
        axes = figure.subplots(1, len(columns), squeeze=False)[0]
        for axis, column in zip(axes, columns, strict=True):
            _draw_curves(axis, row, column)
        # Below the axes a legend can never hide a point.
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return path


def _draw_curves(axis, row: Row, column: str) -> None:
    """Training as dots, validation as a line, seeds as a band, the best epoch as a ring."""
    training, validation = _curves(row, column), _curves(row, f"val_{column}")  # (seeds, epochs)
    epochs = np.arange(1, training.shape[1] + 1)
    seeds = len(row.records)
    # A line through a single epoch would not be seen.
    style = "-" if len(epochs) > 1 else "_"
    axis.plot(epochs, np.nanmean(training, 0), "o", color=CURVE_COLOUR, label="training")
    axis.plot(
        epochs, np.nanmean(validation, 0), style, color=CURVE_COLOUR, ms=20, label="validation"
    )
    if seeds > 1:
        _band(axis, epochs, training, CURVE_COLOUR)
        _band(axis, epochs, validation, CURVE_COLOUR)

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
        _draw_reference(axis, row.reference)
        if row.degrees_per_unit is not None:
            _add_degrees(axis.secondary_yaxis, row.degrees_per_unit, "right").set_ylabel("MAE (°C)")

    axis.set_title(f"Training and validation {NAMES[column]}")
    axis.set_ylabel(_quantity(row) if column == row.metric else NAMES[column])
    _count_epochs(axis, len(epochs))


# --- all models of a data set ----------------------------------------------------------------


def _compared(rows: list[Row]) -> list[Row]:
    """The rows of a comparison: the published protocols, and variants only of what has none."""
    standard = [row for row in rows if not row.variant]
    covered = {row.first.experiment for row in standard}
    return standard + [row for row in rows if row.first.experiment not in covered]


def _plot_comparison(rows: list[Row], title: str, path: Path) -> Path:
    """Left: validation curve of each model with epochs. Right: every model's numbers."""
    curves = [row for row in rows if _has_curve(row)]
    colours = {row.name: GREY for row in rows}
    colours |= {row.name: COLOURS[i % len(COLOURS)] for i, row in enumerate(curves)}
    scales = {row.degrees_per_unit for row in rows}
    degrees_per_unit = scales.pop() if len(scales) == 1 else None

    lines = max(_label(row).count("\n") + 1 for row in rows)
    height = max(4.8, 2.3 + max(0.5, 0.22 * lines) * len(rows))
    title += SAMPLE if rows[0].sample else ""
    with _figure(path, title, width=12.5, height=height) as figure:
        left, right, table = figure.subplots(1, 3, width_ratios=(10, 8, 7))
        _draw_validation(left, curves, colours, degrees_per_unit)
        _draw_dots(right, rows, colours, degrees_per_unit)
        _draw_numbers(table, rows)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return path


def _draw_validation(
    axis, rows: list[Row], colours: dict[str, str], degrees_per_unit: float | None
) -> None:
    """Validation metric over epochs, a line a model; its colour names it in the other panel."""
    if not rows:
        axis.text(0.5, 0.5, "no model with epochs yet", transform=axis.transAxes, ha="center")
        return
    longest = max(len(row.first.history["seconds"]) for row in rows)
    for row in rows:
        validation = _curves(row, f"val_{row.metric}")  # (seeds, epochs)
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
            _band(axis, epochs, validation, colours[row.name])
    # Experiments may validate on different rows; each trivial predictor is drawn once.
    for reference in {str(row.reference): row.reference for row in rows}.values():
        _draw_reference(axis, reference)
    band = any(len(row.records) > 1 for row in rows)
    axis.set_title(
        f"Validation {NAMES[rows[0].metric]} after each epoch"
        + (",\nmean and range of the seeds" if band else "")
    )
    axis.set_ylabel(_quantity(rows[0]))
    if degrees_per_unit is not None:
        _add_degrees(axis.secondary_yaxis, degrees_per_unit, "right").set_ylabel("MAE (°C)")
    _count_epochs(axis, longest)


def _draw_dots(
    axis, rows: list[Row], colours: dict[str, str], degrees_per_unit: float | None
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
    axis.set_title("All models")
    axis.set_xlabel(f"{_quantity(rows[0])}, {better} is better")
    if degrees_per_unit is not None:
        _add_degrees(axis.secondary_xaxis, degrees_per_unit, "top").set_xlabel("MAE (°C)")


def _draw_numbers(axis, rows: list[Row]) -> None:
    """The numbers behind the dots, a column each; its head is the legend of the markers."""
    from matplotlib.transforms import offset_copy

    axis.set_axis_off()
    axis.set_xlim(0, len(MARKERS))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    head = axis.get_xaxis_transform()  # x in columns, y in heights of the axes
    above_head = offset_copy(head, fig=axis.figure, y=42, units="points")
    for column, (name, marker) in enumerate(MARKERS.items()):
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


def _values(row: Row) -> dict[str, tuple[float | None, float | None]]:
    """Mean and deviation of what the comparison shows of a model, by the names of the markers."""
    best, test = row.spread("best_validation"), row.spread("test_at_best")
    published = row.published.best_validation
    if published is None:
        published = row.published.test
    return dict(
        zip(MARKERS, ((best.mean, best.sd), (test.mean, test.sd), (published, None)), strict=True)
    )


def _limits(rows: list[Row]) -> tuple[float, float]:
    """The scale of the dots.

    A trivial predictor that lies further away than all others lie apart would press them into one
    spot; the scale then leaves it out.
    """

    def span(members: list[Row]) -> tuple[float, float]:
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


def _trivial(row: Row) -> bool:
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


# --- what both kinds share -------------------------------------------------------------------


def _label(row: Row) -> str:
    """The row's title, broken to fit beside an axis."""
    return textwrap.fill(row.title, 30)


def _has_curve(row: Row) -> bool:
    return bool(row.first.history)


def _curves(row: Row, column: str) -> np.ndarray:
    """One column of the histories, float (seeds, epochs); NaN after the end of a shorter run."""
    histories = [record.history[column] for record in row.records]
    curves = np.full((len(histories), max(map(len, histories))), np.nan)
    for seed, values in enumerate(histories):
        curves[seed, : len(values)] = values
    return curves


def _band(axis, epochs: np.ndarray, curves: np.ndarray, colour: str) -> None:
    """The seeds' range, from the smallest to the largest value of each epoch."""
    low, high = np.nanmin(curves, 0), np.nanmax(curves, 0)  # (epochs,)
    axis.fill_between(epochs, low, high, color=colour, alpha=0.18, linewidth=0)


def _draw_reference(axis, reference: dict) -> None:
    """The trivial predictor as a dashed line."""
    value = reference["validation"]
    label = f"{reference['label']} ({value:.4f})"
    axis.axhline(value, color=GREY, linestyle="--", label=label)


def _quantity(row: Row) -> str:
    """The metric's name and unit on an axis."""
    return NAMES[row.metric] + (" (normalised)" if row.degrees_per_unit is not None else "")


def _add_degrees(secondary_axis, degrees_per_unit: float, side: str):
    """A second scale in °C on the right or on top."""
    functions = (lambda units: units * degrees_per_unit, lambda deg: deg / degrees_per_unit)
    return secondary_axis(side, functions=functions)


def _count_epochs(axis, epochs: int) -> None:
    """Epochs from 1, whole numbers only."""
    step = next((step for step in (1, 5, 10, 50, 100) if epochs <= 12 * step), 500)
    axis.set_xticks(sorted({1, *range(step, epochs + 1, step)}))
    axis.set_xlim(0.5, epochs + 0.5)
    axis.set_xlabel("epoch")


@contextmanager
def _figure(path: Path, title: str, *, width: float, height: float):
    """An empty figure that is saved to `path` when the block is left; size in inches.

    The style ignores the user's Matplotlib settings, and the file holds neither date nor version:
    the same drawing gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.style import context

    with context("default"), mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(textwrap.fill(title, 90), fontweight="bold")
        yield figure
        _save(figure, path)


def _save(figure, path: Path) -> None:
    """Writes a PNG file that is visible under its name only when complete."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(temporary, format="png", metadata={"Software": None})
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}.") from error


# --- command line ----------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.plots",
        description="Redraw the figures from the run records, without training.",
    )
    parser.add_argument(
        "--results-dir",
        type=Path,
        default=Path("results"),
        help="folder of the records (default: %(default)s)",
    )
    parser.add_argument(
        "--plots-dir",
        type=Path,
        default=Path("plots"),
        help="folder of the figures (default: %(default)s)",
    )
    parser.add_argument(
        "--published",
        type=Path,
        default=Path("experiments/published.toml"),
        help="published numbers (default: %(default)s)",
    )
    parser.add_argument(
        "--experiment",
        metavar="NAME",
        help="draw only the curves of this experiment and its variants",
    )
    arguments = parser.parse_args(argv)
    try:
        paths, left_out = _draw(arguments)
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for sentence in left_out:
        print(f"warning: left out: {sentence}", file=sys.stderr)
    for path in paths:
        print(f"wrote {path}")
    return 0


def _draw(arguments: argparse.Namespace) -> tuple[list[Path], list[str]]:
    if arguments.experiment is None:
        return plot_all(arguments.results_dir, arguments.plots_dir, arguments.published)
    rows, left_out = load_rows(arguments.results_dir, Catalogue({}, {}))
    chosen = [row for row in rows if row.first.experiment == arguments.experiment]
    drawable = sorted({row.first.experiment for row in rows if _has_curve(row)})
    if arguments.experiment not in drawable:
        raise RunError(
            f"{arguments.results_dir} holds no training curve of '{arguments.experiment}'; "
            f"it has: {', '.join(drawable) or 'none'}."
        )
    return [_plot_curves(row, arguments.plots_dir) for row in chosen], left_out


if __name__ == "__main__":
    sys.exit(main())
