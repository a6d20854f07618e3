"""Whether each claim holds, does not hold or is not decided, by the rule in `docs/verdicts.md`."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import RunError
from harness.records.schema import MEASURES
from harness.reporting.alike import mixture
from harness.reporting.analysis.bootstrap import refuse_other_samples, samples_interval
from harness.reporting.analysis.claims import Claim
from harness.reporting.analysis.results import METRIC_RANGES, ModelResults, Results, SeedGroup
from harness.reporting.analysis.statistics import (
    SEEDS_NEEDED,
    UNBOUNDED,
    Estimate,
    Range,
    SeedStatistics,
    hedges_g,
    holm,
    mean_estimate,
    probability_of_superiority,
    welch_difference,
)

HOLDS, FAILS = "holds", "does not hold"
NOT_DECIDED, NOT_CHECKABLE = "not decided", "not checkable"
LEVEL = 0.05


class NotCheckable(Exception):
    """No runs can decide a claim; the text says why."""


@dataclass(frozen=True)
class Measurement:
    """The number that decides a claim: of one experiment, or the difference of two.

    Attributes:
        groups: runs of the experiment and, for a difference, of the one that is subtracted.
        statistics: for each of them, the number over its seeds.
        values: each value of the number, once; a single one if all runs agree.
        estimate: the mean, or Welch's difference, since the seeds of two networks are not paired.
        missing_seeds: `3 seeds of the 5 that the rule needs`; empty if there are enough.
        interval: 95 % interval over seeds; None for too few seeds and for equal values.
        samples_interval: 95 % interval over test samples; None without stored predictions.
        lower_is_better: whether the number is an error.
        effect: Hedges' g of a difference; None for too few seeds.
        superiority: probability that a run of the first network is better than one of the second;
            None for too few seeds.
    """

    groups: tuple[SeedGroup, ...]
    statistics: tuple[SeedStatistics, ...]
    values: tuple[float, ...]
    estimate: Estimate
    missing_seeds: str
    interval: Range | None
    samples_interval: Range | None
    lower_is_better: bool
    effect: float | None
    superiority: float | None


@dataclass(frozen=True)
class PValues:
    """How likely values at least this extreme are if the verdict is wrong.

    Attributes:
        holds: one-sided p-value for `holds`.
        fails: one-sided p-value for `does not hold`.
    """

    holds: float
    fails: float


@dataclass(frozen=True)
class Verdict:
    """A claim and whether it holds.

    Attributes:
        claim: the claim.
        measured: the number that decides; None if the claim is not checkable.
        word: one of the four words.
        reason: what the word rests on; empty where the number shows it.
        p: p-values; None without a test.
        adjusted: p-values of a primary claim, adjusted for all primary claims; None for others.
        mixture: in what the runs differ that should be one; empty if in nothing.
    """

    claim: Claim
    measured: Measurement | None
    word: str
    reason: str
    p: PValues | None = None
    adjusted: PValues | None = None
    mixture: str = ""

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
    """Decides each claim, the primary claims as a family.

    Raises:
        RunError: a claim asks for a number that `metrics.json` does not hold.
    """
    measured = [_try_to_measure(claim, results) for claim in claims]
    p_values = [_p_values(*pair) for pair in zip(claims, measured, strict=True)]
    adjusted = _adjust(claims, p_values)
    verdicts = []
    for claim, number, p, family in zip(claims, measured, p_values, adjusted, strict=True):
        if isinstance(number, NotCheckable):
            verdicts.append(Verdict(claim, None, NOT_CHECKABLE, str(number)))
        else:
            mixed = "" if claim.exact else mixture([group.records for group in number.groups])
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
        RunError: the claim asks for a number that `metrics.json` does not hold.
    """
    if claim.measure:
        return _measurement_of_networks(claim, results)
    study = _runs(claim.experiment, results.studies)
    found = study.table_value(claim.table, claim.row, claim.column)
    if found is None:
        place = f"table '{claim.table}', row '{claim.row}', column '{claim.column}'"
        raise NotCheckable(f"{claim.experiment} has no number in {place}")
    return _measurement([study], [SeedStatistics(found.values, claim.within or UNBOUNDED)])


def _measurement_of_networks(claim: Claim, results: Results) -> Measurement:
    groups = [_runs(label, results.rows) for label in (claim.experiment, claim.minus) if label]
    refuse_different_data(groups)
    if other := groups[0].unlike(claim.speaks_of):
        raise NotCheckable(other)
    return measure(groups, claim.measure)


def measure(groups: Sequence[ModelResults], name: str, over_samples: bool = True) -> Measurement:
    """One number of a network, or its difference from that of another on the same data.

    Args:
        groups: the runs of the network and, for a difference, of the one that is subtracted.
        name: of the number in `metrics.json`.
        over_samples: whether to draw the test samples anew, which takes most of the time.

    Raises:
        NotCheckable: they were not tested on the same samples.
        RunError: `metrics.json` does not hold the number.
    """
    metric = groups[0].metric  # the same for both, since they use the same data
    is_metric = name in MEASURES.values()
    within = METRIC_RANGES[metric] if is_metric else UNBOUNDED
    statistics = [SeedStatistics(_values(one, name), within) for one in groups]
    interval = _interval_over_samples(groups, name, over_samples) if is_metric else None
    return _measurement(groups, statistics, interval, lower_is_better=metric == "mae")


