"""The documents' claims, as data: what each says, which number decides about it, and by which test.

They are read from a TOML file; nothing here knows any of them. How one is judged is the business of
`harness.reporting.analysis.verdicts`, and explained in `docs/verdicts.md`.
"""

import datetime
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, PlainValidator, StrictBool
from pydantic_core import PydanticCustomError

from harness.errors import RunError
from harness.records.files import read_toml
from harness.records.schema import MEASURES, KnownFields, Number, validated
from harness.reporting.analysis.statistics import Range


def _day(text: str) -> str:
    try:
        if datetime.date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise PydanticCustomError("day", "Input should be a day such as 2026-11-24")


def _range(ends: object) -> Range:
    """Infinite ends are allowed, NaN is not."""
    numbers = isinstance(ends, list) and all(type(end) in (int, float) for end in ends)
    if numbers and len(ends) == 2 and ends[0] < ends[1]:
        return tuple(ends)
    raise PydanticCustomError("range", "Input should be a lower and a higher number")


@dataclass(frozen=True)
class Claim(KnownFields):
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
        test: whether the number is within bounds, as good as another network's, or better.
        at_least, at_most: for `bounds`, the statement holds within them.
        margin: for `equivalence`, the statement holds for a difference within ±margin.
        primary: whether it is one of the few claims that are judged as a family.
        speaks_of: facts of the data, or settings, that the sentence speaks of; without them in the
            runs it is not checkable.
    """

    id: str
    source: str
    statement: str
    experiment: str
    quantity: str
    why: str
    set: Annotated[str, AfterValidator(_day)]
    runs_known: StrictBool
    table: str = ""
    row: str = ""
    column: str = ""
    measure: str = ""
    minus: str = ""
    within: Annotated[Range, PlainValidator(_range)] | None = None
    exact: StrictBool = False
    test: Literal["bounds", "equivalence", "better"] = "bounds"
    at_least: Number | None = None
    at_most: Number | None = None
    margin: Number | None = None
    primary: StrictBool = False
    speaks_of: dict[str, Number | str] = field(default_factory=dict)

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
        for one in _each_row(entry):
            claim = validated(where, Claim, one)
            for complaint in _complaints(claim, experiments):
                raise RunError(f"{where}: {complaint}.")
            claims.append(claim)
    return claims


def _each_row(entry: dict) -> list[dict]:
    """The claim once for each row that it names."""
    rows, statement = entry.get("row"), entry.get("statement")
    if not isinstance(rows, list) or not isinstance(statement, str):
        return [entry]
    return [entry | {"row": row, "statement": statement.replace("{row}", str(row))} for row in rows]


def _complaints(claim: Claim, experiments: Collection[str]) -> Iterator[str]:
    """Where one field contradicts another, or names no experiment."""
    for label in filter(None, (claim.experiment, claim.minus)):
        if label.partition("+")[0] not in experiments:
            yield f"there is no experiment '{label}'; known: {', '.join(experiments)}"
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
