"""The published numbers, read from a TOML file that also gives the order of presentation."""

from dataclasses import dataclass, field
from pathlib import Path

from harness.records.files import read_toml
from harness.records.schema import KnownFields, Number, validated

PUBLISHED = Path(__file__).resolve().parents[3] / "experiments" / "published.toml"
"""The published numbers that come with this project."""


@dataclass(frozen=True)
class Published(KnownFields):
    """What others measured or stated; empty where nobody did. All numbers in the metric's unit.

    The curves have Keras's names and one value an epoch; `seconds` is how long each took.
    `headline` says whether the experiment is among the few that the front page shows, `keras` which
    version the original ran on. `speaks_of` are the facts of the data and the settings that the
    numbers belong to, where ours may be others.
    """

    headline: bool = False
    source: str = ""
    best_validation: Number | None = None
    last_validation: Number | None = None
    test: Number | None = None
    reruns: str = ""
    statement: str = ""
    note: str = ""
    keras: str = "2.0.8"
    speaks_of: dict[str, Number | str] = field(default_factory=dict)
    loss: tuple[Number, ...] = ()
    accuracy: tuple[Number, ...] = ()
    val_loss: tuple[Number, ...] = ()
    val_accuracy: tuple[Number, ...] = ()
    seconds: tuple[Number, ...] = ()

    def curve(self, column: str) -> tuple[float, ...]:
        """A published curve by Keras's name of the column, one value an epoch; empty if none.

        The mean absolute error of the Jena networks is also their loss: both have one curve.
        """
        return getattr(self, column.replace("mae", "loss"), ())


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
    datasets = validated(f"{path}: [datasets]", dict[str, str], content.pop("datasets", {}))
    experiments = {
        name: validated(f"{path}: [{name}]", Published, values) for name, values in content.items()
    }
    return PublishedResults(datasets, experiments)