def _measurement(
    groups: Sequence[SeedGroup],
    statistics: Sequence[SeedStatistics],
    samples: Range | None = None,
    lower_is_better: bool = False,
) -> Measurement:
    """The number and all that the tables show of it, from the seeds of one or two experiments."""
    first, second = statistics[0], statistics[1] if len(statistics) > 1 else None
    missing_seeds = _missing_seeds(groups, statistics)
    effect = superiority = None
    if second is None:
        values, within, estimate = first.values, first.within, mean_estimate(first.values)
    else:
        values = tuple(a - b for a in first.values for b in second.values)
        within = (first.within[0] - second.within[1], first.within[1] - second.within[0])
        estimate = welch_difference(first.values, second.values)
        if not missing_seeds:
            effect = hedges_g(first.values, second.values)
            better, worse = (second, first) if lower_is_better else (first, second)
            superiority = probability_of_superiority(better.values, worse.values)
    return Measurement(
        groups=tuple(groups),
        statistics=tuple(statistics),
        values=tuple(dict.fromkeys(values)),
        estimate=estimate,
        missing_seeds=missing_seeds,
        interval=None if missing_seeds else estimate.interval(within=within),
        samples_interval=samples,
        lower_is_better=lower_is_better,
        effect=effect,
        superiority=superiority,
    )


def _missing_seeds(groups: Sequence[SeedGroup], statistics: Sequence[SeedStatistics]) -> str:
    missing = []
    for group, seeds in zip(groups, statistics, strict=True):
        # a baseline without epochs gives the same number for every seed
        random = any(r.metrics.get("best_epoch", 1) is not None for r in group.records)
        if random and seeds.too_few:
            count = f"{seeds.n} seed{'s' if seeds.n > 1 else ''}"
            of = f" ({group.first.label})" if len(groups) > 1 else ""
            missing.append(f"{count} of the {SEEDS_NEEDED} that the rule needs{of}")
    return "; ".join(missing)


def _interval_over_samples(
    groups: Sequence[SeedGroup], measure: str, draw: bool = True
) -> Range | None:
    """The interval over test samples; None if a run stored no predictions, or without `draw`."""
    if any(record.predictions is None for group in groups for record in group.records):
        return None
    samples = [[record.predictions[measure] for record in group.records] for group in groups]
    try:
        refuse_other_samples(*samples)
        return samples_interval(*samples) if draw else None
    except ValueError as error:
        labels = ", ".join(group.first.label for group in groups)
        raise NotCheckable(f"{error}: {labels}") from error


def _values(group: SeedGroup, measure: str) -> tuple[float, ...]:
    """One number of `metrics.json`, one value a seed.

    Raises:
        RunError: `metrics.json` does not hold it.
    """
    values = tuple(record.metrics.get(measure) for record in group.records)
    if not all(type(value) in (int, float) for value in values):
        raise RunError(f"a claim asks for '{measure}', which is no number of {group.first.place}.")
    return values


def _runs(label: str, groups: Sequence[SeedGroup]) -> SeedGroup:
    """The runs of a label.

    Raises:
        NotCheckable: there are none, or a mean over them would mix data.
    """
    found = [group for group in groups if group.first.label == label]
    if not found:
        raise NotCheckable(f"no run of {label}")
    refuse_different_data(found)
    return found[0]


def refuse_different_data(groups: Sequence[SeedGroup]) -> None:
    """A difference between networks on different data would also be one between the data."""
    for group in groups[1:]:
        if _hashes(group) != _hashes(groups[0]):
            copies = " and ".join(
                f"{one.first.place} on {', '.join(_hashes(one)) or 'no data file'}"
                for one in (groups[0], group)
            )
            raise NotCheckable(
                f"different copies of the data: {copies} (SHA-256); move the runs on one of the "
                "two to another --results-dir"
            )


def _hashes(group: SeedGroup) -> list[str]:
    """Start of each data file's hash, the same in all records of a group."""
    return [file["sha256"][:8] for file in group.first.data["files"]]


def _p_values(claim: Claim, measured: Measurement | NotCheckable) -> PValues | None:
    """The p-values of both verdicts; None if there is nothing to test or seeds are missing."""
    if claim.exact or isinstance(measured, NotCheckable) or measured.missing_seeds:
        return None
    estimate = measured.estimate
    if claim.test == "better":
        above, below = estimate.p_above(0), estimate.p_below(0)
        return PValues(below, above) if measured.lower_is_better else PValues(above, below)
    return p_within(estimate, *claim.limits)


def p_within(estimate: Estimate, low: float, high: float) -> PValues:
    """Whether a number lies within bounds.

    Inside means above the one and below the other (Schuirmann's two one-sided tests, J.
    Pharmacokinetics and Biopharmaceutics 15, 1987); outside means either.
    """
    inside = max(estimate.p_above(low), estimate.p_below(high))
    return PValues(inside, min(estimate.p_below(low), estimate.p_above(high)))


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
    name = "adjusted p" if claim.primary else "p"
    if p.holds < LEVEL:
        return HOLDS, f"{name} {p_text(p.holds)}"
    if p.fails < LEVEL:
        return FAILS, f"{name} {p_text(p.fails)}"
    return NOT_DECIDED, f"{name} (holds) {p_text(p.holds)}, {name} (fails) {p_text(p.fails)}"


def with_note(text: str, note: str) -> str:
    """A verdict, and what to know of its runs: `holds; the runs differ in layers`."""
    return f"{text}; {note}" if note else text


def p_text(p: float) -> str:
    """`0.012`, or `below 0.001`."""
    return "below 0.001" if p < 0.001 else f"{p:.3g}"
