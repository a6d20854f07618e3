"""A table as a value, and how its numbers are written."""

import html
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import escaped
from harness.reporting.statistics import SEEDS_NEEDED, Range, SeedStatistics

ABSENT = "–"
ONE, TWO = "{:.1f}".format, "{:.2f}".format
FOUR, SIGNED = "{:.4f}".format, "{:+.4f}".format  # decimals of a metric, and of a difference


@dataclass(frozen=True)
class Table:
    """Cells of text below headings, as Markdown, for the terminal or as HTML.

    A line break in a cell stays one where the form has it. Text from a record is no markup.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]  # an empty cell becomes a dash
    alignment: str = ""  # a letter a column, `l` or `r`; without it only the first is left
    title: str = ""  # shown where tables have captions

    @classmethod
    def of(
        cls, rows: Sequence[dict[str, str]], left: Collection[str] = (), title: str = ""
    ) -> "Table":
        """A table of rows that name their cells; `left` are the columns of text after the first."""
        first, *others = rows[0]
        alignment = "l" + "".join("l" if name in left else "r" for name in others)
        return cls([first, *others], [[*row.values()] for row in rows], alignment, title)

    @property
    def sides(self) -> str:
        """The letter of each column."""
        return self.alignment or "l" + "r" * (len(self.columns) - 1)

    @property
    def cells(self) -> list[list[str]]:
        """The rows, with a dash in place of nothing."""
        return [[cell or ABSENT for cell in row] for row in self.rows]

    def markdown(self) -> str:
        """A Markdown table, without its title."""
        rule = ["--:" if side == "r" else "---" for side in self.sides]
        lines = [map(_markdown_cell, self.columns), rule]
        lines += [map(_markdown_cell, row) for row in self.cells]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def text(self) -> str:
        """Aligned columns for the terminal; a cell beyond 40 letters moves the others."""
        lines = [
            [escaped(cell.replace("\n", "; ")) for cell in row]
            for row in (self.columns, *self.cells)
        ]
        widths = [min(max(map(len, column)), 40) for column in zip(*lines, strict=True)]
        sides = ["<" if side == "l" else ">" for side in self.sides]
        cells = (zip(line, sides, widths, strict=True) for line in lines)
        return "\n".join("  ".join(f"{c:{s}{w}}" for c, s, w in line).rstrip() for line in cells)

    def html(self) -> str:
        """An HTML table; columns of text have the class `text`."""
        classes = ["" if side == "r" else ' class="text"' for side in self.sides]

        def line(tags: Sequence[str], cells: Iterable[str]) -> str:
            parts = zip(tags, classes, map(_html_cell, cells), strict=True)
            return "<tr>" + "".join(f"<{t}{c}>{cell}</{t[:2]}>" for t, c, cell in parts) + "</tr>\n"

        others = len(self.columns) - 1
        tags = ['th scope="col"' if name else "td" for name in self.columns]  # no empty heading
        head = line(tags, self.columns)
        body = [line(['th scope="row"', *["td"] * others], row) for row in self.cells]
        caption = f"<caption>{_html_cell(self.title)}</caption>\n" if self.title else ""
        return f"<table>{caption}<thead>{head}</thead><tbody>{''.join(body)}</tbody></table>\n"


Blocks = list[str | Table]  # paragraphs and tables


def _markdown_cell(text: str) -> str:
    lines = (escaped(line).replace("|", r"\|").replace("<", "&lt;") for line in text.split("\n"))
    return "<br>".join(lines)


def _html_cell(text: str) -> str:
    """Only `code` is markup in a cell."""
    lines = (html.escape(escaped(line)) for line in text.split("\n"))
    return re.sub("`([^`]+)`", r"<code>\1</code>", "<br>".join(lines))


def markdown(blocks: Iterable[str | Table]) -> str:
    """Paragraphs and tables as one Markdown text."""
    return "\n\n".join(one.markdown() if isinstance(one, Table) else one for one in blocks)


def text(blocks: Iterable[str | Table]) -> str:
    """The same for the terminal."""
    return "\n\n".join(one.text() if isinstance(one, Table) else one for one in blocks)


def explanation(name: str, **values: str) -> str:
    """A section of `explanations.md`, with these values in its braces."""
    text = Path(__file__).with_name("explanations.md").read_text("utf-8")
    _, *sections = text.split("\n## ")
    texts = {heading: body.strip() for heading, _, body in (s.partition("\n") for s in sections)}
    return texts[name].format(seeds=SEEDS_NEEDED, **values)


def csv_text(rows: Sequence[dict[str, str | float | None]], pattern: str) -> str:
    """Rows with the same fields below their names; numbers are written by a pattern like `%.6f`."""
    import pandas as pd  # slow to load

    return pd.DataFrame(rows).to_csv(index=False, float_format=pattern, lineterminator="\n")


def interval_ends(name: str, ends: Range | None) -> dict[str, float | None]:
    """The two ends of an interval as fields of a CSV file; None if there is none."""
    low, high = ends or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def format_significant(value: float, digits: int = 4) -> str:
    """To significant digits; all digits of an integer: 0.8762, 1,234, 3.1e-07."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    size = int(f"{value:.{digits - 1}e}".partition("e")[2])  # once rounded, 9.9996 is 10
    if size < -4 or size > 6:
        return f"{value:.1e}"
    return f"{value:,.{max(digits - 1 - size, 0)}f}"


def format_percent(share: float) -> str:
    """A share as `40 %`, below a tenth as `4.0 %`."""
    return f"{100 * share:.{1 if abs(share) < 0.1 else 0}f} %"


def format_interval(ends: Range | None, write: Callable[[float], str] = format_significant) -> str:
    """An interval, `0.8608 to 0.8632`, each end written by a function; empty if there is none."""
    return " to ".join(map(write, ends or ()))


def mean_and_sd(seeds: SeedStatistics, write: Callable[[float], str] | None = None) -> str:
    """Mean ± sample standard deviation, `0.8620 ± 0.0100`; too few seeds one by one.

    Without `write`, a value has four significant digits and the deviation two.
    """
    if seeds.too_few:
        return ", ".join(map(write or format_significant, seeds.values))
    sd = write(seeds.sd) if write else format_significant(seeds.sd, 2)
    return f"{(write or format_significant)(seeds.mean)} ± {sd}"


def number_notes(notes: Iterable[str]) -> dict[str, int]:
    """Footnotes by their number, from 1 in order of appearance; each text once."""
    return {note: number for number, note in enumerate(dict.fromkeys(notes), start=1)}


def note_marks(notes: Iterable[str], numbers: dict[str, int]) -> str:
    """The numbers of a row's footnotes: `1, 4`."""
    return ", ".join(map(str, sorted(numbers[note] for note in notes)))


def footnotes(numbers: dict[str, int]) -> str:
    """The numbered list below a table."""
    return "\n".join(f"{number}. {note}" for note, number in numbers.items())
