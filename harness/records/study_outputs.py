"""What a study shows: tables, lines, grids and texts, as data that its record keeps.

A network or a baseline is described by one metric; a study measures what its question asks for. It
hands over outputs, which say what was measured and how the axes are named, and nothing of how they
are drawn: tables, figures and claims are made from the records alone.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """Numbers under the names of their columns, which hold the units.

    Attributes:
        title: what is measured; claims find the table by it.
        columns: names, such as `half-life (steps)`.
        rows: numbers of each row by its name, one a column; None where there is none.
    """

    title: str
    columns: list[str]
    rows: dict[str, list[float | None]]

    def problem(self) -> str | None:
        return _columns_or_rows(self.columns, self.rows, gaps=True)


@dataclass(frozen=True)
class Series:
    """One curve of a `Lines`; a point whose `y` is None is left out.

    Attributes:
        label: its name in the legend.
        x, y: as many numbers each.
        dots: draw dots (training, in the documents' style) in place of a line.
    """

    label: str
    x: list[float]
    y: list[float | None]
    dots: bool = False


@dataclass(frozen=True)
class Lines:
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
    references: dict[str, float] = field(default_factory=dict)
    log_x: bool = False
    log_y: bool = False

    def problem(self) -> str | None:
        if not self.series:
            return "no series"
        for one in self.series:
            if not isinstance(one.label, str):
                return f"the label {one.label!r} is not a text"
            problem = _not_numbers(one.x, gaps=False) or _not_numbers(one.y, gaps=True)
            if problem:
                return f"'{one.label}': {problem}"
            if len(one.x) != len(one.y):
                return f"'{one.label}' has {len(one.x)} x for {len(one.y)} y"
        if not (isinstance(self.x, str) and isinstance(self.y, str)):
            return "the names of the axes must be texts"
        return _not_numbers(list(self.references.values()), gaps=False)


@dataclass(frozen=True)
class Heatmap:
    """Numbers as shades, in one panel of the study's figure.

    Attributes:
        title: what is shown.
        columns: names of the columns, from left to right.
        rows: numbers of each row by its name, one a column, from top to bottom.
        marks: row to be framed in each column, by its name; empty where none is.
    """

    title: str
    columns: list[str]
    rows: dict[str, list[float]]
    marks: list[str] = field(default_factory=list)

    def problem(self) -> str | None:
        problem = _columns_or_rows(self.columns, self.rows, gaps=False)
        if problem:
            return problem
        if self.marks and (
            len(self.marks) != len(self.columns) or set(self.marks) - set(self.rows)
        ):
            return "marks must name one row a column"
        return None


@dataclass(frozen=True)
class Text:
    """Lines of text by their names, such as samples by the round that made them."""

    title: str
    lines: dict[str, str]

    def problem(self) -> str | None:
        if not all(isinstance(line, str) for line in self.lines.values()):
            return "a line is not a text"
        return None


StudyOutput = Table | Lines | Heatmap | Text
KINDS = {kind.__name__.lower(): kind for kind in (Table, Lines, Heatmap, Text)}


def to_json(output: StudyOutput) -> dict[str, Any]:
    """An output as the record keeps it.

    Raises:
        ValueError: it could not be shown; the message says why.
    """
    if problem := output.problem():
        raise ValueError(f"'{output.title}': {problem}")
    return {"kind": type(output).__name__.lower(), **dataclasses.asdict(output)}


def from_json(content: Any) -> StudyOutput:
    """Reads an output.

    Raises:
        ValueError: it is not one; the message says why.
    """
    name = content.get("kind") if isinstance(content, dict) else None
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"an output must be one of {', '.join(KINDS)}")
    values = {field: value for field, value in content.items() if field != "kind"}
    try:
        if kind is Lines:
            values["series"] = [Series(**one) for one in values["series"]]
        output = kind(**values)
        problem = output.problem()
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a {name} ({error})") from error
    if not isinstance(output.title, str):
        raise ValueError(f"the title {output.title!r} is not a text")
    if problem:
        raise ValueError(f"'{output.title}': {problem}")
    return output


def _columns_or_rows(columns: list[str], rows: dict[str, list], gaps: bool) -> str | None:
    """What is wrong with named columns and rows of numbers."""
    if not rows:
        return "no rows"
    if not (isinstance(columns, list) and all(isinstance(name, str) for name in columns)):
        return "the columns must be a list of names"
    for name, values in rows.items():
        problem = _not_numbers(values, gaps)
        if problem:
            return f"row '{name}': {problem}"
        if len(values) != len(columns):
            return f"row '{name}' has {len(values)} values for {len(columns)} columns"
    return None


def _not_numbers(values: Any, gaps: bool) -> str | None:
    """What is wrong with a list of finite numbers; `gaps` allows None."""
    if not isinstance(values, list):
        return f"{values!r} is not a list"
    for value in values:
        known = type(value) in (int, float) and math.isfinite(value)
        if not known and not (gaps and value is None):
            return f"{value!r} is not a finite number"
    return None
