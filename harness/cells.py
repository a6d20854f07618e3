"""How a number is written in a cell, in the Markdown tables and in the CSV file alike."""

from harness.record import Record
from harness.summary import Row, Spread

ABSENT = "–"


def parameters(row: Row, form: str) -> str:
    """The number of parameters; every number where the records of a row disagree."""
    counts = {record.metrics["parameters"] for record in row.records} - {None}
    return ", ".join(form.format(count) for count in sorted(counts))


def exact(value: float | None) -> str:
    """At least four decimals, and as many as were published."""
    if value is None:
        return ""
    return max(f"{value:.4f}", repr(float(value)), key=len)


def devices(row: Row) -> list[tuple[str, str]]:
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
        devices.append((device, f"{Spread(measured).mean:.1f}" if measured else ABSENT))
    return devices
