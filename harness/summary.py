"""From run records to rows: what the tables and the figures have in common.

A row is one experiment in one form of its protocol, measured on one copy of the data; its records
differ in the seed only. Published numbers and the order of presentation come from a TOML file.
"""

import dataclasses
import math
import statistics
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError
from harness.record import Record, find_records, plain, refuse_mixture


@dataclass(frozen=True)
class Published:
    """What others measured or stated; empty where nobody did. All numbers in the metric's unit."""

    source: str = ""
    best_validation: float | None = None
    last_validation: float | None = None
    test: float | None = None
    reruns: str = ""
    statement: str = ""
    note: str = ""


@dataclass(frozen=True)
class Catalogue:
    """The published numbers by experiment, and the data sets' titles, in order of presentation."""

    datasets: dict[str, str]
    experiments: dict[str, Published]


@dataclass(frozen=True)
class Spread:
    """One quantity measured once a seed."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def sd(self) -> float | None:
        """Sample standard deviation (n - 1); None for a single value."""
        return statistics.stdev(self.values) if self.n > 1 else None

    def text(self, decimals: int) -> str:
        """`0.8620 ± 0.0100`, or the number alone for a single value."""
        if self.sd is None:
            return f"{self.mean:.{decimals}f}"
        return f"{self.mean:.{decimals}f} ± {self.sd:.{decimals}f}"


@dataclass(frozen=True)
class Row:
    """The records of one experiment that differ in their seed only, in the order of the seeds."""

    records: tuple[Record, ...]
    published: Published = Published()
    data_mark: str = ""
    """Start of the data files' hashes, where the same experiment also ran on other data."""

    @property
    def name(self) -> str:
        """Unique among the rows; names the experiment's figure."""
        return self.first.label + (f"+data-{self.data_mark}" if self.data_mark else "")

    @property
    def title(self) -> str:
        """The model, followed by what differs from the protocol (and by the data, if need be)."""
        parts = [
            self.first.config["title"],
            *(f"{k} = {plain(v)}" for k, v in self.variant.items()),
        ]
        return ", ".join(parts + ([f"data {self.data_mark}"] if self.data_mark else []))

    @property
    def first(self) -> Record:
        return self.records[0]

    @property
    def dataset(self) -> str:
        return self.first.config["dataset"]

    @property
    def variant(self) -> dict:
        return self.first.config["variant"]

    @property
    def metric(self) -> str:
        return self.first.metrics["metric"]

    @property
    def sample(self) -> bool:
        return self.first.sample

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
        notes = [
            note
            for record in self.records
            for note in (*record.config["notes"], *record.data["notes"])
        ]
        if self.published.note:
            notes.append(self.published.note)
        return list(dict.fromkeys(notes))

    def spread(self, field: str) -> Spread:
        """A number of `metrics.json`, one value a seed."""
        return Spread(tuple(record.metrics[field] for record in self.records))

    def degrees(self, field: str) -> Spread | None:
        """The same in °C, each seed by its own scale; None where the metric has no such unit."""
        if self.degrees_per_unit is None:
            return None
        return Spread(tuple(r.metrics[field] * r.metrics["degrees_per_unit"] for r in self.records))


def load_published(path: Path) -> Catalogue:
    """Reads the published numbers.

    Args:
        path: TOML file with a table `[datasets]` (key = title) and a table an experiment, whose
            fields are those of `Published`.

    Raises:
        RunError: the file is missing or not TOML, or a field is unknown or mistyped.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise RunError(f"{path}: not valid TOML ({error}).") from error
    datasets = content.pop("datasets", {})
    kinds = {
        field.name: str if field.type is str else (int, float)
        for field in dataclasses.fields(Published)
    }
    for experiment, values in content.items():
        if not isinstance(values, dict):
            raise RunError(f"{path}: '{experiment}' must be a table, [{experiment}].")
        for field, value in values.items():
            if field not in kinds:
                known = ", ".join(kinds)
                raise RunError(f"{path}: [{experiment}] has no field '{field}'; known: {known}.")
            if not isinstance(value, kinds[field]):
                raise RunError(f"{path}: [{experiment}] {field} has the wrong type: {value!r}.")
    return Catalogue(datasets, {name: Published(**values) for name, values in content.items()})


def load_rows(results_dir: Path, catalogue: Catalogue) -> tuple[list[Row], list[str]]:
    """Reads every finished run below a results directory.

    Args:
        results_dir: folder that holds `<experiment>[+variant]/seed-<k>/`.
        catalogue: published numbers; gives the order of the rows.

    Returns:
        The rows, and one sentence for each run that was left out (unfinished or damaged).

    Raises:
        RunError: there is no finished run, or sample-data and real-data runs are mixed.
    """
    records, left_out = find_records(results_dir)
    if not records:
        reasons = " ".join(["", "Left out:", *left_out]) if left_out else ""
        raise RunError(
            f"{results_dir} holds no finished run; run an experiment first "
            f"(`make help` lists them).{reasons}"
        )
    refuse_mixture(results_dir, records)
    return make_rows(records, catalogue), sorted(left_out)


def make_rows(records: list[Record], catalogue: Catalogue) -> list[Row]:
    """Groups records into rows, in the catalogue's order; what it does not name comes last.

    Seeds are averaged only within one form of the protocol on one copy of the data: the same
    experiment on other data files makes another row.
    """
    groups: dict[tuple, list[Record]] = {}
    for record in sorted(records, key=lambda r: (r.label, r.seed, str(r.path))):
        hashes = tuple(file["sha256"] for file in record.data["files"])
        groups.setdefault((record.label, hashes), []).append(record)
    copies = Counter(label for label, _ in groups)

    rows = []
    for (label, hashes), members in groups.items():
        mark = "-".join(value[:8] for value in hashes) if copies[label] > 1 else ""
        config = members[0].config
        # A published number belongs to the published protocol, on the published kind of data.
        comparable = not config["variant"] and not members[0].sample
        published = catalogue.experiments.get(config["experiment"]) if comparable else None
        rows.append(Row(tuple(members), published or Published(), mark))

    datasets, experiments = list(catalogue.datasets), list(catalogue.experiments)
    return sorted(
        rows,
        key=lambda row: (
            _position(datasets, row.dataset),
            row.dataset,
            bool(row.variant),
            _position(experiments, row.first.experiment),
            row.name,
        ),
    )


def _position(names: list[str], name: str) -> float:
    return names.index(name) if name in names else math.inf
