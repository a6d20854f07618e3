"""From run records to rows: what the tables and the figures have in common.

Published numbers and the order of presentation come from a TOML file.
"""

import math
from dataclasses import dataclass, field

from harness.records.record import Record
from harness.reporting.analysis.published import (
    PUBLISHED,  # noqa: F401  others import it from here
    Published,
    PublishedResults,
    load_published,  # noqa: F401  likewise
)
from harness.reporting.analysis.seeds import Group, SeedStatistics, group, position

POSSIBLE = {"accuracy": (0.0, 1.0), "mae": (0.0, math.inf)}
"""The lowest and the highest value of each metric."""


@dataclass(frozen=True)
class ModelResults(Group):
    """A group that one metric measures, with what was published about it."""

    published: Published = field(default_factory=Published)

    @property
    def metric(self) -> str:
        return self.first.metrics["metric"]

    @property
    def reference(self) -> dict:
        """The trivial predictor on the same data: `label`, `validation`, `test`."""
        return self.first.metrics["reference"]

    @property
    def degrees_per_unit(self) -> float | None:
        """°C in one normalised unit, where the metric has such a unit."""
        return self.first.metrics["degrees_per_unit"]

    @property
    def notes(self) -> list[str]:
        """Footnotes: the protocol's, the data's, the published number's; each once."""
        own = [self.published.note] if self.published.note else []
        return list(dict.fromkeys([*super().notes, *own]))

    def spread(self, field: str) -> SeedStatistics:
        """One of the metric's numbers in `metrics.json`, one value a seed."""
        values = (record.metrics[field] for record in self.records)
        return SeedStatistics(tuple(values), POSSIBLE[self.metric])

    def degrees(self, field: str) -> SeedStatistics | None:
        """The same in °C, each seed by its own scale; None where the metric has no such unit."""
        if self.degrees_per_unit is None:
            return None
        values = (r.metrics[field] * r.metrics["degrees_per_unit"] for r in self.records)
        return SeedStatistics(tuple(values), POSSIBLE["mae"])


def make_rows(records: list[Record], catalogue: PublishedResults) -> list[ModelResults]:
    """Groups the measured records into rows, in the catalogue's order."""
    rows = []
    for members, mark in group([record for record in records if not record.is_study]):
        config = members[0].config
        # A published number belongs to the published protocol, on the published kind of data.
        comparable = not config["variant"] and not members[0].sample
        published = catalogue.experiments.get(config["experiment"]) if comparable else None
        rows.append(ModelResults(members, mark, published or Published()))

    datasets, experiments = list(catalogue.datasets), list(catalogue.experiments)
    return sorted(
        rows,
        key=lambda row: (
            position(datasets, row.dataset),
            row.dataset,
            bool(row.variant),
            position(experiments, row.first.experiment),
            row.name,
        ),
    )
