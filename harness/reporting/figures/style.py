"""What all figures share: palette, fonts, saving with the same bytes.

Matplotlib is imported inside the functions: a command line that only asks for help need not wait.
"""

import functools
import io
import itertools
import os
import textwrap
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from harness.records.files import write_bytes

# Matplotlib refuses to be imported where the user's setting names no backend; none is used here.
os.environ.pop("MPLBACKEND", None)

# Okabe and Ito's palette, which colour-blind readers can tell apart, then some of Paul Tol's.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"),
    *("#882255", "#999933", "#332288", "#44AA99", "#8C564B"),
)
GREY = "#6E6E6E"  # trivial predictors, and models without epochs
DPI = 150
STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.markeredgewidth": 1.8,
}
# DejaVu Sans comes with Matplotlib. The others lend the letters that it lacks, where installed.
FONTS = (
    *("DejaVu Sans", "Noto Sans", "Noto Sans Devanagari", "Noto Sans CJK SC", "Noto Sans CJK JP"),
    *("Noto Sans Arabic", "Noto Sans Thai", "Arial Unicode MS", "FreeSans", "Unifont"),
    *("Droid Sans Fallback", "WenQuanYi Zen Hei", "Nirmala UI", "Microsoft YaHei", "PingFang SC"),
)
SAMPLE_SUFFIX = " (sample data)"


@functools.cache
def _installed_fonts() -> tuple[list[str], set[int]]:
    """The families of `FONTS` on this machine, and the letters that they have in bold, too."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    found = {font.name for font in fontManager.ttflist}
    families = [family for family in FONTS if family in found]
    letters = set()
    for family in families:
        regular, bold = (
            set(get_font(findfont(FontProperties(family=[family], weight=weight))).get_charmap())
            for weight in ("regular", "bold")
        )
        letters |= regular & bold
    return families, letters


def _named(text: str) -> str:
    """The text with the number of each letter that no font has in its place, such as U+4E2D."""
    letters = _installed_fonts()[1] | {ord("\n")}
    runs = itertools.groupby(text, key=lambda letter: ord(letter) in letters)
    return "".join(
        "".join(run) if known else " ".join(f"U+{ord(letter):04X}" for letter in run)
        for known, run in runs
    )


def drawable(text: str) -> str:
    """Text of a record as Matplotlib shows it unchanged: a pair of `$` would enclose a formula."""
    return _named(text).replace("$", r"\$")


def wrapped(text: str, width: int) -> str:
    """Drawable text in as few lines as the width in letters allows, all about as long."""
    text = _named(text).replace(" × ", "\u00a0×\u00a0")  # a line never ends at the sign
    lines = len(textwrap.wrap(text, width))
    longest_word = max(map(len, text.split()), default=1)
    widths = range(min(longest_word, width), width + 1)
    narrowest = next(w for w in widths if len(textwrap.wrap(text, w)) <= lines)
    return textwrap.fill(text, narrowest).replace("$", r"\$")


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
    columns = len(legend) if len(legend) <= 4 else 3
    figure.legend(legend.values(), legend, loc="outside lower center", ncols=columns)


@contextmanager
def new_figure(path: Path, title: str, *, width: float, height: float):
    """An empty figure that is saved to `path` when the block is left; size in inches.

    The file holds neither date nor version: the same drawing gives the same bytes.
    """
    with blank_figure(title, width=width, height=height) as figure:
        yield figure
        _save(figure, path)


@contextmanager
def blank_figure(title: str, *, width: float, height: float):
    """An empty figure in this project's style, which ignores the user's Matplotlib settings."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.style import context

    with context("default"), mpl.rc_context(STYLE | {"font.family": _installed_fonts()[0]}):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(wrapped(title, int(9 * width)), fontweight="bold")
        yield figure


def _save(figure, path: Path) -> None:
    # `savefig` would draw everything a first time only to lay it out
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    png = io.BytesIO()
    figure.canvas.print_png(png, metadata={"Software": None})
    write_bytes(path, png.getvalue())
