"""How numbers, tables and footnotes are written, in Markdown and in the terminal."""

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.errors import RunError, escaped
from harness.reporting.analysis.statistics import Range, SeedStatistics

ABSENT = "–"


def format_significant(value: float, digits: int = 4) -> str:
    """To significant digits; all digits of an integer: 0.8762, 1,234, 3.1e-07."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size > 6:
        return f"{value:.1e}"
    return f"{value:,.{max(digits - 1 - size, 0)}f}"


def format_percent(share: float) -> str:
    """A share as `40 %`, below a tenth as `4.0 %`."""
    return f"{100 * share:.{1 if abs(share) < 0.1 else 0}f} %"


def mean_and_sd(seeds: SeedStatistics, pattern: str = "") -> str:
    """Mean ± sample standard deviation, `0.8620 ± 0.0100`; too few seeds one by one.

    Args:
        seeds: the values, one a seed.
        pattern: how each number is written, such as `{:.4f}`; without it a value has four
            significant digits and the deviation two.
    """
    write = pattern.format if pattern else format_significant
    if seeds.too_few:
        return ", ".join(map(write, seeds.values))
    sd = pattern.format(seeds.sd) if pattern else format_significant(seeds.sd, 2)
    return f"{write(seeds.mean)} ± {sd}"


def format_interval(ends: Range | None, write: Callable[[float], str] = format_significant) -> str:
    """An interval, `0.8608 to 0.8632`; empty if there is none.

    Args:
        ends: its ends.
        write: how each end is written.
    """
    return " to ".join(map(write, ends or ()))


def table_row(cells: Iterable[str]) -> str:
    """One line of a Markdown table, in which text from a record is no markup."""
    lines = (escaped(cell.replace("\n", " ")).replace("|", r"\|") for cell in cells)
    return "| " + " | ".join(re.sub("<(?!br>)", "&lt;", line) for line in lines) + " |"


def markdown_table(columns: Iterable[str], alignment: str, rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table.

    Args:
        columns: names of the columns.
        alignment: a letter a column, `l` for left and `r` for right.
        rows: the cells of each row; an empty one becomes a dash.
    """
    rule = ("--:" if letter == "r" else "---" for letter in alignment)
    filled = ([cell or ABSENT for cell in cells] for cells in rows)
    return "\n".join(map(table_row, (columns, rule, *filled)))


def aligned_table(columns: Iterable[str], alignment: str, rows: Iterable[Iterable[str]]) -> str:
    """The same as `markdown_table`, for the terminal; a cell beyond 40 letters moves the others."""
    lines = [list(columns), *([cell or ABSENT for cell in cells] for cells in rows)]
    widths = [min(max(map(len, column)), 40) for column in zip(*lines, strict=True)]
    sides = ["<" if letter == "l" else ">" for letter in alignment]
    cells = (zip(line, sides, widths, strict=True) for line in lines)
    return "\n".join("  ".join(f"{c:{s}{w}}" for c, s, w in line).rstrip() for line in cells)


def number_notes(notes: Iterable[str]) -> dict[str, int]:
    """Footnotes by their number, from 1 in order of appearance; each text once."""
    return {note: number for number, note in enumerate(dict.fromkeys(notes), start=1)}


def note_marks(notes: Iterable[str], numbers: dict[str, int]) -> str:
    """The numbers of a row's footnotes: `1, 4`."""
    return ", ".join(map(str, sorted(numbers[note] for note in notes)))


def footnotes(numbers: dict[str, int]) -> str:
    """The numbered list below a table."""
    return "\n".join(f"{number}. {note}" for note, number in numbers.items())


def markers(part: str) -> tuple[str, str]:
    """The lines of a page between which a part is put: its start and its end."""
    return f"<!-- {part}:start -->", f"<!-- {part}:end -->"


def replace_between_markers(path: Path, parts: dict[str, str]) -> str:
    """The text of a page with some parts replaced.

    Args:
        path: page that holds `<!-- <part>:start -->` and `<!-- <part>:end -->` of at least one
            part.
        parts: the Markdown that goes between them, by part.

    Raises:
        RunError: the file cannot be read, or does not hold a part's markers once and in order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
    shown = [part for part in parts if any(marker in text for marker in markers(part))]
    if not shown:
        wanted = " and ".join(markers(next(iter(parts))))
        raise RunError(f"{path}: expected lines such as {wanted}; tables go between them.")
    for part in shown:
        start, end = markers(part)
        before, found_start, rest = text.partition(start)
        _, found_end, after = rest.partition(end)
        if not (found_start and found_end) or start in rest or end in before + after:
            raise RunError(
                f"{path}: expected the lines {start} and {end}, each once and in this order; "
                "tables go between them."
            )
        text = f"{before}{start}\n\n{parts[part]}\n\n{end}{after}"
    return text
