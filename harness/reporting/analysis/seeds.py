"""Records that belong together: one experiment, one form of its protocol, one copy of the data.

The records of a group differ in their seed only, so that averaging over them means something.
"""

import math
import statistics
from collections import Counter
from dataclasses import dataclass

from harness.records.record import Record, plain
from harness.reporting.analysis.statistics import ANYWHERE, Range, t_interval

SEEDS_NEEDED = 5
"""Fewer say too little of how far runs lie apart: they are shown one by one, and decide nothing."""


@dataclass(frozen=True)
class SeedStatistics:
    """One quantity measured once a seed.

    Attributes:
        values: one a seed.
        within: the lowest and the highest value that the quantity can have.
    """

    values: tuple[float, ...]
    within: Range = ANYWHERE

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def few(self) -> bool:
        """Whether there are too few seeds for a mean that says something."""
        return self.n < SEEDS_NEEDED

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def sd(self) -> float | None:
        """Sample standard deviation (n - 1); None for a single value."""
        return statistics.stdev(self.values) if self.n > 1 else None

    @property
    def interval(self) -> Range | None:
        """Student's 95 % interval of the mean; None for few seeds, and for seeds that all agree."""
        return None if self.few else t_interval(self.values, within=self.within)


@dataclass(frozen=True)
class Group:
    """The records of one experiment that differ in their seed only, in the order of the seeds."""

    records: tuple[Record, ...]
    data_mark: str = ""
    """Start of the data files' hashes, where the same experiment also ran on other data."""

    @property
    def name(self) -> str:
        """Unique among the groups; names the experiment's figure."""
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
    def sample(self) -> bool:
        return self.first.sample

    @property
    def notes(self) -> list[str]:
        """Footnotes: the protocol's and the data's, each once."""
        notes = [
            note
            for record in self.records
            for note in (*record.config["notes"], *record.data["notes"])
        ]
        return list(dict.fromkeys(notes))


def group(records: list[Record]) -> list[tuple[tuple[Record, ...], str]]:
    """Divides records into groups.

    Seeds are averaged only within one form of the protocol on one copy of the data: the same
    experiment on other data files makes another group.

    Returns:
        The members of each group and its `data_mark`.
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


def position(names: list[str], name: str) -> float:
    """Place of a name in an order of presentation; what it does not name comes last."""
    return names.index(name) if name in names else math.inf
