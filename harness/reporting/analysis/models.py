"""From run records to rows: what the tables and the figures have in common.

Published numbers and the order of presentation come from a TOML file.
"""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError
from harness.records.files import read_toml
from harness.records.record import Record
from harness.reporting.analysis.seeds import Group, SeedStatistics, group, position

PUBLISHED = Path(__file__).resolve().parents[3] / "experiments" / "published.toml"
"""The published numbers that come with this project."""

POSSIBLE = {"accuracy": (0.0, 1.0), "mae": (0.0, math.inf)}
"""The lowest and the highest value of each metric."""


@dataclass(frozen=True)
class Published:
    """What others measured or stated; empty where nobody did. All numbers in the metric's unit.

    The curves have Keras's names and one value an epoch; `seconds` is how long each took.
    """

    source: str = ""
    best_validation: float | None = None
    last_validation: float | None = None
    test: float | None = None
    reruns: str = ""
    statement: str = ""
    note: str = ""
    loss: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()
    val_loss: tuple[float, ...] = ()
    val_accuracy: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()

    def curve(self, column: str) -> tuple[float, ...]:
        """A published curve by Keras's name of the column, one value an epoch; empty if none.

        The mean absolute error of the Jena networks is also their loss: both have one curve.
        """
        return tuple(getattr(self, column.replace("mae", "loss"), ()))


@dataclass(frozen=True)
class PublishedResults:
    """The published numbers by experiment, and the data sets' titles, in order of presentation."""

    datasets: dict[str, str]
    experiments: dict[str, Published]


@dataclass(frozen=True)
class ModelResults(Group):
    """A group that one metric measures, with what was published about it."""

    published: Published = Published()

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


def load_published(path: Path) -> PublishedResults:
    """Reads the published numbers.

    Args:
        path: TOML file with a table `[datasets]` (key = title) and a table an experiment, whose
            fields are those of `Published`.

    Raises:
        RunError: the file is missing or not TOML, or a field is unknown or mistyped.
    """
    content = read_toml(path)
    datasets = content.pop("datasets", {})
    kinds = {field.name: field.type for field in dataclasses.fields(Published)}
    for experiment, values in content.items():
        if not isinstance(values, dict):
            raise RunError(f"{path}: '{experiment}' must be a table, [{experiment}].")
        for field, value in values.items():
            if field not in kinds:
                known = ", ".join(kinds)
                raise RunError(f"{path}: [{experiment}] has no field '{field}'; known: {known}.")
            if not _fits(value, kinds[field]):
                raise RunError(f"{path}: [{experiment}] {field} has the wrong type: {value!r}.")
    experiments = {name: Published(**values) for name, values in content.items()}
    return PublishedResults(datasets, experiments)


def _fits(value: object, kind: object) -> bool:
    """Whether a value of the file is of a field's kind: a text, a number or a curve."""
    if kind is str:
        return isinstance(value, str)
    numbers = value if kind == tuple[float, ...] and isinstance(value, list) else [value]
    return isinstance(value, list) == (kind == tuple[float, ...]) and all(
        type(number) in (int, float) and math.isfinite(number) for number in numbers
    )


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
