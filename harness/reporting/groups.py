"""Finished runs grouped over their seeds, with what was published about them.

Functions that read files raise `RunError`, also where sample data and real data are mixed.
"""

import functools
import glob
import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import RunError, few
from harness.records.files import read_toml
from harness.records.record import Record, find_records, load_record, plain, refuse_mixture
from harness.records.schema import MEASURES, KnownFields, Number, validated
from harness.records.study_outputs import Heatmap, StudyOutput, Table, Text
from harness.reporting.conditions import data_hashes, leave_out_other_kinds, mixture_note
from harness.reporting.statistics import SEEDS_NEEDED, UNBOUNDED, Range, SeedStatistics

REPOSITORY = Path(__file__).resolve().parents[2]
PUBLISHED, CLAIMS = (REPOSITORY / f"experiments/{name}.toml" for name in ("published", "claims"))
REFERENCE = REPOSITORY / "results/reference"
METRIC_RANGES = {"accuracy": (0.0, 1.0), "mae": (0.0, float("inf"))}  # lowest and highest value
NUMBERS = {name.replace("_", " "): name for name in MEASURES.values()}
"""Each number that groups are compared by, and its field in `metrics.json`."""


@functools.cache
def corrected_notes() -> dict[str, str]:
    """What tables print for a note in a record that turned out to be wrong; nothing if empty."""
    path = REFERENCE / "corrected-notes.toml"
    return {note["said"]: note["now"] for note in read_toml(path)["note"]}


@dataclass(frozen=True)
class Published(KnownFields):
    """What others measured or stated; empty where nobody did. All numbers in the metric's unit."""

    headline: bool = False  # among the few networks that the front page shows
    source: str = ""
    best_validation: Number | None = None
    last_validation: Number | None = None
    test: Number | None = None
    reruns: str = ""
    statement: str = ""
    note: str = ""
    keras: str = "2.0.8"  # version that the original ran on
    # facts of the data and settings that the numbers belong to, where ours may be others
    speaks_of: dict[str, Number | str] = field(default_factory=dict)
    # curves by Keras's names, one value an epoch, and how long each took
    loss: tuple[Number, ...] = ()
    accuracy: tuple[Number, ...] = ()
    val_loss: tuple[Number, ...] = ()
    val_accuracy: tuple[Number, ...] = ()
    seconds: tuple[Number, ...] = ()

    def curve(self, column: str) -> tuple[float, ...]:
        """A published curve by Keras's name of the column; empty if there is none.

        The mean absolute error of the Jena networks is also their loss: both have one curve.
        """
        return getattr(self, column.replace("mae", "loss"), ())

    def number(self, name: str) -> float | None:
        """The published value of a number of `metrics.json`."""
        return getattr(self, "test" if name == "test_at_best" else name, None)


@dataclass(frozen=True)
class PublishedResults:
    """The published numbers by experiment, and the data sets' titles, in order of presentation."""

    datasets: dict[str, str]
    experiments: dict[str, Published]


def load_published(path: Path = PUBLISHED) -> PublishedResults:
    """Reads a TOML file with a table `[datasets]` (key = title) and one an experiment."""
    content = read_toml(path)
    datasets = validated(f"{path}: [datasets]", dict[str, str], content.pop("datasets", {}))
    experiments = {
        name: validated(f"{path}: [{name}]", Published, values) for name, values in content.items()
    }
    return PublishedResults(datasets, experiments)


