"""How a number is written in a cell, in the Markdown tables and in the CSV file alike."""

import math
from collections.abc import Callable

from harness.records.record import Record
from harness.records.study_outputs import StudyOutput, Table
from harness.reporting.analysis.models import ModelResults
from harness.reporting.analysis.seeds import SeedStatistics
from harness.reporting.analysis.statistics import Range

ABSENT = "–"


def parameters(row: ModelResults, form: str) -> str:
    """The number of parameters; every number where the records of a row disagree."""
    counts = {record.metrics["parameters"] for record in row.records} - {None}
    return ", ".join(form.format(count) for count in sorted(counts))


def exact(value: float | None) -> str:
    """At least four decimals, and as many as were published."""
    if value is None:
        return ""
    return max(f"{value:.4f}", repr(float(value)), key=len)


def significant(value: float, digits: int = 4) -> str:
    """To some significant digits, whole numbers with all theirs: 0.8762, 1,234, 3.1e-07."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size > 6:
        return f"{value:.1e}"
    return f"{value:,.{max(digits - 1 - size, 0)}f}"


def two_digits(value: float) -> str:
    """To two significant digits, as a standard deviation is written."""
    return significant(value, 2)


def spread_text(
    spread: SeedStatistics,
    write: Callable[[float], str] = significant,
    write_sd: Callable[[float], str] = two_digits,
) -> str:
    """Mean ± sample standard deviation, `0.8620 ± 0.0100`; few seeds one by one.

    Args:
        spread: the values, one a seed.
        write: how a value and the mean are written.
        write_sd: how the deviation is written.
    """
    if spread.few:
        return ", ".join(map(write, spread.values))
    return f"{write(spread.mean)} ± {write_sd(spread.sd)}"


def interval(ends: Range | None, write: Callable[[float], str] = significant) -> str:
    """An interval, `0.8608 to 0.8632`; empty where there is none.

    Args:
        ends: its ends.
        write: how each end is written.
    """
    return " to ".join(map(write, ends or ()))


def devices(row: ModelResults) -> list[tuple[str, str]]:
    """Each device that trained the row, and the mean over its seeds of the seconds an epoch.

    Seconds are never averaged over devices; a row from several devices lists each with its seeds.
    """
    groups: dict[str, list[Record]] = {}
    for record in row.records:
        groups.setdefault(record.environment["device"], []).append(record)
    devices = []
    for device, records in sorted(groups.items()):
        seconds = [r.metrics["seconds_per_epoch"] for r in records]
        measured = tuple(value for value in seconds if value is not None)
        if len(groups) > 1:
            device += f" (seeds {', '.join(str(r.seed) for r in records)})"
        devices.append((device, f"{SeedStatistics(measured).mean:.1f}" if measured else ABSENT))
    return devices


def in_terminal(outputs: tuple[StudyOutput, ...]) -> list[str]:
    """A study's tables as aligned text."""
    return [_aligned(output) for output in outputs if isinstance(output, Table)]


def _aligned(table: Table) -> str:
    cells = {
        name: [ABSENT if value is None else significant(value) for value in values]
        for name, values in table.rows.items()
    }
    widths = [
        max(len(head), *(len(values[place]) for values in cells.values()))
        for place, head in enumerate(table.columns)
    ]
    first = max(map(len, cells))
    lines = [table.title]
    for name, values in {"": table.columns, **cells}.items():
        numbers = "  ".join(f"{v:>{w}}" for v, w in zip(values, widths, strict=True))
        lines.append(f"  {name:<{first}}  {numbers}")
    return "\n".join(lines)
