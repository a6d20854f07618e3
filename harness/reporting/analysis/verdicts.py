"""Whether each claim holds, does not hold or is not decided, by the rule in `docs/verdicts.md`."""

from dataclasses import dataclass

from harness.reporting.analysis.claims import Claim
from harness.reporting.analysis.evidence import Measured, NotCheckable, measure
from harness.reporting.analysis.results import Results
from harness.reporting.analysis.statistics import holm

HOLDS, FAILS = "holds", "does not hold"
NOT_DECIDED, NOT_CHECKABLE = "not decided", "not checkable"
LEVEL = 0.05


@dataclass(frozen=True)
class PValues:
    """How likely the measured values are at most, were the verdict wrong.

    Attributes:
        holds: one-sided p-value for `holds`.
        fails: likewise for `does not hold`.
    """

    holds: float
    fails: float


@dataclass(frozen=True)
class Verdict:
    """A claim, judged.

    Attributes:
        claim: the claim.
        measured: the number that decides; None where the claim is not checkable.
        word: one of the four words.
        reason: what the word rests on; empty where the number itself says it.
        p: p-values of a claim that enough seeds measured; None of others.
        adjusted: those of a primary claim, adjusted for all primary claims; None of others.
        notes: what a reader must know of the runs that measured it.
    """

    claim: Claim
    measured: Measured | None
    word: str
    reason: str
    p: PValues | None = None
    adjusted: PValues | None = None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The word and its reason: `not decided: 3 seeds of the 5 that the rule needs`."""
        return f"{self.word}: {self.reason}" if self.reason else self.word


def judge(claims: list[Claim], results: Results) -> list[Verdict]:
    """Judges each claim, the primary ones as a family.

    Raises:
        RunError: a claim asks for a number that is none.
    """
    measured = [_measure(claim, results) for claim in claims]
    p_values = [_p_values(*pair) for pair in zip(claims, measured, strict=True)]
    adjusted = _adjust(claims, p_values)
    verdicts = []
    for claim, number, p, family in zip(claims, measured, p_values, adjusted, strict=True):
        if isinstance(number, NotCheckable):
            verdicts.append(Verdict(claim, None, NOT_CHECKABLE, str(number)))
            continue
        word, reason = _decide(claim, number, family or p)
        notes = tuple(number.sides[0].group.notes)
        verdicts.append(Verdict(claim, number, word, reason, p, family, notes))
    return verdicts


def _measure(claim: Claim, results: Results) -> Measured | NotCheckable:
    try:
        return measure(claim, results)
    except NotCheckable as reason:  # the other claims can be checked all the same
        return reason


def _p_values(claim: Claim, measured: Measured | NotCheckable) -> PValues | None:
    """The p-values of both verdicts; None where nothing is to be tested or too few seeds ran."""
    if claim.exact or isinstance(measured, NotCheckable) or measured.shortage:
        return None
    estimate = measured.estimate
    if claim.test == "better":
        both = (estimate.p_above(0), estimate.p_below(0))
        return PValues(*both[:: measured.better_is])
    low, high = claim.limits
    # within the bounds is above the one and below the other; beyond them is either
    within = max(estimate.p_above(low), estimate.p_below(high))
    return PValues(within, min(estimate.p_below(low), estimate.p_above(high)))


def _adjust(claims: list[Claim], p_values: list[PValues | None]) -> list[PValues | None]:
    """The primary claims' p-values after Holm, `holds` and `does not hold` a family each.

    A primary claim that could not be tested stays in the family, with the p-value 1: the others do
    not become easier because a run is missing.
    """
    primary = [place for place, claim in enumerate(claims) if claim.primary]
    family = [p_values[place] or PValues(1, 1) for place in primary]
    pairs = zip(holm([p.holds for p in family]), holm([p.fails for p in family]), strict=True)
    adjusted = {place: PValues(*pair) for place, pair in zip(primary, pairs, strict=True)}
    return [adjusted.get(place) if p else None for place, p in enumerate(p_values)]


def _decide(claim: Claim, measured: Measured, p: PValues | None) -> tuple[str, str]:
    """The word for a claim that was measured, and its reason."""
    low, high = claim.limits
    if claim.exact:
        return (HOLDS if all(low <= v <= high for v in measured.values) else FAILS), ""
    if measured.shortage:
        return NOT_DECIDED, measured.shortage
    if claim.test == "bounds" and not claim.primary:
        value = measured.estimate.value
        lowest, highest = measured.interval or (value, value)
        if low <= lowest and highest <= high:
            return HOLDS, ""
        if highest < low or high < lowest:
            return FAILS, ""
        return NOT_DECIDED, "the 95 % interval crosses a bound"
    name = "adjusted p" if claim.primary else "p"
    if p.holds < LEVEL:
        return HOLDS, f"{name} {_text(p.holds)}"
    if p.fails < LEVEL:
        return FAILS, f"{name} {_text(p.fails)}"
    return NOT_DECIDED, f"{name} {_text(p.holds)} for it, {_text(p.fails)} against it"


def _text(p: float) -> str:
    """`0.012`, or `below 0.001`."""
    return "below 0.001" if p < 0.001 else f"{p:.3g}"
