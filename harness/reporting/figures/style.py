"""What all figures share: one colour a model, text, legends, saving with the same bytes.

Matplotlib is imported inside the functions: a command line that only asks for help need not wait.
"""

import io
import os
import re
import textwrap
import warnings
import zlib
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from harness.records.files import write_bytes

# Matplotlib refuses to be imported where the user's setting names no backend; none is used here.
os.environ.pop("MPLBACKEND", None)

# Okabe and Ito's palette, which colour-blind readers can tell apart, then some of Paul Tol's.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"),
    *("#882255", "#999933", "#332288", "#44AA99", "#8C564B", "#E377C2", "#EE3377"),
)
OTHER_COLOURS = (  # of what is no model
    *("#AA4499", "#117733", "#6699CC", "#CC6677", "#661100", "#B8860B"),
    *("#004D6E", "#17BECF", "#6B8E23", "#3B2FBF"),
)
GREY = "#6E6E6E"  # trivial predictors, and models without epochs
PUBLISHED_COLOUR = "#000000"

# By the start of a title or of a label: "LSTM" is also the colour of "LSTM, training".
MODEL_COLOURS = {
    "SimpleRNN": COLOURS[0],
    "LSTM": COLOURS[1],
    "GRU": COLOURS[2],
    "Conv1D + LSTM": COLOURS[3],
    "Conv1D": COLOURS[12],
    "Conv1D + pooling": COLOURS[12],
    "4 × SimpleRNN": COLOURS[4],
    "SimpleRNN, stack of 4": COLOURS[4],
    "LSTM as the documents write it": COLOURS[5],
    "LSTM of 1997": COLOURS[6],
    "LSTM of 2000": COLOURS[7],
    "GRU with dropout": COLOURS[8],
    "2 × GRU with dropout": COLOURS[11],
    "GRU, reset before": COLOURS[9],
    "Dense on the padded review": COLOURS[10],
    "Dense on the flattened window": COLOURS[10],
    "published log": PUBLISHED_COLOUR,
}

DPI = 150
STYLE = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.markeredgewidth": 1.8,
}
SAMPLE_SUFFIX = " (sample data)"


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """The colours of what one figure shows: those of the models that the names begin with.

    Other names get a colour by their letters, so that a new model has one colour in all figures;
    two names of one figure never share it while colours are left.
    """
    colours, others = {}, []
    for name in dict.fromkeys(names):
        models = [m for m in MODEL_COLOURS if re.match(rf"{re.escape(m)}(,| \(|$)", name)]
        if models:
            colours[name] = MODEL_COLOURS[max(models, key=len)]
        else:
            others.append(name)
    for name in others:
        start = zlib.crc32(name.encode(errors="replace")) % len(OTHER_COLOURS)
        order = OTHER_COLOURS[start:] + OTHER_COLOURS[:start]
        colours[name] = next((c for c in order if c not in colours.values()), order[0])
    return colours


def drawable(text: str) -> str:
    """Text of a record as Matplotlib shows it unchanged: a pair of `$` would enclose a formula."""
    return text.replace("$", r"\$")


def wrapped(text: str, width: int) -> str:
    """Drawable text in lines of at most `width` letters, all about as long."""
    text = text.replace(" × ", "\u00a0×\u00a0")  # a line never ends at the sign
    lines = len(textwrap.wrap(text, width)) or 1
    longest = max(map(len, text.split()), default=1)
    even = min(width, max(len(text) // lines + 8, longest))
    return drawable(textwrap.fill(text, even, break_on_hyphens=False))


def listed(names: Iterable[str]) -> str:
    """`SimpleRNN, LSTM and GRU`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def draw_legend(figure, axes) -> None:
    """One legend for several panels, below them, where it can never hide a point."""
    legend = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        legend |= dict(zip(labels, handles, strict=True))
    if legend:
        columns = int(12 * figure.bbox.width / figure.dpi / (max(map(len, legend)) + 6)) or 1
        columns = -(-len(legend) // -(-len(legend) // columns))  # as long rows as will do
        figure.legend(legend.values(), legend, loc="outside lower center", ncols=columns)


@contextmanager
def new_figure(path: Path, title: str, *, width: float, height: float):
    """An empty figure that is saved to `path` when the block is left; size in inches.

    The file holds neither date nor version: the same drawing gives the same bytes.
    """
    with blank_figure(title, width=width, height=height) as figure:
        yield figure
        # `savefig` would draw everything a first time only to lay it out
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
        png = io.BytesIO()
        figure.canvas.print_png(png, metadata={"Software": None})
        write_bytes(path, png.getvalue())


@contextmanager
def blank_figure(title: str, *, width: float, height: float):
    """An empty figure in this project's style, which ignores the user's Matplotlib settings."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.style import context

    with context("default"), mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+")  # a letter of a user's text; a box is drawn
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure).draw_idle = lambda: None  # else shared axes draw all, each time
        figure.suptitle(wrapped(title, int(9 * width)), fontweight="bold")
        yield figure
