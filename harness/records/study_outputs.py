"""What a study shows: tables, lines, heatmaps and texts, as data that its record keeps.

A network or a baseline is described by one metric; a study measures what its question asks for. Its
outputs say what was measured and how the axes are named. They say nothing about how they are drawn:
tables, figures and claims are made from the records alone.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, model_validator

from harness.records.schema import Content, Files, KnownFields, NotNegative, Number, validated


@dataclass(frozen=True)
class Table(KnownFields):
    """Numbers under the names of their columns, which hold the units."""

    title: str  # what is measured; claims find the table by it
    columns: list[str]  # such as `half-life (steps)`
    rows: dict[str, list[Number | None]]  # by name; a number a column, None where there is none
    kind: Literal["table"] = "table"

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_rows(self.columns, self.rows)
        return self


@dataclass(frozen=True)
class Series(KnownFields):
    """One curve of a `Lines`."""

    label: str  # its name in the legend
    x: list[Number]
    y: list[Number | None]  # as many as x; a point without y is left out
    dots: StrictBool = False  # dots (training, in the documents' style) in place of a line

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.x) != len(self.y):
            raise ValueError(f"series '{self.label}' has {len(self.x)} x for {len(self.y)} y")
        return self


@dataclass(frozen=True)
class Lines(KnownFields):
    """Curves in one panel of the study's figure."""

    title: str
    x: str  # names of the axes, with units
    y: str
    series: Annotated[list[Series], Field(min_length=1)]
    references: dict[str, Number] = field(default_factory=dict)  # by name, drawn as dashed lines
    log_x: StrictBool = False
    log_y: StrictBool = False
    kind: Literal["lines"] = "lines"


@dataclass(frozen=True)
class Heatmap(KnownFields):
    """Numbers as shades, in one panel of the study's figure."""

    title: str
    columns: list[str]  # from left to right
    rows: dict[str, list[Number]]  # by name, from top to bottom; a number a column
    marks: list[str] = field(default_factory=list)  # the row that is framed in each column, if any
    kind: Literal["heatmap"] = "heatmap"

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
    kind: Literal["text"] = "text"


StudyOutput = Annotated[Table | Lines | Heatmap | Text, Field(discriminator="kind")]


def _check_rows(columns: list[str], rows: dict[str, list]) -> None:
    if not rows:
        raise ValueError("there are no rows")
    for name, values in rows.items():
        if len(values) != len(columns):
            raise ValueError(f"row '{name}' has {len(values)} values for {len(columns)} columns")


def to_json(output: StudyOutput) -> dict[str, Any]:
    """An output as the record keeps it; a RunError says why it could not be shown."""
    content = dataclasses.asdict(output)
    validated(f"{output.kind} '{output.title}'", type(output), content)
    return content


class StudyMetrics(Content):
    wall_seconds: NotNegative


class Outputs(Content):
    outputs: list[StudyOutput]


class StudyFiles(Files):
    metrics: StudyMetrics
    outputs: Outputs

    @model_validator(mode="after")
    def _titles_differ(self) -> Self:
        """Claims find a table by its title."""
        titles = [output.title for output in self.outputs.outputs]
        if twice := [title for title in titles if titles.count(title) > 1]:
            raise ValueError(f"outputs.json: '{twice[0]}' is the title of two outputs")
        return self
