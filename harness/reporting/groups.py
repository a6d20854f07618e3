"""Finished runs grouped over their seeds, with what was published about them.

Functions that read files raise `RunError`, also where sample data and real data are mixed.
"""

import glob
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import RunError, escaped, few
from harness.records.files import read_toml
from harness.records.record import Record, find_records, load_record, plain, refuse_mixture
from harness.records.schema import KnownFields, Number, validated
from harness.records.study_outputs import Heatmap, StudyOutput, Table, Text
from harness.reporting.statistics import SEEDS_NEEDED, SeedStatistics

PUBLISHED = Path(__file__).resolve().parents[2] / "experiments" / "published.toml"
REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
METRIC_RANGES = {"accuracy": (0.0, 1.0), "mae": (0.0, float("inf"))}  # lowest and highest value


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


def load_published(path: Path) -> PublishedResults:
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
    def notes(self) -> list[str]:
        """Footnotes of the protocol and of the data, each once."""
        notes = [(*record.config["notes"], *record.data["notes"]) for record in self.records]
        return list(dict.fromkeys(note for several in notes for note in several))

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
    def metric(self) -> str:
        return self.first.metrics["metric"]

    @property
    def reference(self) -> dict:
        """The trivial predictor on the same data: `label`, `validation`, `test`."""
        return self.first.metrics["reference"]

    @property
    def degrees_per_unit(self) -> float | None:
        """°C in one normalised unit; None for a metric without this unit."""
        return self.first.metrics["degrees_per_unit"]

    @property
    def notes(self) -> list[str]:
        """Footnotes of the protocol, the data and the published number, each once."""
        own = [self.published.note] if self.published.note else []
        return list(dict.fromkeys([*super().notes, *own]))

    def spread(self, field: str) -> SeedStatistics:
        """One of the metric's numbers in `metrics.json`, one value a seed."""
        values = (record.metrics[field] for record in self.records)
        return SeedStatistics(tuple(values), METRIC_RANGES[self.metric])

    def degrees(self, field: str) -> SeedStatistics | None:
        """The same in °C, each seed by its own scale; None for a metric without this unit."""
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

    def _of_all_seeds(self, kind: type[StudyOutput], title: str) -> list:
        """The output of this kind and title in each record that has it."""
        outputs = [one for record in self.records for one in record.outputs]
        return [one for one in outputs if isinstance(one, kind) and one.title == title]

    def table_value(self, table: str, row: str, column: str) -> SeedStatistics | None:
        """One number of a table, one value a seed; None if no seed has it."""
        values = [
            one.rows[row][one.columns.index(column)]
            for one in self._of_all_seeds(Table, table)
            if row in one.rows and column in one.columns
        ]
        known = tuple(value for value in values if value is not None)
        return SeedStatistics(known) if known else None


@dataclass(frozen=True)
class Results:
    """All finished runs, in the order of presentation."""

    rows: list[ModelResults]  # networks and baselines
    studies: list[Study]
    left_out: list[str] = field(default_factory=list)  # a sentence for each record

    @property
    def records(self) -> list[Record]:
        return [record for group in (*self.rows, *self.studies) for record in group.records]

    @property
    def sample(self) -> bool:
        """Whether they were made from the built-in sample data."""
        return self.records[0].sample


def load_results(results_dir: Path, published: PublishedResults) -> tuple[Results, list[str]]:
    """Reads every finished run below a results directory.

    Returns the results, and one sentence for each run that was left out: it is unfinished, damaged,
    or of another kind than the other seeds.
    """
    records, left_out = find_records(results_dir)
    if not records:
        reasons = f" Left out: {few(left_out, ' ')}" if left_out else ""
        raise RunError(
            f"{results_dir} holds no finished run; run an experiment first "
            f"(`make help` lists them).{reasons}"
        )
    refuse_mixture(results_dir, {record.place: record.sample for record in records})
    results = make_results(records, published)
    return results, sorted([*left_out, *results.left_out])


def make_results(records: Sequence[Record], published: PublishedResults) -> Results:
    """Groups records over their seeds, in the order of the published numbers."""
    experiments = {name: place for place, name in enumerate(published.experiments)}
    datasets = {name: place for place, name in enumerate(published.datasets)}

    def place(group: SeedGroup) -> int:
        return experiments.get(group.first.experiment, len(experiments))

    alike, left_out = leave_out_other_kinds(records)
    rows = [
        ModelResults(members, data_hash, _published_about(members[0], published))
        for members, data_hash in _group([r for r in alike if not r.is_study])
    ]
    studies = [Study(*members) for members in _group([r for r in alike if r.is_study])]
    rows.sort(
        key=lambda row: (
            datasets.get(row.dataset, len(datasets)),
            row.dataset,
            bool(row.variant),
            place(row),
            row.name,
        )
    )
    studies.sort(key=lambda study: (place(study), bool(study.variant), study.name))
    return Results(rows, studies, left_out)


