"""The documents' claims, each checked against one measured number.

A claim is data: a statement, its source, where the number stands that decides about it, the bounds
within which the statement holds, and why these. They are read from a TOML file; nothing here knows
any of them.
"""

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

from harness.errors import RunError
from harness.groups import Spread
from harness.results import Results

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
        """Whether the mean over the seeds lies within the bounds."""
        if measured is None:
            return "not measured"
        low = self.at_least is None or measured.mean >= self.at_least
        high = self.at_most is None or measured.mean <= self.at_most
        return "holds" if low and high else "does not hold"


def load_claims(path: Path) -> list[Claim]:
    """Reads the claims.

    Args:
        path: TOML file with a list of tables `[[claim]]`, whose fields are those of `Claim`.

    Raises:
        RunError: the file is missing or not TOML, or a claim is not whole.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise RunError(f"{path}: not valid TOML ({error}).") from error
    entries = content.get("claim", [])
    return [_claim(path, place, entry) for place, entry in enumerate(entries, start=1)]


def _claim(path: Path, place: int, entry: dict) -> Claim:
    """One claim, checked: every field known and of its type, one number, one bound at least."""
    kinds = get_type_hints(Claim)
    needed = {f.name for f in dataclasses.fields(Claim) if f.default is dataclasses.MISSING}
    where = f"{path}: claim {place} ({entry.get('id', 'without id')})"
    for name, value in entry.items():
        if name not in kinds:
            raise RunError(f"{where} has no field '{name}'; known: {', '.join(kinds)}.")
        kind = str if kinds[name] is str else (int, float)
        if not isinstance(value, kind):
            raise RunError(f"{where}: {name} has the wrong type: {value!r}.")
    if missing := sorted(needed - set(entry)):
        raise RunError(f"{where} lacks {', '.join(missing)}.")
    claim = Claim(**entry)
    cell = [claim.table, claim.row, claim.column]
    if all(cell) == bool(claim.measure) or any(cell) != all(cell):
        raise RunError(f"{where} needs either table, row and column, or measure.")
    if not claim.bounds:
        raise RunError(f"{where} needs at_least or at_most.")
    return claim


def measured(claim: Claim, results: Results) -> Spread | None:
    """The number that decides about a claim, one value a seed; None where there is no such run."""
    if not claim.measure:
        found = [s.cell(claim.table, claim.row, claim.column) for s in _named(claim, results)]
        return next(iter(found), None)
    values = _of_rows(claim.experiment, claim.measure, results)
    if claim.minus:
        others = _of_rows(claim.minus, claim.measure, results)
        values = {seed: values[seed] - others[seed] for seed in values if seed in others}
    return Spread(tuple(values.values())) if values else None


def _named(claim: Claim, results: Results):
    return [study for study in results.studies if study.first.label == claim.experiment]


def _of_rows(label: str, measure: str, results: Results) -> dict[int, float]:
    """One number of `metrics.json` by seed."""
    return {
        record.seed: record.metrics[measure]
        for row in results.rows
        if row.first.label == label
        for record in row.records
    }


def judge(claims: list[Claim], results: Results) -> list[tuple[Claim, Spread | None, str]]:
    """Each claim with its number and the verdict."""
    judged = []
    for claim in claims:
        spread = measured(claim, results)
        judged.append((claim, spread, claim.verdict(spread)))
    return judged
