"""From the records of a study to what is shown of it."""

from dataclasses import dataclass

from harness.records.record import Record
from harness.records.study_outputs import Heatmap, Lines, Series, StudyOutput, Table, Text
from harness.reporting.analysis.models import PublishedResults
from harness.reporting.analysis.seeds import Group, SeedStatistics, group, position


@dataclass(frozen=True)
class Study(Group):
    """The records of one study that differ in their seed only."""

    @property
    def outputs(self) -> tuple[StudyOutput, ...]:
        """Those of the first seed: titles, axes, and what is not averaged (grids and texts)."""
        return self.first.outputs

    def caption(self, output: StudyOutput) -> str:
        """Its title, and which seed it is of where several ran and it is not averaged."""
        if len(self.records) > 1 and isinstance(output, Heatmap | Text):
            return f"{output.title}, seed {self.first.seed}"
        return output.title

    def of_all_seeds(self, output: StudyOutput) -> list[StudyOutput]:
        """The output of the same kind and title in each record that has it."""
        return [
            one
            for record in self.records
            for one in record.outputs
            if (type(one), one.title) == (type(output), output.title)
        ]

    def cell(self, table: str, row: str, column: str) -> SeedStatistics | None:
        """One number of a table, one value a seed; None where no seed has it."""
        values = []
        for record in self.records:
            for one in record.outputs:
                if isinstance(one, Table) and one.title == table and column in one.columns:
                    value = one.rows.get(row, [None] * len(one.columns))[one.columns.index(column)]
                    values += [] if value is None else [value]
        return SeedStatistics(tuple(values)) if values else None

    def _curves(self, lines: Lines, label: str) -> list[Series]:
        """One curve of a panel, as each seed has it."""
        panels = self.of_all_seeds(lines)
        return [series for one in panels for series in one.series if series.label == label]

    def scattered(self, lines: Lines, label: str) -> bool:
        """Whether a curve is none: a seed has several values at one x, or an x of its own."""
        places = {tuple(series.x) for series in self._curves(lines, label)}
        return len(places) > 1 or any(len(set(x)) < len(x) for x in places)

    def points(self, lines: Lines, label: str) -> tuple[list[float], list[float]]:
        """Every point of one curve of a panel, of all seeds: x and y, gaps left out."""
        points = [
            point
            for series in self._curves(lines, label)
            for point in zip(series.x, series.y, strict=True)
            if point[1] is not None
        ]
        return [x for x, _ in points], [y for _, y in points]

    def curve(self, lines: Lines, label: str) -> list[tuple[float, SeedStatistics]]:
        """One curve of a panel: each x with the values that the seeds have there."""
        places: dict[float, list[float]] = {}
        for x, y in zip(*self.points(lines, label), strict=True):
            places.setdefault(x, []).append(y)
        return [(x, SeedStatistics(tuple(ys))) for x, ys in sorted(places.items())]


def make_studies(records: list[Record], catalogue: PublishedResults) -> list[Study]:
    """Groups the studies among the records, in the catalogue's order."""
    order = list(catalogue.experiments)
    studies = [Study(*members) for members in group([r for r in records if r.is_study])]
    return sorted(
        studies,
        key=lambda s: (position(order, s.first.experiment), bool(s.variant), s.name),
    )
