"""A user's own runs beside those of the reference, which are committed with this project.

A run that differs from the reference in its seed only lies in the reference's 95 % prediction
interval, but for one run in twenty.
"""

from dataclasses import dataclass
from pathlib import Path

from harness.records.record import Record
from harness.reporting.analysis.results import ModelResults, Study
from harness.reporting.analysis.statistics import Range, SeedStatistics, prediction_interval

REFERENCE = Path(__file__).resolve().parents[3] / "results" / "reference"
"""The records that come with this project."""

MEASURES = {
    "best validation": ("best_validation", "best_validation"),
    "last validation": ("last_validation", "last_validation"),
    "test at best": ("test_at_best", "test"),
}
"""Each number that is compared: its field in `metrics.json` and its field in `Published`."""


@dataclass(frozen=True)
class Measure:
    """One number of a user's runs beside that of the reference and the published one.

    Attributes:
        name: how the number is called in tables.
        own: one value a seed.
        reference: one value a seed; None where the reference has no comparable run.
        published: None where nothing was published.
    """

    name: str
    own: SeedStatistics
    reference: SeedStatistics | None
    published: float | None

    @property
    def interval(self) -> Range | None:
        """95 % prediction interval of one further run; None for few seeds or equal values."""
        if self.reference is None or self.reference.too_few:
            return None
        return prediction_interval(self.reference.values, within=self.reference.within)

    @property
    def verdict(self) -> str:
        """Whether the user's runs lie in the interval; empty without a reference.

        The reference has no interval where its numbers are all equal or few, as those of baselines
        without randomness. Then the numbers are the same or different to four digits.
        """
        if self.reference is None:
            return ""
        if self.interval is None:
            there = {round(value, 4) for value in self.reference.values}
            return "same" if {round(v, 4) for v in self.own.values} <= there else "different"
        low, high = self.interval
        inside = sum(low <= value <= high for value in self.own.values)
        if 0 < inside < self.own.n:
            return f"{inside} of {self.own.n} inside"
        return "inside" if inside else "outside"


@dataclass(frozen=True)
class Comparison:
    """A user's runs of one experiment beside those of the reference.

    Attributes:
        own: the user's runs.
        reference: the reference's runs with the same settings and data; None where it has none.
        obstacle: why the runs cannot be compared; empty if they can.
        differences: settings and software in which they differ from the reference's runs, or from
            its published protocol where it has no run with these settings.
    """

    own: ModelResults
    reference: ModelResults | None
    obstacle: str
    differences: list[str]

    @property
    def measures(self) -> list[Measure]:
        return [
            Measure(
                name,
                self.own.spread(field),
                self.reference and self.reference.spread(field),
                getattr(self.own.published, published),
            )
            for name, (field, published) in MEASURES.items()
        ]


def compare_with_reference(own: ModelResults, reference: list[ModelResults]) -> Comparison:
    """Finds the reference's runs that a user's runs can be compared with.

    Args:
        own: the user's runs of one experiment.
        reference: all of the reference's rows, or those of the same experiment.
    """
    if own.sample:
        return Comparison(own, None, "runs on sample data have no reference", [])
    same_experiment = [row for row in reference if row.first.experiment == own.first.experiment]
    same_settings = [row for row in same_experiment if row.variant == own.variant]
    comparable = [row for row in same_settings if same_data(row.first, own.first)]
    published = [row for row in same_experiment if not row.variant]
    nearest = next(iter(comparable or same_settings or published), None)
    found = comparable[0] if comparable else None
    if not same_experiment:
        obstacle = "the reference has no run of this experiment"
    elif not same_settings:
        obstacle = "the reference has no run with these settings"
    elif found is None:
        names = ", ".join(file.get("name", "unnamed") for file in own.first.data["files"])
        obstacle = f"the reference was made from other data ({names} has another SHA-256)"
    else:
        obstacle = ""
    return Comparison(own, found, obstacle, _differences(own, nearest))


def reference_study(own: Study, reference: list[Study]) -> Study | None:
    """The reference's runs of a user's study, with the same settings and data; None if it has none.

    Args:
        own: the user's runs.
        reference: all of the reference's studies.
    """
    same = (
        study for study in reference if study.name == own.name and same_data(study.first, own.first)
    )
    return None if own.first.sample else next(same, None)


def same_data(first: Record, second: Record) -> bool:
    """Whether two runs read the same data; the same reviews may be packed into other archives."""
    contents = [record.data["facts"].get("content_sha256") for record in (first, second)]
    if None not in contents:
        return contents[0] == contents[1]
    hashes = [[file["sha256"] for file in record.data["files"]] for record in (first, second)]
    return hashes[0] == hashes[1]


def _differences(own: ModelResults, reference: ModelResults | None) -> list[str]:
    """Each condition that differs, such as `epochs = 2 (reference: 10)`; what one of the two does
    not record is left out."""
    if reference is None:
        return []
    there = _conditions(reference.first)
    found = (
        f"{name} = {value} (reference: {there[name]})"
        for record in own.records
        for name, value in _conditions(record).items()
        if None not in (value, there.get(name)) and value != there[name]
    )
    return list(dict.fromkeys(found))


def _conditions(record: Record) -> dict[str, object]:
    """What a user may have set or installed that can change the numbers."""
    environment = record.environment
    packages = {name: environment["packages"].get(name) for name in ("keras", "tensorflow")}
    return {
        **record.config["protocol"],
        "deterministic": record.config["deterministic"],
        "backend": environment["backend"],
        **packages,
        "device": environment["device"].partition(":")[0],
        "floatx": environment.get("floatx"),
        "layers": environment.get("layers"),
    }
