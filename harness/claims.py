"""The documents' claims, each checked against one measured number.

A claim is data: a statement, its source, where the number stands that decides about it, the bounds
within which the statement holds, and why these. They are read from a TOML file; nothing here knows
any of them.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

from harness.errors import RunError
from harness.groups import Group, Spread
from harness.results import Results
from harness.storage import read_toml

NUMBER = float | None


@dataclass(frozen=True)
class Claim:
    """One statement of a document.

    Attributes:
        id: short name; several numbers may decide about one claim.
        source: the documents that say so.
        statement: what they say.
        experiment: label of the run that measures it, such as `recall` or `imdb-gru`.
        quantity: what is measured, with its unit.
        why: why these bounds.
        table, row, column: where a study's number stands.
        measure: or which number of `metrics.json` it is.
        minus: experiment whose number is subtracted from it.
        at_least, at_most: the statement holds within these bounds.
    """

    id: str
    source: str
    statement: str
    experiment: str
    quantity: str
    why: str
    table: str = ""
    row: str = ""
    column: str = ""
    measure: str = ""
    minus: str = ""
    at_least: NUMBER = None
    at_most: NUMBER = None

    @property
    def bounds(self) -> str:
        """In words: `at least 0.9`."""
        parts = [("at least", self.at_least), ("at most", self.at_most)]
        return ", ".join(f"{words} {value:g}" for words, value in parts if value is not None)

    def verdict(self, measured: Spread | None) -> str:
        """Whether the mean over the seeds lies within the bounds, and whether that is settled."""
        if measured is None:
            return "not measured"
        lowest = -math.inf if self.at_least is None else self.at_least
        highest = math.inf if self.at_most is None else self.at_most
        text = "holds" if lowest <= measured.mean <= highest else "does not hold"
        if measured.interval is None:
            return text
        low, high = measured.interval
        crosses = low < lowest <= high or low <= highest < high
        return f"{text}; interval crosses a bound" if crosses else text


def load_claims(path: Path) -> list[Claim]:
    """Reads the claims.

    Args:
        path: TOML file with a list of tables `[[claim]]`, whose fields are those of `Claim`.

    Raises:
        RunError: the file is missing or not TOML, or a claim is not whole.
    """
    content = read_toml(path)
    entries = content.get("claim", [])
    tables = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if not tables or set(content) - {"claim"}:
        raise RunError(f"{path}: expected tables [[claim]], not {', '.join(content)}.")
    return [_claim(path, place, entry) for place, entry in enumerate(entries, start=1)]


def _claim(path: Path, place: int, entry: dict) -> Claim:
    """One claim, checked: every field known and of its type, one number, one bound at least."""
    kinds = get_type_hints(Claim)
    needed = {f.name for f in dataclasses.fields(Claim) if f.default is dataclasses.MISSING}
    where = f"{path}: claim {place} ({entry.get('id', 'without id')})"
    for name, value in entry.items():
        if name not in kinds:
            raise RunError(f"{where} has no field '{name}'; known: {', '.join(kinds)}.")
        if kinds[name] is str:
            known = isinstance(value, str)
        else:
            known = type(value) in (int, float) and math.isfinite(value)
        if not known:
            raise RunError(f"{where}: {name} has the wrong type: {value!r}.")
    if missing := sorted(needed - set(entry)):
        raise RunError(f"{where} lacks {', '.join(missing)}.")
    claim = Claim(**entry)
    cell = [claim.table, claim.row, claim.column]
    if all(cell) == bool(claim.measure) or any(cell) != all(cell):
        raise RunError(f"{where} needs either table, row and column, or measure.")
    if claim.minus and not claim.measure:
        raise RunError(f"{where}: minus is for a measure, not for a number of a table.")
    if not claim.bounds:
        raise RunError(f"{where} needs at_least or at_most.")
    return claim


class DifferentData(RunError):
    """The runs that a claim needs are on different copies of the data."""


def measured(claim: Claim, results: Results) -> Spread | None:
    """The number that decides about a claim, one value a seed; None where there is no such run.

    Raises:
        DifferentData: the runs that it needs are not all on the same copy of the data.
        RunError: the claim asks for a number that is none.
    """
    if not claim.measure:
        studies = _labelled([claim.experiment], results.studies)
        return studies[0].cell(claim.table, claim.row, claim.column) if studies else None
    labels = [claim.experiment, *([claim.minus] if claim.minus else [])]
    rows = _labelled(labels, results.rows)
    by_label = {row.first.label: _by_seed(row, claim.measure) for row in rows}
    values = by_label.get(claim.experiment, {})
    if claim.minus:
        others = by_label.get(claim.minus, {})
        values = {seed: values[seed] - others[seed] for seed in values if seed in others}
    return Spread(tuple(values.values())) if values else None


def _labelled(labels: list[str], groups: Sequence[Group]) -> list[Group]:
    """The groups of these labels, one a label at most.

    Raises:
        DifferentData: they are on several copies of the data: a difference between two, or a
            mean over them, would be of the data too.
    """
    found = [one for one in groups if one.first.label in labels]
    for one in found[1:]:
        if _hashes(one) != _hashes(found[0]):
            copies = " and ".join(
                f"{group.first.place} on {', '.join(_hashes(group)) or 'no data file'}"
                for group in (found[0], one)
            )
            raise DifferentData(
                f"A claim about {' minus '.join(labels)} cannot be checked on different copies of "
                f"the data: {copies} (SHA-256). Move the runs on one of the two to another "
                "--results-dir."
            )
    return found


def _hashes(group: Group) -> list[str]:
    """Of the data files, which all records of a group share."""
    return [file["sha256"] for file in group.first.data["files"]]


def _by_seed(row: Group, measure: str) -> dict[int, float]:
    """One number of `metrics.json` by seed.

    Raises:
        RunError: there is no such number.
    """
    values = {record.seed: record.metrics.get(measure) for record in row.records}
    if not all(type(value) in (int, float) for value in values.values()):
        raise RunError(f"a claim asks for '{measure}', which is no number of {row.first.place}.")
    return values


@dataclass(frozen=True)
class Verdict:
    """A claim, checked.

    Attributes:
        claim: the claim.
        measured: its number, one value a seed; None where no run measured it.
        text: `holds`, `does not hold` (either with a remark on the interval) or `not measured`.
        notes: what a reader must know of the runs that measured it.
    """

    claim: Claim
    measured: Spread | None
    text: str
    notes: list[str]


def judge(claims: list[Claim], results: Results) -> list[Verdict]:
    """Checks each claim."""
    verdicts = []
    for claim in claims:
        try:
            number = measured(claim, results)
            groups = _labelled([claim.experiment], [*results.rows, *results.studies])
            notes = [note for group in groups for note in group.notes]
        except DifferentData as error:  # the other claims can be checked all the same
            number, notes = None, [str(error)]
        verdicts.append(Verdict(claim, number, claim.verdict(number), notes))
    return verdicts
