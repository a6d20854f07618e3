"""The published numbers, and the order of presentation, read from a TOML file."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError
from harness.records.files import read_toml

PUBLISHED = Path(__file__).resolve().parents[3] / "experiments" / "published.toml"
"""The published numbers that come with this project."""


@dataclass(frozen=True)
class Published:
    """What others measured or stated; empty where nobody did. All numbers in the metric's unit.

    The curves have Keras's names and one value an epoch; `seconds` is how long each took.
    `headline` says whether the experiment is among the few that the front page shows.
    """

    headline: bool = False
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
    """Whether a value of the file is of a field's kind: a text, a flag, a number or a curve."""
    if kind in (str, bool):
        return isinstance(value, kind)
    numbers = value if kind == tuple[float, ...] and isinstance(value, list) else [value]
    return isinstance(value, list) == (kind == tuple[float, ...]) and all(
        type(number) in (int, float) and math.isfinite(number) for number in numbers
    )
