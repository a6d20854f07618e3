"""What a study shows: tables, lines, heatmaps and texts, as data that its record keeps.

A network or a baseline is described by one metric; a study measures what its question asks for. Its
outputs say what was measured and how the axes are named. They say nothing about how they are drawn:
tables, figures and claims are made from the records alone.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import StrictBool, model_validator

from harness.errors import RunError
from harness.records.validation import KnownFields, Number, validated


@dataclass(frozen=True)
class Table(KnownFields):
    """Numbers under the names of their columns, which hold the units.

    Attributes:
        title: what is measured; claims find the table by it.
        columns: names, such as `half-life (steps)`.
        rows: numbers of each row by its name, one a column; None where there is none.
    """

    title: str
    columns: list[str]
    rows: dict[str, list[Number | None]]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_rows(self.columns, self.rows)
        return self


@dataclass(frozen=True)
class Series(KnownFields):
    """One curve of a `Lines`; a point whose `y` is None is left out.

    Attributes:
        label: its name in the legend.
        x, y: as many numbers each.
        dots: draw dots (training, in the documents' style) in place of a line.
    """

    label: str
    x: list[Number]
    y: list[Number | None]
    dots: StrictBool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.x) != len(self.y):
            raise ValueError(f"series '{self.label}' has {len(self.x)} x for {len(self.y)} y")
        return self


@dataclass(frozen=True)
class Lines(KnownFields):
    """Curves in one panel of the study's figure.

    Attributes:
        title: what is shown.
        x, y: names of the axes, with units.
        series: the curves.
        references: values to compare with, by name, drawn as dashed lines.
        log_x, log_y: logarithmic axes.
    """

    title: str
    x: str
    y: str
    series: list[Series]
    references: dict[str, Number] = field(default_factory=dict)
    log_x: StrictBool = False
    log_y: StrictBool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.series:
            raise ValueError("there are no series")
        return self


@dataclass(frozen=True)
class Heatmap(KnownFields):
    """Numbers as shades, in one panel of the study's figure.

    Attributes:
        title: what is shown.
        columns: names of the columns, from left to right.
        rows: numbers of each row by its name, one a column, from top to bottom.
        marks: row to be framed in each column, by its name; empty where none is.
    """

    title: str
    columns: list[str]
    rows: dict[str, list[Number]]
    marks: list[str] = field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_rows(self.columns, self.rows)
        one_a_column = len(self.marks) == len(self.columns) and set(self.marks) <= set(self.rows)
        if self.marks and not one_a_column:
            raise ValueError("marks must name one row a column")
        return self


@dataclass(frozen=True)
class Text(KnownFields):
    """Lines of text by their names, such as samples by the round that made them."""

    title: str
    lines: dict[str, str]


StudyOutput = Table | Lines | Heatmap | Text
KINDS = {kind.__name__.lower(): kind for kind in (Table, Lines, Heatmap, Text)}


def to_json(output: StudyOutput) -> dict[str, Any]:
    """An output as the record keeps it.

    Raises:
        RunError: it could not be shown; the message says why.
    """
    kind = type(output).__name__.lower()
    values = dataclasses.asdict(output)
    validated(f"{kind} '{output.title}'", type(output), values)
    return {"kind": kind, **values}


def from_json(where: str, content: Any) -> StudyOutput:
    """Reads an output as `to_json` wrote it.

    Args:
        where: its place, for the message.
        content: what the file holds there.

    Raises:
        RunError: it could not be shown; the message says why.
    """
    name = content.get("kind") if isinstance(content, dict) else None
    if not isinstance(name, str) or name not in KINDS:
        raise RunError(f"{where}: the kind of an output must be one of {', '.join(KINDS)}.")
    values = {field: value for field, value in content.items() if field != "kind"}
    return validated(where, KINDS[name], values)


def _check_rows(columns: Sequence[str], rows: dict[str, Sequence]) -> None:
    """There are rows, and each has one number a column."""
    if not rows:
        raise ValueError("there are no rows")
    for name, values in rows.items():
        if len(values) != len(columns):
            raise ValueError(f"row '{name}' has {len(values)} values for {len(columns)} columns")
