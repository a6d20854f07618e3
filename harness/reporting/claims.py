"""The documents' claims: as data, and whether each holds by the rule in `docs/verdicts.md`.

The claims are read from a TOML file; nothing here knows any of them. A file that is missing or
wrong, or a number that `metrics.json` does not hold, is a `RunError`.
"""

import datetime
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, StrictBool
from pydantic_core import PydanticCustomError

from harness.errors import RunError
from harness.records.files import read_toml
from harness.records.schema import KnownFields, Number, Positive, Words, validated
from harness.reporting.comparison import (
    FAILS,
    HOLDS,
    NOT_CHECKABLE,
    NOT_DECIDED,
    Measurement,
    NotCheckable,
    decide,
    measure,
    verdict_text,
)
from harness.reporting.conditions import mixture
from harness.reporting.groups import NUMBERS, Results, SeedGroup
from harness.reporting.statistics import (
    SEEDS_NEEDED,
    UNBOUNDED,
    PValues,
    Range,
    binomial_interval,
    holm,
    pairs_within,
)

SEEDS_OF_SHARE = 6  # of five out of five the 95 % interval begins at 0.48
# what could not have come out otherwise, or was chosen to come out so, has no verdict
CHECKED = {HOLDS: "agrees", FAILS: "differs", NOT_DECIDED: "open", NOT_CHECKABLE: "not checked"}


def _day(text: str) -> str:
    try:
        if datetime.date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise PydanticCustomError("day", "Input should be a day such as 2026-11-24")


@dataclass(frozen=True)
class Claim(KnownFields):
    """One statement of a document."""

    id: Words  # short name; several numbers may decide about one claim
    source: Words  # the documents that say so
    statement: Words
    experiment: Words  # label of the run that measures it, such as `recall` or `imdb-gru`
    quantity: Words  # what is measured, with its unit
    why: Words  # why these bounds, this margin or this test
    set: Annotated[str, AfterValidator(_day)]  # the day on which they were set
    runs_known: StrictBool  # whether earlier runs like those that it judges were known by then
    # where a study's number stands, or which number of `metrics.json` it is, less that of `minus`
    table: str = ""
    row: str = ""
    column: str = ""
    measure: str = ""
    minus: str = ""
    within: Range | None = None  # what a study's number can be
    kind: Literal["verdict", "definition", "illustration"] = "verdict"
    exact: StrictBool = False  # no seed changes the number, so that one run decides
    seeds: Positive = SEEDS_NEEDED  # fixed before the runs, of each side that draws at random
    # whether the number is within bounds, as good as another network's up to a margin, or better,
    # or within bounds in most runs
    test: Literal["bounds", "equivalence", "better", "share"] = "bounds"
    ranks: StrictBool = False  # judged over the pairs of runs, without normal theory
    at_least: Number | None = None
    at_most: Number | None = None
    margin: Number | None = None
    primary: StrictBool = False  # one of the few claims that are judged as a family
    # facts of the data, or settings; without them in the runs the sentence is not checkable
    speaks_of: dict[str, Number | str] = field(default_factory=dict)
    # why the two sides cannot be computed by the same layers
    by_design: dict[Literal["layers"], str] = field(default_factory=dict)

    @property
    def limits(self) -> Range:
        """Between which the number must lie; infinite where there is no bound.

        Of the test "better" they are those of an accuracy.
        """
        if self.margin is not None:
            return -self.margin, self.margin
        if self.test == "better":
            return 0, math.inf
        low = -math.inf if self.at_least is None else self.at_least
        return low, math.inf if self.at_most is None else self.at_most

    @property
    def criterion(self) -> str:
        """When the statement holds, in words: `at least 0.9`."""
        parts = [("at least", self.at_least), ("at most", self.at_most)]
        words = ", ".join(f"{words} {value:g}" for words, value in parts if value is not None)
        if self.test == "better":
            words = f"better than {self.minus}"
        if self.test == "equivalence":
            words = f"within ±{self.margin:g}"
        most = " in most pairs of runs" if self.ranks else ""
        return words + (" in most runs" if self.test == "share" else most)


@dataclass(frozen=True)
class LeftOut(KnownFields):
    """A sentence that no experiment here can decide."""

    sentence: Words
    source: Words
    why: Words


class Statements(NamedTuple):
    """What the documents and this project say."""

    claims: list[Claim]
    left_out: list[LeftOut]


