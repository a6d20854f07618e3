"""Tables of the claims, each beside the number that decides it, and of the studies."""

from harness.records import study_outputs
from harness.reporting.claims import Verdict
from harness.reporting.groups import Study
from harness.reporting.statistics import SEEDS_NEEDED, SeedStatistics
from harness.reporting.table import (
    ABSENT,
    ONE,
    Blocks,
    Table,
    footnotes,
    format_interval,
    format_significant,
    mean_and_sd,
    note_marks,
    number_notes,
)

EXPLANATION = f"""\
Each row is a sentence of the documents, or of this project, with the number that decides it.
`docs/verdicts.md` has the full rule. In short:

- A claim *holds* or *does not hold* if chance leaves no doubt. It is *not decided* with fewer than
  {SEEDS_NEEDED} seeds, or if the 95 % interval crosses a bound. It is *not checkable* if nothing
  measured it, or only runs on other data or by another protocol than the sentence speaks of.
- A number without randomness, such as a count of parameters, needs one run. With {SEEDS_NEEDED}
  seeds or more a number is mean ± sample standard deviation; with fewer, each value is listed.
- The difference of two networks is that of their means. Its interval is Welch's, because the seeds
  of two networks are not paired.
- There are two sources of chance, with an interval each. *Over seeds* covers other seeds: Student's
  t interval of the mean, cut at the lowest and the highest possible value. *Over test samples*
  covers other test reviews, or other weeks of weather, for the same trained networks.
- A claim with a p-value is decided by one-sided tests at 5 %. The p-values of primary claims are
  adjusted for their number (Holm)."""


def claims_blocks(verdicts: list[Verdict]) -> Blocks:
    """The rule, a row for each claim, the notes of its runs, and the reasons of the bounds."""
    table, numbers = claims_table(verdicts)
    notes = [footnotes(numbers)] if numbers else []
    return [EXPLANATION, table, *notes, "Why these bounds, and since when:", reasons(verdicts)]


def claims_table(verdicts: list[Verdict]) -> tuple[Table, dict[str, int]]:
    """One row a claim, and the numbers of its notes; `n` is the number of seeds."""
    numbers = number_notes(note for verdict in verdicts for note in verdict.notes)
    columns = ["The documents say", "Measured", "Value", "n", "95 % interval over seeds"]
    columns += ["95 % interval over test samples", "Holds if", "Verdict", "Run", "Notes"]
    rows = []
    for verdict in verdicts:
        claim, measured = verdict.claim, verdict.measured
        source = claim.source.replace(", ", "`, `")
        statement = f"{claim.statement} (`{source}`)"
        seeds = ", ".join(str(one.n) for one in measured.statistics) if measured else "0"
        over_seeds = format_interval(measured and measured.interval)
        over_samples = format_interval(measured and measured.samples_interval)
        cells = [statement, claim.quantity, measured_text(verdict), seeds, over_seeds, over_samples]
        run = claim.experiment + (f" − {claim.minus}" if claim.minus else "")
        marks = note_marks(verdict.notes, numbers)
        rows.append([*cells, claim.criterion, verdict_and_effect(verdict), run, marks])
    return Table(columns, rows, "llrrrrllll", "The claims"), numbers


def primary_claims_table(verdicts: list[Verdict]) -> Table:
    """The primary claims in a few columns."""
    columns = ["Claim", "Measured", "Value", "95 % interval over seeds", "Holds if", "Verdict"]
    rows = []
    for verdict in verdicts:
        claim, measured = verdict.claim, verdict.measured
        if claim.primary:
            interval = format_interval(measured and measured.interval)
            cells = [claim.statement, claim.quantity, measured_text(verdict), interval]
            rows.append([*cells, claim.criterion, verdict.text])
    return Table(columns, rows, "llrrll", "The primary claims")


def measured_text(verdict: Verdict) -> str:
    """Mean ± deviation, or the difference of the means; with too few seeds the values."""
    measured = verdict.measured
    if measured is None:
        return ABSENT
    if verdict.claim.exact:
        return ", ".join(map(format_significant, measured.values))
    if len(measured.groups) > 1 and not measured.missing_seeds:
        return format_significant(measured.estimate.value)
    return " less ".join(map(mean_and_sd, measured.statistics))


def verdict_and_effect(verdict: Verdict) -> str:
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
        f"({verdict.claim.why}; set {verdict.claim.set}, {_known_runs(verdict)})"
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


def study_blocks(study: Study, reference: Study | None = None) -> Blocks:
    """What one study measured: notes, tables, texts; the reference's in square brackets."""
    seeds = ", ".join(str(record.seed) for record in study.records)
    minutes = SeedStatistics(tuple(r.metrics["wall_seconds"] / 60 for r in study.records))
    devices = "; ".join(sorted({record.environment["device"] for record in study.records}))
    blocks = [
        f"### {study.title}",
        f"`{study.name}`, seed {seeds}, {mean_and_sd(minutes, ONE)} minutes on {devices}.",
    ]
    if study.notes:
        blocks.append("\n".join(f"- {note}" for note in study.notes))
    for output in study.outputs:
        if isinstance(output, study_outputs.Table):
            blocks += [f"**{output.title}**", study_table(study, output, reference)]
        elif isinstance(output, study_outputs.Text):
            blocks.append(_folded(study.caption(output), output))
    return blocks


def study_table(study: Study, table: study_outputs.Table, reference: Study | None = None) -> Table:
    """Name and numbers of each row: means over the seeds, or with too few seeds each value."""

    def cell(row: str, column: str) -> str:
        seeds = study.table_value(table.title, row, column)
        text = mean_and_sd(seeds) if seeds else ""
        there = reference and reference.table_value(table.title, row, column)
        return f"{text} [{mean_and_sd(there)}]" if there else text

    rows = [[row, *(cell(row, column) for column in table.columns)] for row in table.rows]
    return Table(["", *table.columns], rows, title=table.title)


def _folded(caption: str, text: study_outputs.Text) -> str:
    """Lines of text behind a caption, in a fixed-width block that keeps blanks and markup."""
    width = max(map(len, text.lines), default=0)
    lines = [f"{name:<{width}}  {content}" for name, content in text.lines.items()]
    body = "\n".join(lines)
    return f"<details><summary>{caption}</summary>\n\n~~~~text\n{body}\n~~~~\n\n</details>"
