"""The claims and their verdicts as tables, as a list of reasons, and as CSV."""

from collections import Counter

from harness.reporting.claims import CHECKED, LeftOut, Verdict
from harness.reporting.table import (
    ABSENT,
    Blocks,
    Table,
    csv_text,
    explanation,
    footnotes,
    format_interval,
    format_significant,
    interval_ends,
    mean_and_sd,
    note_marks,
    number_notes,
)

OVER_SEEDS, OVER_SAMPLES = "95 % interval over seeds", "95 % interval over test samples"
RUNS_KNOWN = "Bounds set when runs were known"
KINDS = {"verdict": "Verdicts", "definition": "Definitions", "illustration": "Illustrations"}


def claims_blocks(verdicts: list[Verdict], left_out: list[LeftOut]) -> Blocks:
    """The number of rows, the rule, the tables, and why these bounds."""
    blocks = [count_rows(verdicts, left_out), explanation("claims"), *claims_tables(verdicts)]
    if left_out:
        rows = [{"Sentence": _said(one.sentence, one.source), "Why": one.why} for one in left_out]
        blocks += ["Left out, without an experiment:", Table.of(rows, {"Why"}, "Left out")]
    return [*blocks, "Why these bounds, and since when:", reasons(verdicts)]


def count_rows(verdicts: list[Verdict], left_out: list[LeftOut]) -> Table:
    """How many rows of each kind: in all, by result, and whose bounds were set with runs known."""
    rows = []
    for kind, title in KINDS.items():
        those = [one for one in verdicts if one.claim.kind == kind]
        words = sorted((one.shown for one in those), key=[*CHECKED, *CHECKED.values()].index)
        results = ", ".join(f"{word} {n}" for word, n in Counter(words).items())
        known = str(sum(one.claim.runs_known for one in those))
        rows.append({"": title, "Rows": str(len(those)), RUNS_KNOWN: known, "Results": results})
    rows.append({"": "Left out", "Rows": str(len(left_out)), RUNS_KNOWN: "", "Results": ""})
    return Table.of(rows, {"Results"})


def _said(sentence: str, source: str) -> str:
    """A sentence and who says so."""
    return f"{sentence} (`{source.replace(', ', '`, `')}`)"


def claims_tables(verdicts: list[Verdict]) -> Blocks:
    """One row a claim, verdicts first, then what has none, each with the notes of its runs."""
    blocks: Blocks = []
    judged = [one for one in verdicts if one.claim.kind == "verdict"]
    if judged:
        numbers = number_notes(note for verdict in judged for note in verdict.notes)
        left = {"Measured", "Holds if", "Verdict", "Run", "Notes"}
        rows = [_verdict_cells(one) | {"Notes": note_marks(one.notes, numbers)} for one in judged]
        blocks += [Table.of(rows, left, "The claims"), *([footnotes(numbers)] if numbers else [])]
    rows = [
        {
            "Sentence": _said(one.claim.statement, one.claim.source),
            "Kind": one.claim.kind,
            "Measured": one.claim.quantity,
            "Value": _value(one),
            "Must be": one.claim.criterion,
            "Result": one.text,
        }
        for one in verdicts
        if one.claim.kind != "verdict"
    ]
    if rows:
        left = {"Kind", "Measured", "Must be", "Result"}
        table = Table.of(rows, left, "Definitions and illustrations")
        blocks += [explanation("definitions"), table]
    return blocks


def _verdict_cells(verdict: Verdict) -> dict[str, str]:
    """A row of the claims that have a verdict; `n` is the number of seeds."""
    claim, measured = verdict.claim, verdict.measured
    return {
        "The documents say": _said(claim.statement, claim.source),
        "Measured": claim.quantity,
        "Value": _value(verdict),
        "n": ", ".join(str(one.n) for one in measured.statistics) if measured else "0",
        "Seeds fixed": "" if claim.exact else str(claim.seeds),
        OVER_SEEDS: format_interval(verdict.interval),
        OVER_SAMPLES: format_interval(measured and measured.samples_interval),
        "Holds if": claim.criterion,
        "Verdict": _verdict_and_effect(verdict),
        "Run": claim.experiment + (f" − {claim.minus}" if claim.minus else ""),
    }