def load_claims(path: Path, experiments: Collection[str]) -> Statements:
    """Reads a TOML file of tables `[[claim]]` and `[[left_out]]`.

    Their fields are those of `Claim` and `LeftOut`.
    """
    content = read_toml(path)
    tables = {name: content.pop(name, []) for name in ("claim", "left_out")}
    lists = all(isinstance(entries, list) for entries in tables.values())
    if content or not lists or not all(isinstance(e, dict) for of in tables.values() for e in of):
        raise RunError(f"{path}: expected tables [[claim]] and [[left_out]], and nothing else.")
    claims, left_out = [], validated(f"{path}: left_out", list[LeftOut], tables["left_out"])
    for place, entry in enumerate(tables["claim"], start=1):
        where = f"{path}: claim {place} ({entry.get('id', 'without id')})"
        for one in _each_row(entry):
            claim = validated(where, Claim, one)
            for complaint in _complaints(claim, experiments):
                raise RunError(f"{where}: {complaint}.")
            claims.append(claim)
    return Statements(claims, left_out)


def _each_row(entry: dict) -> list[dict]:
    """The claim once for each row that it names."""
    rows, statement = entry.get("row"), entry.get("statement")
    if not rows or not isinstance(rows, list) or not isinstance(statement, str):
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
    if claim.within and not claim.within[0] < claim.within[1]:
        yield "within must be a lower and a higher number"
    if claim.within and claim.measure:
        yield "within is for a number of a table; the range of a measure is known"
    if claim.exact and (claim.test != "bounds" or claim.primary):
        yield "exact is for bounds, and not for a primary claim"
    if claim.primary and claim.kind != "verdict":
        yield f"primary is for a verdict, not for a {claim.kind}"
    if (claim.ranks or claim.by_design) and not claim.minus:
        yield "ranks and by_design are for the difference of two networks, so they need minus"
    if claim.test == "share" and (claim.minus or claim.primary):
        yield "share is for the runs of one network, and not for a primary claim"
    if claim.test == "share" and claim.seeds < SEEDS_OF_SHARE:
        yield f"share needs {SEEDS_OF_SHARE} seeds or more: fewer decide nothing, even if all agree"
    low, high = claim.at_least, claim.at_most
    if (low is None and high is None) == (claim.test in ("bounds", "share")):
        yield "needs at_least or at_most for the test 'bounds' or 'share', and for no other"
    if low is not None and high is not None and low > high:
        yield f"at_least {low:g} is above at_most {high:g}"
    if (claim.margin is None) == (claim.test == "equivalence"):
        yield "needs a margin for the test 'equivalence', and for no other"
    if claim.margin is not None and claim.margin <= 0:
        yield f"margin must be above 0, not {claim.margin:g}"
    if claim.test in ("equivalence", "better") and not (
        claim.minus and claim.measure in NUMBERS.values()
    ):
        yield f"the test '{claim.test}' needs minus, and as measure {', '.join(NUMBERS.values())}"


@dataclass(frozen=True)
class Verdict:
    """A claim and whether it holds."""

    claim: Claim
    word: str  # one of the four words
    reason: str  # what the word rests on; empty where the number shows it
    measured: Measurement | None = None  # None if the claim is not checkable
    p: PValues | None = None  # None without a test
    adjusted: PValues | None = None  # of a primary claim, adjusted for all primary claims

    @property
    def shown(self) -> str:
        """The word; of a definition or an illustration another one."""
        return self.word if self.claim.kind == "verdict" else CHECKED[self.word]

    @property
    def text(self) -> str:
        """The word and its reason: `not decided: 3 of the 5 seeds that were fixed`."""
        return verdict_text(self.shown, self.reason)

    @property
    def share(self) -> tuple[int, int] | None:
        """Of the test "share": how many runs lie within the bounds, of how many."""
        if self.claim.test != "share" or not self.measured:
            return None
        (low, high), (runs,) = self.claim.limits, self.measured.statistics
        return sum(low <= value <= high for value in runs.values), runs.n

    @property
    def interval(self) -> Range | None:
        """95 % interval over seeds, of the test "share" that of the share."""
        if self.share:
            return binomial_interval(*self.share)
        return self.measured and self.measured.interval

    @property
    def notes(self) -> list[str]:
        """Footnotes of the runs that measured the claim."""
        return self.measured.groups[0].notes if self.measured else []


