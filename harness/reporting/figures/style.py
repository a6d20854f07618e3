"""What all figures share: style, axes in the metric's units, saving with the same bytes.

Matplotlib is imported inside the functions: a command line that only asks for help need not wait.
"""

import io
import textwrap
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness.records.files import write_bytes
from harness.reporting.analysis.results import ModelResults

# Okabe and Ito's palette, which colour-blind readers can tell apart; its yellow is too pale for
# lines on white. Then three of Paul Tol's. Models without epochs, which have no curve, are grey.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"),
    *("#882255", "#999933", "#332288"),
)
GREY = "#6E6E6E"
DPI = 150
STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.markeredgewidth": 1.8,
}
SAMPLE_SUFFIX = " (sample data)"
NAMES = {"accuracy": "accuracy", "mae": "MAE", "loss": "loss"}


def has_curve(row: ModelResults) -> bool:
    return bool(row.first.history)


def columns_of(row: ModelResults, column: str) -> np.ndarray:
    """One column of the histories, float (seeds, epochs); NaN after the end of a shorter run."""
    histories = [record.history[column] for record in row.records]
    curves = np.full((len(histories), max(map(len, histories))), np.nan)
    for seed, values in enumerate(histories):
        curves[seed, : len(values)] = values
    return curves


def literal(text: str) -> str:
    """Text of a record as Matplotlib shows it unchanged: a pair of `$` would enclose a formula."""
    return text.replace("$", r"\$")


def draw_band(
    axis, epochs: np.ndarray, curves: np.ndarray, colour: str, alpha: float = 0.18
) -> None:
    """The seeds' range, from the smallest to the largest value of each epoch."""
    low, high = np.nanmin(curves, 0), np.nanmax(curves, 0)  # (epochs,)
    axis.fill_between(epochs, low, high, color=colour, alpha=alpha, linewidth=0)


def draw_reference(axis, value: float, label: str | None) -> None:
    """The trivial predictor as a dashed line; without a label it is not in the legend."""
    axis.axhline(value, color=GREY, linestyle="--", label=label and literal(label))


def quantity(row: ModelResults) -> str:
    """The metric's name and unit on an axis."""
    return NAMES[row.metric] + (" (normalised)" if row.degrees_per_unit is not None else "")


def add_degrees(secondary_axis, degrees_per_unit: float, side: str):
    """A second scale in °C on the right or on top."""
    functions = (lambda units: units * degrees_per_unit, lambda deg: deg / degrees_per_unit)
    return secondary_axis(side, functions=functions)


def count_epochs(axis, epochs: int) -> None:
    """Epochs from 1, whole numbers only."""
    step = next((step for step in (1, 5, 10, 50, 100) if epochs <= 12 * step), 500)
    axis.set_xticks(sorted({1, *range(step, epochs + 1, step)}))
    axis.set_xlim(0.5, epochs + 0.5)
    axis.set_xlabel("epoch")


@contextmanager
def new_figure(path: Path, title: str, *, width: float, height: float):
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
        figure.suptitle(literal(textwrap.fill(title, 90)), fontweight="bold")
        yield figure
        _save(figure, path)


def _save(figure, path: Path) -> None:
    png = io.BytesIO()
    with warnings.catch_warnings():
        # One for every letter that the font lacks; the box in its place says as much.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure.savefig(png, format="png", metadata={"Software": None})
    write_bytes(path, png.getvalue())
