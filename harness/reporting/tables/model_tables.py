"""Networks and baselines as Markdown tables, a row each."""

from collections.abc import Callable, Iterable

from harness.reporting.analysis.models import ModelResults, PublishedResults
from harness.reporting.analysis.seeds import SeedStatistics
from harness.reporting.tables.numbers import (
    ABSENT,
    devices,
    exact,
    interval,
    parameters,
    spread_text,
)

INTERVAL = "95 % interval of test at best"
METRICS = {"accuracy": "Accuracy", "mae": "Mean absolute error (MAE)"}


def rows_markdown(rows: list[ModelResults], catalogue: PublishedResults) -> list[str]:
    """The blocks of `RESULTS.md` on networks and baselines."""
    blocks = []
    for title, members in _by_dataset(rows, catalogue):
        blocks += [f"## {title}", *_dataset_blocks(members)]
    return blocks


def readme_rows(rows: list[ModelResults], catalogue: PublishedResults, link: str) -> str:
    """The published protocols' tables only, for the README.

    Args:
        rows: all rows; variants are left to `RESULTS.md`.
        catalogue: the data sets' titles.
        link: path of `RESULTS.md` as seen from the README.
    """
    blocks = []
    for title, members in _by_dataset(rows, catalogue):
        standard = [row for row in members if not row.variant]
        if standard:
            blocks += [f"**{title}**", *_dataset_blocks(standard)]
    blocks.append(f"What the columns mean, versions, commits and variants: [{link}]({link}).")
    return "\n\n".join(blocks)


def _by_dataset(
    rows: list[ModelResults], catalogue: PublishedResults
) -> list[tuple[str, list[ModelResults]]]:
    """The rows of each data set under its title, in order."""
    groups: dict[str, list[ModelResults]] = {}
    for row in rows:
        groups.setdefault(row.dataset, []).append(row)
    return [(catalogue.datasets.get(name, name), members) for name, members in groups.items()]


def _dataset_blocks(rows: list[ModelResults]) -> list[str]:
    """Unit line, table of the published protocol, table of the variants, footnotes."""
    notes = list(dict.fromkeys(note for row in rows for note in row.notes))
    numbers = {note: number for number, note in enumerate(notes, start=1)}
    standard = [row for row in rows if not row.variant]
    variants = [row for row in rows if row.variant]
    blocks = [_unit_line(rows)]
    if standard:
        blocks.append(_table(standard, numbers))
    if variants:
        blocks += [
            "Variants: runs whose protocol differs from the published one in the values named.",
            _table(variants, numbers),
        ]
    if notes:
        blocks.append("\n".join(f"{number}. {note}" for note, number in numbers.items()))
    return blocks


def _unit_line(rows: list[ModelResults]) -> str:
    """What the numbers of a table are, and the trivial predictor they must beat."""
    row = rows[0]
    text = METRICS.get(row.metric, row.metric)
    if row.degrees_per_unit is not None:
        text += ", normalised by the training rows' standard deviation, and in °C"
    better = "lower" if row.metric == "mae" else "higher"
    return f"{text}; {better} is better."


def _table(rows: list[ModelResults], numbers: dict[str, int]) -> str:
    """One Markdown table; intervals and published numbers have no column where no row has any."""
    columns: dict[str, Callable[[ModelResults], str]] = {
        "Model": lambda row: row.title,
        "Parameters": lambda row: parameters(row, "{:,}"),
        "Seeds": lambda row: str(len(row.records)),
        "Best validation": lambda row: _measure(row, "best_validation"),
        "Last validation": lambda row: _measure(row, "last_validation"),
        "Test at best": lambda row: _measure(row, "test_at_best"),
    }
    if any(_interval(row) for row in rows):
        columns[INTERVAL] = _interval
    if any(_published(row.published) for row in rows):
        columns["Published: best / last validation"] = lambda row: "<br>".join(
            _published(row.published)
        )
    columns |= {
        "Seconds an epoch": lambda row: "<br>".join(seconds for _, seconds in devices(row)),
        "Device": lambda row: "<br>".join(device for device, _ in devices(row)),
        "Notes": lambda row: ", ".join(map(str, sorted(numbers[n] for n in row.notes))),
    }
    right = {"Parameters", "Seeds", "Best validation", "Last validation", "Test at best", INTERVAL}
    lines = [
        line(columns),
        line("--:" if name in right or name.startswith("Seconds") else "---" for name in columns),
        *(line(cell(row) or ABSENT for cell in columns.values()) for row in rows),
    ]
    return "\n".join(lines)


def line(cells: Iterable[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _measure(row: ModelResults, field: str) -> str:
    text = _spread(row.spread(field), "{:.4f}")
    degrees = row.degrees(field)
    return text if degrees is None else f"{text} ({_spread(degrees, '{:.2f}')} °C)"


def _spread(spread: SeedStatistics, form: str) -> str:
    return spread_text(spread, form.format, form.format)


def _interval(row: ModelResults) -> str:
    """Of the number that models are compared by; no table has room for one beside each number."""
    text = interval(row.spread("test_at_best").interval, "{:.4f}".format)
    degrees = row.degrees("test_at_best")
    return (
        f"{text} ({interval(degrees.interval, '{:.2f}'.format)} °C)" if text and degrees else text
    )


def _published(published) -> list[str]:
    """The lines of a cell: best and last validation, test, re-runs, words, source."""
    best, last = exact(published.best_validation), exact(published.last_validation)
    lines = [" / ".join(value for value in (best, last) if value)]
    if published.test is not None:
        lines.append(f"test {exact(published.test)}")
    if published.source:
        lines[-1] += f" ({published.source})"
    if published.reruns:
        lines.append(f"re-runs {published.reruns}")
    lines.append(published.statement)
    return [line for line in lines if line]
