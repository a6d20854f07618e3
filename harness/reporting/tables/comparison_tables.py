"""Two results beside each other, as text, Markdown and JSON."""

import json
import os
from dataclasses import asdict

from harness.reporting.analysis.comparison import NumberComparison, PairComparison
from harness.reporting.analysis.results import SeedGroup
from harness.reporting.table import (
    FOUR,
    SIGNED,
    Table,
    format_interval,
    format_percent,
    markdown,
    mean_and_sd,
    text,
)
from harness.reporting.tables.model_tables import METRICS

NUMBERS = ["Number", "A", "B", "A - B", "95 % over seeds", "95 % over test samples", "A is better"]


def as_json(pair: PairComparison) -> str:
    """What differs, the numbers with the value of every run, and the mean curves."""
    sides = {
        side: {"label": group.first.label, "title": group.title, "folder": _folder(group)}
        | {"seeds": [record.seed for record in group.records]}
        for side, group in (("first", pair.first), ("second", pair.second))
    }
    numbers = [
        asdict(number) | {"first": number.first.values, "second": number.second.values}
        for number in pair.numbers
    ]
    parts = {name: list(map(asdict, getattr(pair, name))) for name in ("differences", "curves")}
    content = {**sides, "lower_is_better": pair.lower_is_better, "numbers": numbers, **parts}
    return json.dumps(content, indent=1, ensure_ascii=False)


def _blocks(pair: PairComparison) -> list[str | Table]:
    """First what differs, then the numbers and why some cannot be compared."""
    differences = [[d.kind, d.name, d.first, d.second] for d in pair.differences]
    differences = differences or [["nothing", "", "", ""]]
    metric = METRICS[pair.first.metric]
    reasons: dict[str, list[str]] = {}
    for number in pair.numbers:
        reasons.setdefault(number.note, []).append(number.name)
    blocks = [f"{side}: {_side(group)}" for side, group in (("A", pair.first), ("B", pair.second))]
    blocks += [
        Table(["What differs", "", "A", "B"], differences, "llll"),
        f"{metric}; {'lower' if pair.lower_is_better else 'higher'} is better:",
        Table(NUMBERS, list(map(number_cells, pair.numbers))),
        *(f"{', '.join(names)}: {note}." for note, names in reasons.items() if note),
    ]
    return blocks


def _folder(group: SeedGroup) -> str:
    """The results folder as seen from here, or absolute where that is shorter."""
    folder = group.first.path.parent.parent.resolve()
    return min(os.path.relpath(folder), str(folder), key=len)


def _side(group: SeedGroup) -> str:
    runs = f"{len(group.records)} run{'s' if len(group.records) > 1 else ''}"
    return f"{group.first.label} ({group.title}), {runs} in {_folder(group)}"


def number_cells(number: NumberComparison) -> list[str]:
    """The cells of one number under the headings `NUMBERS`."""
    cells = [number.name, mean_and_sd(number.first, FOUR), mean_and_sd(number.second, FOUR)]
    if number.difference is None:
        return cells + [""] * 4
    intervals = (number.interval, number.samples_interval)
    pairs = number.first.n * number.second.n
    return [
        *cells,
        SIGNED(number.difference),
        *(format_interval(ends, SIGNED) for ends in intervals),
        f"in {format_percent(number.superiority)} of {pairs} pair{'s' if pairs > 1 else ''}",
    ]


FORMATS = {
    "text": lambda pair: text(_blocks(pair)),
    "markdown": lambda pair: markdown(_blocks(pair)),
    "json": as_json,
}
"""How a comparison is written, by the name of the format: a function from it to the text."""
