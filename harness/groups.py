"""Records that belong together: one experiment, one form of its protocol, one copy of the data.

The records of a group differ in their seed only, so that averaging over them means something.
"""

import math
import statistics
from collections import Counter
from dataclasses import dataclass

from harness.record import Record, plain


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

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the mean: what Student's t allows, the values taken as normal.

        None for a single value. None too where all values are equal: an interval without width
        would claim a certainty that a few equal values (a count, a baseline without chance, an
        accuracy of 1) do not give.
        """
        if not self.sd:
            return None
        from scipy.stats import t  # slow to load, and only tables of several seeds need it

        low, high = t.interval(0.95, self.n - 1, self.mean, self.sd / math.sqrt(self.n))
        return float(low), float(high)

    def text(self, decimals: int) -> str:
        """`0.8620 ± 0.0100`, or the number alone for a single value."""
        if self.sd is None:
            return f"{self.mean:.{decimals}f}"
        return f"{self.mean:.{decimals}f} ± {self.sd:.{decimals}f}"


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