@dataclass(frozen=True)
class SeedGroup:
    """The records of one experiment that differ only in their seed, in the order of the seeds."""

    records: tuple[Record, ...]
    data_hash: str = ""  # of the data files, if the same experiment also ran on others

    @property
    def name(self) -> str:
        """Unique among the groups; also the name of the experiment's figure."""
        return self.first.label + (f"+data-{self.data_hash}" if self.data_hash else "")

    @property
    def title(self) -> str:
        """The model, then what differs from its protocol, then the data where several were used."""
        changes = [f"{name} = {plain(value)}" for name, value in self.variant.items()]
        data = [f"data {self.data_hash}"] if self.data_hash else []
        return ", ".join([self.first.config["title"], *changes, *data])

    @property
    def first(self) -> Record:
        return self.records[0]

    @property
    def too_few_seeds(self) -> bool:
        return len(self.records) < SEEDS_NEEDED

    @property
    def dataset(self) -> str:
        return self.first.config["dataset"]

    @property
    def variant(self) -> dict:
        return self.first.config["variant"]

    @property
    def sample(self) -> bool:
        return self.first.sample

    @property
    def metric(self) -> str:
        """`accuracy` or `mae`; empty for a study."""
        return self.first.metrics.get("metric", "")

    @property
    def lower_is_better(self) -> bool:
        return self.metric == "mae"

    @property
    def runs(self) -> str:
        """`1 run`, or `5 runs`."""
        return f"{len(self.records)} run{'s' if len(self.records) > 1 else ''}"

    @property
    def notes(self) -> list[str]:
        """Footnotes of the protocol, of the data, and of mixed code, each once."""
        notes = [note for r in self.records for note in (*r.config["notes"], *r.data["notes"])]
        shown = [corrected_notes().get(note, note) for note in notes]
        return list(dict.fromkeys(filter(None, [*shown, mixture_note([self.records])])))

    def unlike(self, conditions: dict[str, object]) -> str:
        """How its data and protocol differ from those of a claim or a log; empty if not at all."""
        ours = {**self.first.data["facts"], **self.first.config["protocol"]}

        def shown(value: object) -> str:
            return f"{value:,}" if isinstance(value, int) else str(value)

        return ", ".join(
            f"{name.replace('_', ' ')} {shown(ours.get(name, 'unknown'))} instead of {shown(value)}"
            for name, value in conditions.items()
            if ours.get(name) != value
        )


@dataclass(frozen=True)
class ModelResults(SeedGroup):
    """The runs of a network or baseline, with what was published about it."""

    published: Published = field(default_factory=Published)

    @property
    def reference(self) -> dict:
        """The trivial predictor on the same data: `label`, `validation`, `test`."""
        return self.first.metrics["reference"]

    @property
    def degrees_per_unit(self) -> float | None:
        """°C, or `unit`, in one normalised unit; None for a metric without this unit."""
        return self.first.metrics["degrees_per_unit"]

    @property
    def unit(self) -> str:
        """The unit of a target: °C, or that of a user's own series, which may have no name."""
        return self.first.data["facts"].get("unit", "°C")

    @property
    def error_axis(self) -> str:
        """The name of an axis with errors in this unit."""
        return f"MAE ({self.unit or 'in the own unit'})"

    @property
    def notes(self) -> list[str]:
        """Footnotes of the protocol, the data and the published number, each once."""
        own = [self.published.note] if self.published.note else []
        return list(dict.fromkeys([*super().notes, *own]))

    @property
    def validated_on_test(self) -> bool:
        """Whether the best epoch was chosen on the data that it was then tested on."""
        pairs = ((r.metrics["best_validation"], r.metrics["test_at_best"]) for r in self.records)
        return all(math.isclose(*pair, rel_tol=1e-6) for pair in pairs)  # the first is a float32

    def spread(self, field: str) -> SeedStatistics:
        """One number of `metrics.json`, one value a seed."""
        values = tuple(record.metrics.get(field) for record in self.records)
        if not all(type(value) in (int, float) for value in values):
            raise RunError(f"{self.first.place}/metrics.json has no number '{field}'.")
        within = METRIC_RANGES[self.metric] if field in NUMBERS.values() else UNBOUNDED
        return SeedStatistics(values, within)

    def degrees(self, field: str) -> SeedStatistics | None:
        """The same in the target's unit, each seed by its own scale; None where there is none."""
        if self.degrees_per_unit is None:
            return None
        values = (r.metrics[field] * r.metrics["degrees_per_unit"] for r in self.records)
        return SeedStatistics(tuple(values), METRIC_RANGES["mae"])


