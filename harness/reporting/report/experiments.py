"""One experiment as the report shows it: a row of numbers, and behind it how they were made."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from harness.records.record import Record
from harness.reporting.analysis.comparison import value_text
from harness.reporting.analysis.results import ModelResults, SeedGroup
from harness.reporting.figures.charts import Chart, colour_of, training_charts
from harness.reporting.table import ABSENT, FOUR
from harness.reporting.tables.model_tables import as_published, parameter_counts, with_degrees

MEASURED = {
    "Best validation": "best_validation",
    "Last validation": "last_validation",
    "Test at best": "test_at_best",
}
RUN_FIELDS = ("started", "command", "commit", "dirty")  # shown for each run, not once for all


@dataclass(frozen=True)
class ShownExperiment:
    """An experiment on the page.

    Attributes:
        id: its anchor, such as `experiment-3`.
        origin: `yours` or `reference`; empty if the page shows the runs of one folder only.
        row: its runs.
        answers: verdicts on whether the published run was reproduced, by the question.
    """

    id: str
    origin: str
    row: ModelResults
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its title, and whose runs they are."""
        return f"{self.row.title} ({self.origin})" if self.origin else self.row.title

    @property
    def colour(self) -> str:
        return colour_of(self.row)

    @property
    def charts(self) -> list[Chart]:
        """Without the best epochs, which stand in the table of the runs."""
        charts = training_charts(self.row)
        return [replace(c, curves=[v for v in c.curves if v.mark != "rings"]) for c in charts]

    @property
    def cells(self) -> dict[str, tuple[str, float | None]]:
        """Its row by the headings of the columns: each text, and the number that sorts it."""
        row, published = self.row, self.row.published.best_validation
        minutes = statistics.median(r.metrics["wall_seconds"] / 60 for r in row.records)
        counts = parameter_counts(row, "{:,}")
        return {
            "Seeds": (str(len(row.records)), len(row.records)),
            "Parameters": (counts or ABSENT, row.first.metrics["parameters"]),
            **{name: self._number(field) for name, field in MEASURED.items()},
            "Published best": (as_published(published) or ABSENT, published),
            "Minutes a run": (f"{minutes:.1f}", minutes),
        }

    def _number(self, field: str) -> tuple[str, float]:
        text = with_degrees(self.row, field).replace(" ± ", "\u00a0±\u00a0")  # on one line
        return (text, self.row.spread(field).mean)


def runs_of(group: SeedGroup) -> list[dict[str, str]]:
    """What each run measured, how long it took, and the command and the code that made it."""
    runs = []
    for record in group.records:
        measured, environment = record.metrics, record.environment
        run = {"Seed": str(record.seed)}
        if "best_epoch" in measured:  # no study
            run["Best epoch"] = str(measured["best_epoch"] or ABSENT)
            run |= {name: FOUR(measured[field]) for name, field in MEASURED.items()}
        code = (environment["commit"] or "unknown")[:12]
        run |= {
            "Minutes": f"{measured['wall_seconds'] / 60:.1f}",
            "Started": environment["started"],
            "Commit": f"{code}, changed since" if environment["dirty"] else code,
            "Command": environment["command"],
        }
        runs.append(run)
    return runs


def facts_of(group: SeedGroup) -> dict[str, list[tuple[str, str]]]:
    """Settings, environment and data of all runs of a group, as names and values.

    Where the runs differ, each value names its seeds.
    """
    return {
        "Settings": _common(group, _settings),
        "Environment": _common(group, _environment),
        "Data": _common(group, _data),
    }


def _settings(record: Record) -> dict[str, object]:
    return {**record.config["protocol"], "deterministic": record.config["deterministic"]}


def _environment(record: Record) -> dict[str, object]:
    facts = {k: v for k, v in record.environment.items() if k not in RUN_FIELDS}
    packages, flags = facts.pop("packages"), facts.pop("flags", {})
    return {**facts, **packages, **flags}


def _data(record: Record) -> dict[str, object]:
    facts: dict[str, object] = {"data set": record.data["dataset"]}
    for file in record.data["files"]:
        name = file.get("name", "file")
        fields = {field: value for field, value in file.items() if field != "name"}
        facts |= {f"{name}, {_words(field)}": value for field, value in fields.items()}
    return facts | {_words(name): value for name, value in record.data["facts"].items()}


def _words(name: str) -> str:
    return name.replace("_", " ")


def _common(group: SeedGroup, facts) -> list[tuple[str, str]]:
    """Each fact once; where the runs differ, each value with its seeds."""
    of_runs = [facts(record) for record in group.records]
    lines = []
    for name in dict.fromkeys(name for one in of_runs for name in one):
        seeds: dict[str, list[int]] = {}
        for record, one in zip(group.records, of_runs, strict=True):
            seeds.setdefault(value_text(one.get(name)), []).append(record.seed)
        if len(seeds) == 1:
            lines.append((name, *seeds))
        else:
            lines.append((name, "; ".join(f"{v} (seeds {_listed(n)})" for v, n in seeds.items())))
    return lines


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(map(str, seeds))
