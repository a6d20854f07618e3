"""From the records of a study to what is shown of it."""

from dataclasses import dataclass

from harness.exhibits import Exhibit, Grid, Lines, Series, Table, Text
from harness.groups import Group, Spread, group, position
from harness.record import Record
from harness.summary import Catalogue


@dataclass(frozen=True)
class Study(Group):
    """The records of one study that differ in their seed only."""

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """Those of the first seed: titles, axes, and what is not averaged (grids and texts)."""
        return self.first.exhibits

    def caption(self, exhibit: Exhibit) -> str:
        """Its title, and which seed it is of where several ran and it is not averaged."""
        if len(self.records) > 1 and isinstance(exhibit, Grid | Text):
            return f"{exhibit.title}, seed {self.first.seed}"
        return exhibit.title

    def of_all_seeds(self, exhibit: Exhibit) -> list[Exhibit]:
        """The exhibit of the same kind and title in each record that has it."""
        return [
            one
            for record in self.records
            for one in record.exhibits
            if (type(one), one.title) == (type(exhibit), exhibit.title)
        ]

    def cell(self, table: str, row: str, column: str) -> Spread | None:
        """One number of a table, one value a seed; None where no seed has it."""
        values = []
        for record in self.records:
            for one in record.exhibits:
                if isinstance(one, Table) and one.title == table and column in one.columns:
                    value = one.rows.get(row, [None] * len(one.columns))[one.columns.index(column)]
                    values += [] if value is None else [value]
        return Spread(tuple(values)) if values else None

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

    def curve(self, lines: Lines, label: str) -> list[tuple[float, Spread]]:
        """One curve of a panel: each x with the values that the seeds have there."""
        places: dict[float, list[float]] = {}
        for x, y in zip(*self.points(lines, label), strict=True):
            places.setdefault(x, []).append(y)
        return [(x, Spread(tuple(ys))) for x, ys in sorted(places.items())]


def make_studies(records: list[Record], catalogue: Catalogue) -> list[Study]:
    """Groups the studies among the records, in the catalogue's order."""
    order = list(catalogue.experiments)
    studies = [Study(*members) for members in group([r for r in records if r.is_study])]
    return sorted(
        studies,
        key=lambda s: (position(order, s.first.experiment), bool(s.variant), s.name),
    )