@dataclass(frozen=True)
class Study(SeedGroup):
    """The runs of a study."""

    @property
    def outputs(self) -> tuple[StudyOutput, ...]:
        """Those of the first seed: titles, axes, and what is not averaged (heatmaps and texts)."""
        return self.first.outputs

    def caption(self, output: StudyOutput) -> str:
        """Its title; for one that is not averaged over several seeds, also the seed shown."""
        if len(self.records) > 1 and isinstance(output, Heatmap | Text):
            return f"{output.title}, seed {self.first.seed}"
        return output.title

    def table_value(
        self, table: str, row: str, column: str, within: Range = UNBOUNDED
    ) -> SeedStatistics | None:
        """One number of a table, one value a seed; None if no seed has it."""
        values = tuple(
            one.rows[row][one.columns.index(column)]
            for record in self.records
            for one in record.outputs
            if isinstance(one, Table) and one.title == table
            if row in one.rows and column in one.columns
        )
        known = tuple(value for value in values if value is not None)
        return SeedStatistics(known, within) if known else None


@dataclass(frozen=True)
class Results:
    """All finished runs, in the order of presentation."""

    rows: list[ModelResults]  # networks and baselines
    studies: list[Study]
    left_out: list[str]  # a sentence for each run: it is unfinished, damaged or of another kind

    @property
    def records(self) -> list[Record]:
        return [record for group in (*self.rows, *self.studies) for record in group.records]

    @property
    def sample(self) -> bool:
        """Whether they were made from the built-in sample data."""
        return self.records[0].sample

    @property
    def own_data(self) -> bool:
        """Whether all were made from files of the user's own, of which nothing was published."""
        return all(record.own_data for record in self.records)


def load_results(folder: Path, published: PublishedResults | None = None) -> Results:
    """Reads every finished run of a results folder, of an experiment's folder, or one run."""
    path = folder.resolve()
    if os.path.isfile(path / "config.json"):  # unlike `Path.is_file`, it raises no error
        records, left_out = [load_record(path)], []
    elif any(path.glob("seed-*")):
        records, left_out = find_records(path.parent, glob.escape(path.name))
    else:
        records, left_out = find_records(folder)
    if not records:
        reasons = f" Left out: {few(left_out, ' ')}" if left_out else ""
        raise RunError(
            f"{folder} holds no finished run; run an experiment first "
            f"(`make help` lists them).{reasons}"
        )
    refuse_mixture(folder, {record.place: record.sample for record in records})
    return make_results(records, published, left_out)


def make_results(
    records: Sequence[Record],
    published: PublishedResults | None = None,
    left_out: Sequence[str] = (),
) -> Results:
    """Groups records over their seeds, in the order of the published numbers.

    A mean over seeds makes sense only for one protocol on one copy of the data, so the same
    experiment on other data files is another group. Records of another kind than the other seeds
    join those that were left out before.
    """
    published = published or load_published()
    alike, others = leave_out_other_kinds(records)
    groups: dict[tuple, list[Record]] = {}
    for record in sorted(alike, key=lambda r: (r.label, r.seed, str(r.path))):
        groups.setdefault((record.label, *data_hashes(record)), []).append(record)
    copies = Counter(label for label, *_ in groups)
    results = Results([], [], sorted([*left_out, *others]))
    for (label, *hashes), members in groups.items():
        first, data = members[0], "-".join(one[:8] for one in hashes) if copies[label] > 1 else ""
        if first.is_study:
            results.studies.append(Study(tuple(members), data))
        else:
            about = _published_about(first, published)
            results.rows.append(ModelResults(tuple(members), data, about))

    def place(names: dict, name: str) -> int:
        return list(names).index(name) if name in names else len(names)

    def order(group: SeedGroup) -> tuple:
        return place(published.experiments, group.first.experiment), bool(group.variant), group.name

    results.studies.sort(key=order)
    results.rows.sort(
        key=lambda row: (
            place(published.datasets, row.dataset),
            row.dataset,
            bool(row.variant),
            order(row),
        )
    )
    return results


def _published_about(record: Record, published: PublishedResults) -> Published:
    """A published number belongs to the published protocol and to its original, on real data."""
    about = published.experiments.get(record.experiment, Published())
    comparable = record.config["variant"] in ({}, {"keras": about.keras})
    return about if comparable and not record.sample else Published()