def judge(claims: list[Claim], results: Results) -> list[Verdict]:
    """Decides each claim, the primary claims as a family.

    A primary claim without a test stays in the family with p = 1: a missing run must not make the
    other claims easier. *Holds* and *does not hold* are a family each (Holm).
    """
    verdicts = [_judge(claim, results) for claim in claims]
    primary = [place for place, claim in enumerate(claims) if claim.primary]
    family = [verdicts[place].p or PValues(1, 1) for place in primary]
    adjusted = (holm(side) for side in zip(*family, strict=True))
    for place, *p in zip(primary, *adjusted, strict=True):
        if verdicts[place].p:
            word, reason = _over_samples(verdicts[place], *decide(PValues(*p), "adjusted p"))
            found = {"word": word, "reason": reason, "adjusted": PValues(*p)}
            verdicts[place] = replace(verdicts[place], **found)
    return verdicts


def _judge(claim: Claim, results: Results) -> Verdict:
    """The verdict on a claim by itself."""
    try:
        measured = find_measurement(claim, results)
    except NotCheckable as reason:  # the other claims can still be checked
        return Verdict(claim, NOT_CHECKABLE, str(reason))
    low, high = _limits(claim, measured)
    if claim.exact:
        inside = all(low <= value <= high for value in measured.values)
        return Verdict(claim, HOLDS if inside else FAILS, "", measured)
    mixed = mixture([group.records for group in measured.groups], claim.by_design)
    few = measured.fewer_than(claim.seeds) or measured.missing_seeds
    undecided = Verdict(claim, NOT_DECIDED, "; ".join(filter(None, (few, mixed))), measured)
    if undecided.reason:
        return undecided
    if claim.test == "share":
        word, reason = _place(undecided.interval, 0.5, 1)
        return replace(undecided, word=word, reason=reason)
    if claim.ranks:
        p = pairs_within(*(side.values for side in measured.statistics), low, high)
    else:
        p = measured.estimate.p_within(low, high)
    word, reason = decide(p)
    if claim.test == "bounds" and not claim.ranks:
        word, reason = _place(measured.interval or (measured.estimate.value,) * 2, low, high)
    word, reason = _over_samples(undecided, word, reason)
    return Verdict(claim, word, reason, measured, p)


def _limits(claim: Claim, measured: Measurement) -> Range:
    """The claim's limits; of an error that is to be better they are mirrored."""
    low, high = claim.limits
    mirrored = claim.test == "better" and measured.groups[0].lower_is_better
    return (-high, -low) if mirrored else (low, high)


def _place(interval: Range, low: float, high: float) -> tuple[str, str]:
    """The word for an interval inside bounds, outside or across, and its reason."""
    if low <= interval[0] and interval[1] <= high:
        return HOLDS, ""
    if interval[1] < low or high < interval[0]:
        return FAILS, ""
    return NOT_DECIDED, "the 95 % interval crosses a bound"


def _over_samples(verdict: Verdict, word: str, reason: str) -> tuple[str, str]:
    """The word and its reason; over test samples it must be the same where a side has no seeds."""
    measured, limits = verdict.measured, _limits(verdict.claim, verdict.measured)
    seeds = len(measured.random_sides) == len(measured.groups) or not measured.samples
    if seeds or word in (NOT_DECIDED, _place(measured.samples_interval, *limits)[0]):
        return word, reason
    crosses = "over test samples the 95 % interval crosses a bound"
    return NOT_DECIDED, "; ".join(filter(None, (reason, crosses)))


def find_measurement(claim: Claim, results: Results) -> Measurement:
    """The number that decides a claim.

    Raises:
        NotCheckable: no run has measured it, or not on the data and by the protocol of the claim.
    """
    if claim.measure:
        labels = filter(None, (claim.experiment, claim.minus))
        groups = [_runs(label, results.rows, claim) for label in labels]
        if other := groups[0].unlike(claim.speaks_of):
            raise NotCheckable(other)
        return measure(groups, claim.measure)
    study = _runs(claim.experiment, results.studies, claim)
    within = claim.within or UNBOUNDED
    found = study.table_value(claim.table, claim.row, claim.column, within)
    if found is None:
        place = f"table '{claim.table}', row '{claim.row}', column '{claim.column}'"
        raise NotCheckable(f"{claim.experiment} has no number in {place}")
    return Measurement((study,), (found,))


def _runs(label: str, groups: Sequence[SeedGroup], claim: Claim) -> SeedGroup:
    """The runs of a label that judge a claim: the first ones, as many as were fixed, or all.

    Raises:
        NotCheckable: there are none, or a mean over them would mix data.
    """
    found = [group for group in groups if group.first.label == label]
    if not found:
        raise NotCheckable(f"no run of {label}")
    if len(found) > 1:
        names = " and ".join(group.name for group in found)
        raise NotCheckable(f"different copies of the data, which belong in two folders: {names}")
    return found[0] if claim.exact else replace(found[0], records=found[0].records[: claim.seeds])
