"""The documents' claims, as data: what each says, which number decides about it, and by which test.

They are read from a TOML file; nothing here knows any of them. How one is judged is the business of
`harness.reporting.analysis.verdicts`, and explained in `docs/verdicts.md`.
"""

import dataclasses
import datetime
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

from harness.errors import RunError
from harness.records.files import read_toml
from harness.records.predictions import MEASURES
from harness.reporting.analysis.statistics import Range

NUMBER = float | None
TESTS = ("bounds", "equivalence", "better")


@dataclass(frozen=True)
class Claim:
    """One statement of a document.

    Attributes:
        id: short name; several numbers may decide about one claim.
        source: the documents that say so.
        statement: what they say.
        experiment: label of the run that measures it, such as `recall` or `imdb-gru`.
        quantity: what is measured, with its unit.
        why: why these bounds, this margin or this test.
        set: the day on which they were set, as `2026-11-24`.
        runs_known: whether earlier runs like those that it judges were known by then.
        table, row, column: where a study's number stands.
        measure: or which number of `metrics.json` it is.
        minus: experiment whose number is subtracted from it.
        within: lowest and highest value that a study's number can have.
        exact: whether no seed changes the number, so that one run decides.
        test: one of `TESTS`: within bounds, as good as another network, or better.
        at_least, at_most: for `bounds`, the statement holds within them.
        margin: for `equivalence`, the statement holds for a difference within ±margin.
        primary: whether it is one of the few claims that are judged as a family.
    """

    id: str
    source: str
    statement: str
    experiment: str
    quantity: str
    why: str
    set: str
    runs_known: bool
    table: str = ""
    row: str = ""
    column: str = ""
    measure: str = ""
    minus: str = ""
    within: Range | None = None
    exact: bool = False
    test: str = "bounds"
    at_least: NUMBER = None
    at_most: NUMBER = None
    margin: NUMBER = None
    primary: bool = False

    @property
    def limits(self) -> Range:
        """Between which the number must lie; infinite where there is no bound."""
        if self.margin is not None:
            return -self.margin, self.margin
        low = -math.inf if self.at_least is None else self.at_least
        return low, math.inf if self.at_most is None else self.at_most

    @property
    def criterion(self) -> str:
        """When the statement holds, in words: `at least 0.9`."""
        if self.test == "better":
            return f"better than {self.minus}"
        if self.test == "equivalence":
            return f"within ±{self.margin:g}"
        parts = [("at least", self.at_least), ("at most", self.at_most)]
        return ", ".join(f"{words} {value:g}" for words, value in parts if value is not None)


def load_claims(path: Path, experiments: Collection[str]) -> list[Claim]:
    """Reads the claims.

    Args:
        path: TOML file with a list of tables `[[claim]]`, whose fields are those of `Claim`.
        experiments: names of those that there are.

    Raises:
        RunError: the file is missing or not TOML, or a claim is not whole.
    """
    content = read_toml(path)
    entries = content.get("claim", [])
    tables = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if not tables or set(content) - {"claim"}:
        raise RunError(f"{path}: expected tables [[claim]], not {', '.join(content)}.")
    claims = []
    for place, entry in enumerate(entries, start=1):
        where = f"{path}: claim {place} ({entry.get('id', 'without id')})"
        claim = _claim(where, entry)
        for complaint in _complaints(claim, experiments):
            raise RunError(f"{where}: {complaint}.")
        claims.append(claim)
    return claims


def _claim(where: str, entry: dict) -> Claim:
    """One claim, every field known and of its type."""
    kinds = get_type_hints(Claim)
    needed = {f.name for f in dataclasses.fields(Claim) if f.default is dataclasses.MISSING}
    for name, value in entry.items():
        if name not in kinds:
            raise RunError(f"{where} has no field '{name}'; known: {', '.join(kinds)}.")
        if not _is(value, kinds[name]):
            raise RunError(f"{where}: {name} has the wrong type: {value!r}.")
    if missing := sorted(needed - set(entry)):
        raise RunError(f"{where} lacks {', '.join(missing)}.")
    return Claim(**{k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()})


def _is(value: object, kind: object) -> bool:
    """Whether a value of the file is of a field's type; a bound is finite, a range need not be."""
    if kind in (str, bool):
        return type(value) is kind
    if kind == NUMBER:
        return type(value) in (int, float) and math.isfinite(value)
    numbers = type(value) is list and all(type(end) in (int, float) for end in value)
    return numbers and len(value) == 2 and value[0] < value[1]


def _complaints(claim: Claim, experiments: Collection[str]) -> Iterator[str]:
    """Where one field contradicts another, or names no experiment."""
    for label in filter(None, (claim.experiment, claim.minus)):
        if label.partition("+")[0] not in experiments:
            yield f"there is no experiment '{label}'; known: {', '.join(experiments)}"
    if not _is_day(claim.set):
        yield f"set must be a day such as 2026-11-24, not '{claim.set}'"
    if claim.test not in TESTS:
        yield f"test must be one of {', '.join(TESTS)}, not '{claim.test}'"
    cell = [claim.table, claim.row, claim.column]
    if all(cell) == bool(claim.measure) or any(cell) != all(cell):
        yield "needs either table, row and column, or measure"
    if claim.minus and not claim.measure:
        yield "minus is for a measure, not for a number of a table"
    if claim.within and claim.measure:
        yield "within is for a number of a table; the range of a measure is known"
    if claim.exact and (claim.test != "bounds" or claim.primary):
        yield "exact is for bounds, and not for a primary claim"
    low, high = claim.at_least, claim.at_most
    if (low is None and high is None) == (claim.test == "bounds"):
        yield "needs at_least or at_most for the test 'bounds', and for no other"
    if low is not None and high is not None and low > high:
        yield f"at_least {low:g} is above at_most {high:g}"
    if (claim.margin is None) == (claim.test == "equivalence"):
        yield "needs a margin for the test 'equivalence', and for no other"
    if claim.margin is not None and claim.margin <= 0:
        yield f"margin must be above 0, not {claim.margin:g}"
    if claim.test != "bounds" and not (claim.minus and claim.measure in MEASURES.values()):
        yield f"the test '{claim.test}' needs minus, and as measure {', '.join(MEASURES.values())}"


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