def primary_claims(verdicts: list[Verdict]) -> Blocks:
    """The primary claims, if there are any, in a few columns."""
    rows = [
        {
            "Claim": one.claim.statement,
            "Measured": one.claim.quantity,
            "Value": _value(one),
            "Seeds fixed": str(one.claim.seeds),
            OVER_SEEDS: format_interval(one.interval),
            "Holds if": one.claim.criterion,
            "Verdict": one.text,
        }
        for one in verdicts
        if one.claim.primary
    ]
    return [Table.of(rows, {"Measured", "Holds if", "Verdict"})] if rows else []


def _value(verdict: Verdict) -> str:
    """Mean ± deviation, or the difference of the means; with too few seeds the values."""
    measured = verdict.measured
    if measured is None:
        return ABSENT
    if verdict.share:
        return "{} of {}".format(*verdict.share)
    if verdict.claim.exact:
        return ", ".join(map(format_significant, measured.values))
    if measured.is_difference and not measured.missing_seeds:
        return format_significant(measured.estimate.value)
    return " less ".join(map(mean_and_sd, measured.statistics))


def _verdict_and_effect(verdict: Verdict) -> str:
    """The verdict; for "better than" also how much better and how often."""
    measured = verdict.measured
    if verdict.claim.test != "better" or measured is None or measured.missing_seeds:
        return verdict.text
    effect = [] if measured.effect is None else [f"Hedges' g {measured.effect:.2g}"]
    often = f"better in {100 * measured.superiority:.0f} % of the pairs of runs"
    return "; ".join([verdict.text, *effect, often])


def reasons(verdicts: list[Verdict]) -> str:
    """Why the bounds are what they are, and when they were set, one line a claim."""
    return "\n".join(
        f"- {verdict.claim.statement}: {verdict.claim.criterion} "
        f"({'; '.join([verdict.claim.why, *verdict.claim.by_design.values()])}; "
        f"set {verdict.claim.set}, {_known_runs(verdict)})"
        for verdict in verdicts
    )


def _known_runs(verdict: Verdict) -> str:
    """Which runs were known when the bounds were set; a run that began earlier always was."""
    claim = verdict.claim
    groups = verdict.measured.groups if verdict.measured else ()
    started = [record.environment["started"] for group in groups for record in group.records]
    if any(time[:10] < claim.set for time in started):
        return "when some of the runs that it judges were known"
    if claim.runs_known:
        return "before the runs that it judges, when earlier ones like them were known"
    return "before the runs that it judges"


def claims_csv(verdicts: list[Verdict]) -> str:
    """One line a claim; a field is empty where there is no such number."""
    return csv_text([_fields(verdict) for verdict in verdicts], "%.6g")


def _fields(verdict: Verdict) -> dict[str, str | float | None]:
    claim, measured = verdict.claim, verdict.measured
    sides = measured.statistics if measured else ()
    few = not measured or bool(measured.missing_seeds)
    copied = ("id", "kind", "source", "statement", "quantity", "experiment", "minus", "test")
    found, of = verdict.share or (0, 0)
    return {
        **{name: getattr(claim, name) for name in copied},
        **{name: str(getattr(claim, name)).lower() for name in ("ranks", "primary", "exact")},
        "seeds": "" if claim.exact else str(claim.seeds),
        "n": " ".join(str(one.n) for one in sides) or "0",
        "measured": found / of if of else measured and measured.estimate.value,
        "sd": sides[0].sd if sides and not of else None,
        "sd_minus": sides[1].sd if sides[1:] else None,
        **interval_ends("interval", verdict.interval),
        **interval_ends("samples_interval", measured and measured.samples_interval),
        **{name: getattr(claim, name) for name in ("at_least", "at_most", "margin")},
        "p": verdict.p and verdict.p.holds,
        "p_adjusted": verdict.adjusted and verdict.adjusted.holds,
        "p_against": verdict.p and verdict.p.fails,
        "p_against_adjusted": verdict.adjusted and verdict.adjusted.fails,
        "effect": measured and measured.effect,
        "superiority": None if few else measured.superiority,
        "verdict": verdict.shown,
        "reason": verdict.reason,
        "why": claim.why,
        "set": claim.set,
        "runs_known": str(claim.runs_known).lower(),
    }
