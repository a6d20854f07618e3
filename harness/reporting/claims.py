"""The documents' claims, as data, and whether each holds, by the rule in `docs/verdicts.md`.

The claims are read from a TOML file; nothing here knows any of them. A file that is missing or
wrong, or a number that `metrics.json` does not hold, is a `RunError`.
"""

import datetime
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, PlainValidator, StrictBool
from pydantic_core import PydanticCustomError

from harness.errors import RunError
from harness.records.files import read_toml
from harness.records.schema import KnownFields, Number, validated
from harness.reporting.comparison import (
    FAILS,
    HOLDS,
    NOT_CHECKABLE,
    NOT_DECIDED,
    NUMBERS,
    Measurement,
    NotCheckable,
    decide,
    measure,
    refuse_different_data,
    with_note,
)
from harness.reporting.groups import Results, SeedGroup, mixture
from harness.reporting.statistics import UNBOUNDED, PValues, Range, SeedStatistics, holm


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
    """One statement of a document."""

    id: str  # short name; several numbers may decide about one claim
    source: str  # the documents that say so
    statement: str
    experiment: str  # label of the run that measures it, such as `recall` or `imdb-gru`
    quantity: str  # what is measured, with its unit
    why: str  # why these bounds, this margin or this test
    set: Annotated[str, AfterValidator(_day)]  # the day on which they were set
    runs_known: StrictBool  # whether earlier runs like those that it judges were known by then
    # where a study's number stands, or which number of `metrics.json` it is, less that of `minus`
    table: str = ""
    row: str = ""
    column: str = ""
    measure: str = ""
    minus: str = ""
    within: Annotated[Range, PlainValidator(_range)] | None = None  # what a study's number can be
    exact: StrictBool = False  # no seed changes the number, so that one run decides
    # whether the number is within bounds, as good as another network's up to a margin, or better
    test: Literal["bounds", "equivalence", "better"] = "bounds"
    at_least: Number | None = None
    at_most: Number | None = None
    margin: Number | None = None
    primary: StrictBool = False  # one of the few claims that are judged as a family
    # facts of the data, or settings; without them in the runs the sentence is not checkable
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
    """Reads a TOML file of tables `[[claim]]`, whose fields are those of `Claim`."""
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
    if claim.test != "bounds" and not (claim.minus and claim.measure in NUMBERS.values()):
        yield f"the test '{claim.test}' needs minus, and as measure {', '.join(NUMBERS.values())}"


@dataclass(frozen=True)
class Verdict:
    """A claim and whether it holds."""

    claim: Claim
    measured: Measurement | None  # None if the claim is not checkable
    word: str  # one of the four words
    reason: str  # what the word rests on; empty where the number shows it
    p: PValues | None = None  # None without a test
    adjusted: PValues | None = None  # of a primary claim, adjusted for all primary claims
    mixture: str = ""  # in what the runs differ that should be one

    @property
    def text(self) -> str:
        """The word and its reason: `not decided: 3 seeds of the 5 that the rule needs`."""
        text = f"{self.word}: {self.reason}" if self.reason else self.word
        return with_note(text, self.mixture)

    @property
    def notes(self) -> list[str]:
        """Footnotes of the runs that measured the claim."""
        return self.measured.groups[0].notes if self.measured else []


def judge(claims: list[Claim], results: Results) -> list[Verdict]:
    """Decides each claim, the primary claims as a family."""
    measured = [_try_to_measure(claim, results) for claim in claims]
    p_values = [_p_values(*pair) for pair in zip(claims, measured, strict=True)]
    adjusted = _adjust(claims, p_values)
    verdicts = []
    for claim, number, p, family in zip(claims, measured, p_values, adjusted, strict=True):
        if isinstance(number, NotCheckable):
            verdicts.append(Verdict(claim, None, NOT_CHECKABLE, str(number)))
        else:
            mixed = "" if claim.exact else mixture(number.groups)
            decided = _decide(claim, number, family or p)
            verdicts.append(Verdict(claim, number, *decided, p, family, mixed))
    return verdicts


def _try_to_measure(claim: Claim, results: Results) -> Measurement | NotCheckable:
    try:
        return find_measurement(claim, results)
    except NotCheckable as reason:  # the other claims can still be checked
        return reason


def find_measurement(claim: Claim, results: Results) -> Measurement:
    """The number that decides a claim.

    Raises:
        NotCheckable: no run has measured it, or not on the data and by the protocol of the claim.
    """
    if claim.measure:
        groups = [_runs(label, results.rows) for label in (claim.experiment, claim.minus) if label]
        refuse_different_data(groups)
        if other := groups[0].unlike(claim.speaks_of):
            raise NotCheckable(other)
        return measure(groups, claim.measure)
    study = _runs(claim.experiment, results.studies)
    found = study.table_value(claim.table, claim.row, claim.column)
    if found is None:
        place = f"table '{claim.table}', row '{claim.row}', column '{claim.column}'"
        raise NotCheckable(f"{claim.experiment} has no number in {place}")
    return Measurement((study,), (SeedStatistics(found.values, claim.within or UNBOUNDED),))


def _runs(label: str, groups: Sequence[SeedGroup]) -> SeedGroup:
    """The runs of a label; `NotCheckable` if there are none, or a mean over them would mix data."""
    found = [group for group in groups if group.first.label == label]
    if not found:
        raise NotCheckable(f"no run of {label}")
    refuse_different_data(found)
    return found[0]


def _p_values(claim: Claim, measured: Measurement | NotCheckable) -> PValues | None:
    """The p-values of both verdicts; None if there is nothing to test or seeds are missing."""
    if claim.exact or isinstance(measured, NotCheckable) or measured.missing_seeds:
        return None
    estimate = measured.estimate
    if claim.test == "better":
        above, below = estimate.p_above(0), estimate.p_below(0)
        return PValues(below, above) if measured.lower_is_better else PValues(above, below)
    return estimate.p_within(*claim.limits)


def _adjust(claims: list[Claim], p_values: list[PValues | None]) -> list[PValues | None]:
    """The primary claims' p-values after Holm; `holds` and `does not hold` are a family each.

    A primary claim without a test stays in the family with p = 1: a missing run must not make the
    other claims easier.
    """
    primary = [place for place, claim in enumerate(claims) if claim.primary]
    family = [p_values[place] or PValues(1, 1) for place in primary]
    pairs = zip(holm([p.holds for p in family]), holm([p.fails for p in family]), strict=True)
    adjusted = {place: PValues(*pair) for place, pair in zip(primary, pairs, strict=True)}
    return [adjusted.get(place) if p else None for place, p in enumerate(p_values)]


def _decide(claim: Claim, measured: Measurement, p: PValues | None) -> tuple[str, str]:
    """The word for a claim that was measured, and its reason."""
    low, high = claim.limits
    if claim.exact:
        return (HOLDS if all(low <= v <= high for v in measured.values) else FAILS), ""
    if measured.missing_seeds:
        return NOT_DECIDED, measured.missing_seeds
    if claim.test == "bounds" and not claim.primary:
        value = measured.estimate.value
        lowest, highest = measured.interval or (value, value)
        if low <= lowest and highest <= high:
            return HOLDS, ""
        if highest < low or high < lowest:
            return FAILS, ""
        return NOT_DECIDED, "the 95 % interval crosses a bound"
    return decide(p, "adjusted p" if claim.primary else "p")