def _published_about(record: Record, published: PublishedResults) -> Published:
    """A published number belongs to the published protocol and to its original, on real data."""
    about = published.experiments.get(record.experiment, Published())
    comparable = record.config["variant"] in ({}, {"keras": about.keras})
    return about if comparable and not record.sample else Published()


def _group(records: list[Record]) -> list[tuple[tuple[Record, ...], str]]:
    """The members of each group and its `data_hash`.

    A mean over seeds makes sense only for one protocol on one copy of the data, so the same
    experiment on other data files is another group.
    """
    groups: dict[tuple, list[Record]] = {}
    for record in sorted(records, key=lambda r: (r.label, r.seed, str(r.path))):
        hashes = tuple(file["sha256"] for file in record.data["files"])
        groups.setdefault((record.label, hashes), []).append(record)
    copies = Counter(label for label, _ in groups)
    return [
        (tuple(members), "-".join(value[:8] for value in hashes) if copies[label] > 1 else "")
        for (label, hashes), members in groups.items()
    ]


def leave_out_other_kinds(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Leaves out records of another kind than most of their experiment; a sentence for each."""
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        groups.setdefault((record.label, record.sample), []).append(record)
    kept, left_out = [], []
    for group in groups.values():
        # a setting that is younger than some of the records had its default in them
        common = set.intersection(*(set(record.config["protocol"]) for record in group))
        # of equally frequent kinds, that of the newest record
        newest_first = sorted(group, key=lambda r: r.environment["started"], reverse=True)
        kinds = Counter(tuple(_kind(record, common).items()) for record in newest_first)
        usual = dict(kinds.most_common(1)[0][0])
        for record in group:
            kind = _kind(record, common)
            if odd := [name for name in kind.keys() | usual if kind.get(name) != usual.get(name)]:
                name = min(odd)
                values = f"{name} is {kind.get(name)}, but {usual.get(name)}"
                left_out.append(escaped(f"{record.place}: {values} with most other seeds."))
            else:
                kept.append(record)
    return kept, left_out


def _kind(record: Record, settings: set[str]) -> dict[str, object]:
    """What records must have in common so that their numbers can be averaged.

    Of the protocol only these settings are compared. A label names what differs from the
    experiment's own values, and these were others in earlier versions.
    """
    kind = {"dataset": record.config["dataset"], "role": record.config["role"]}
    kind |= {name: str(record.config["protocol"][name]) for name in sorted(settings)}
    if not record.is_study:
        kind["metric"] = record.metrics["metric"]
        if not record.config["protocol"].get("patience"):  # which lets each seed stop elsewhere
            kind["the number of epochs"] = len(record.history.get("loss", []))
        for name in ("parameters", "degrees_per_unit"):
            kind[name] = "null" if record.metrics[name] is None else "a number"
    return kind


def mixture(groups: Sequence[SeedGroup], by_design: Collection[str] = ()) -> str:
    """In what runs differ that should come from one code and one way of computing, as a clause.

    `by_design` names what may differ between groups, `code` or `layers`; within each it may not.
    """
    records = [record for group in groups for record in group.records]
    digest = all("training_code" in r.environment for r in records)  # older records lack it
    code = ("training code", "training_code") if digest else ("commit", "commit")
    found = []
    for kind, (name, place) in {"code": code, "layers": ("layers", "layers")}.items():
        sides = [group.records for group in groups] if kind in by_design else [records]
        values = [{r.environment.get(place) for r in side} - {None} for side in sides]
        found += [name] if max(map(len, values)) > 1 else []
    return f"the runs differ in {' and '.join(found)}" if found else ""


def records_in(folder: Path) -> tuple[list[Record], list[str]]:
    """The records of a results folder, an experiment or a run; a sentence for each left out."""
    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}.")
    path = folder.resolve()
    if (path / "config.json").exists():
        return [load_record(path)], []
    if any(path.glob("seed-*")):
        return find_records(path.parent, glob.escape(path.name))
    return find_records(path)
