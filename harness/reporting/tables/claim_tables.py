"""The claims and the studies as Markdown: the README's section on ideas, and its long form."""

from harness.records.study_outputs import Table, Text
from harness.reporting.analysis.claims import Claim
from harness.reporting.analysis.evidence import Measured
from harness.reporting.analysis.results import Results
from harness.reporting.analysis.seeds import SEEDS_NEEDED, SeedStatistics
from harness.reporting.analysis.studies import Study
from harness.reporting.analysis.verdicts import Verdict, judge
from harness.reporting.tables.model_tables import line
from harness.reporting.tables.numbers import ABSENT, interval, significant, spread_text

EXPLANATION = f"""\
Each row is one sentence of the documents, or of this project, beside the number that decides about
it. The rule, in full in `docs/verdicts.md`: a claim *holds* or *does not hold* where chance leaves
no doubt, and is *not decided* with fewer than {SEEDS_NEEDED} seeds or where the 95 % interval
crosses a bound. A claim that nothing has measured, or only on different data or by different
protocols, is *not checkable*. An exact number, such as a count of parameters, needs one run. With
{SEEDS_NEEDED} seeds or more a number is mean ± sample standard deviation; fewer are printed one by
one. The difference of two networks is that of their means; its interval is Welch's, because seeds
of two networks are no pairs. Two sources of chance have an interval each. *Over seeds* is what
other seeds might give: Student's t interval of the mean, the values taken as normal, ended where
the possible ends. *Over test samples* is what other test reviews, or other weeks of weather, might
give the same trained networks. Claims with a p-value are decided by one-sided tests at 5 %; that of
a primary claim is adjusted for the number of primary claims (Holm)."""


def claims_table(claims: list[Claim], results: Results) -> str:
    """One row a claim, and the notes of the runs below; `n` is the number of seeds."""
    verdicts = judge(claims, results)
    notes = list(dict.fromkeys(note for verdict in verdicts for note in verdict.notes))
    numbers = {note: number for number, note in enumerate(notes, start=1)}
    columns = dict.fromkeys(["The documents say", "Measured"], "---")
    intervals = ["95 % interval over seeds", "95 % interval over test samples"]
    columns |= dict.fromkeys(["Value", "n", *intervals], "--:")
    columns |= dict.fromkeys(["Holds if", "Verdict", "Run", "Notes"], "---")
    rows = [line(columns), line(columns.values())]
    for verdict in verdicts:
        claim = verdict.claim
        source = claim.source.replace(", ", "`, `")
        run = claim.experiment + (f" − {claim.minus}" if claim.minus else "")
        marks = ", ".join(map(str, sorted(numbers[note] for note in verdict.notes)))
        cells = [f"{claim.statement} (`{source}`)", claim.quantity, *_number(verdict)]
        rows.append(line([*cells, claim.criterion, _verdict(verdict), run, marks or ABSENT]))
    footnotes = "\n".join(f"{number}. {note}" for note, number in numbers.items())
    return "\n".join(rows) + (f"\n\n{footnotes}" if footnotes else "")


def primary_table(claims: list[Claim], results: Results) -> str:
    """The primary claims in a few columns, for a page that is read first."""
    columns = ["Claim", "Measured", "Value", "95 % interval over seeds", "Holds if", "Verdict"]
    rows = [line(columns), line(["---", "---", "--:", "--:", "---", "---"])]
    for verdict in judge(claims, results):
        claim = verdict.claim
        if claim.primary:
            value, _, ends, _ = _number(verdict)
            cells = [claim.statement, claim.quantity, value, ends, claim.criterion, verdict.text]
            rows.append(line(cells))
    return "\n".join(rows)


def _number(verdict: Verdict) -> list[str]:
    """The cells of a claim's number: value, seeds, both intervals."""
    measured = verdict.measured
    if measured is None:
        return [ABSENT, "0", ABSENT, ABSENT]
    seeds = ", ".join(str(side.values.n) for side in measured.sides)
    value = _exact(measured) if verdict.claim.exact else _value(measured)
    both = [measured.interval, measured.samples_interval]
    return [value, seeds, *(interval(ends) or ABSENT for ends in both)]


def _exact(measured: Measured) -> str:
    return ", ".join(map(significant, measured.values))


def _value(measured: Measured) -> str:
    """Mean ± deviation, or the difference of the means; with few seeds the values themselves."""
    if len(measured.sides) > 1 and not measured.shortage:
        return significant(measured.estimate.value)
    return " less ".join(spread_text(side.values) for side in measured.sides)


def _verdict(verdict: Verdict) -> str:
    """The verdict; of a network that is said to be better, also by how much and how often."""
    measured = verdict.measured
    if verdict.claim.test != "better" or measured is None or measured.shortage:
        return verdict.text
    parts = [verdict.text]
    if measured.effect is not None:
        parts.append(f"Hedges' g {measured.effect:.2g}")
    parts.append(f"better in {100 * measured.superiority:.0f} % of the pairs of runs")
    return "; ".join(parts)


def reasons(verdicts: list[Verdict]) -> str:
    """Why the bounds are what they are, and when they were set, a line a claim."""
    claims = [(verdict.claim, _history(verdict)) for verdict in verdicts]
    return "\n".join(
        f"- {claim.statement}: {claim.criterion} ({claim.why}; {history})"
        for claim, history in claims
    )


def _history(verdict: Verdict) -> str:
    """When the bounds were set, and which runs were known: a run that began earlier always was."""
    claim = verdict.claim
    records = verdict.measured.records if verdict.measured else []
    judged_known = any(record.environment["started"][:10] < claim.set for record in records)
    if judged_known:
        known = "when some of the runs that it judges were known"
    elif claim.runs_known:
        known = "before the runs that it judges, when earlier ones like them were known"
    else:
        known = "before the runs that it judges"
    return f"set {claim.set}, {known}"


def ideas_markdown(claims: list[Claim], results: Results) -> list[str]:
    """The blocks of `RESULTS.md` on claims and studies."""
    blocks = ["## The ideas, checked"]
    if not results.sample:  # a sentence about real data is not checked on made-up ones
        blocks += [EXPLANATION, claims_table(claims, results)]
        blocks += ["Why these bounds, and since when:", reasons(judge(claims, results))]
    for study in results.studies:
        blocks += study_blocks(study)
    return blocks


def study_blocks(study: Study) -> list[str]:
    """What one study measured: notes, tables, texts."""
    seeds = ", ".join(str(record.seed) for record in study.records)
    minutes = SeedStatistics(tuple(r.metrics["wall_seconds"] / 60 for r in study.records))
    form = "{:.1f}".format
    origin = f"`{study.name}`, seed {seeds}, {spread_text(minutes, form, form)} minutes on "
    origin += "; ".join(sorted({record.environment["device"] for record in study.records})) + "."
    blocks = [f"### {study.title}", origin]
    if study.notes:
        blocks.append("\n".join(f"- {note}" for note in study.notes))
    for output in study.outputs:
        if isinstance(output, Table):
            blocks += [f"**{output.title}**", study_table(study, output)]
        elif isinstance(output, Text):
            blocks.append(_folded(study.caption(output), output))
    return blocks


def study_table(study: Study, table: Table) -> str:
    """A table, each number the mean over the seeds, or few seeds one by one."""
    rows = [line(["", *table.columns]), line(["---", *["--:"] * len(table.columns)])]
    for name in table.rows:
        spreads = [study.cell(table.title, name, column) for column in table.columns]
        rows.append(line([name, *(ABSENT if s is None else spread_text(s) for s in spreads)]))
    return "\n".join(rows)


def _folded(caption: str, text: Text) -> str:
    """Many lines behind one; a fixed-width block keeps blanks and shows no markup."""
    width = max(map(len, text.lines), default=0)
    lines = [f"{name:<{width}}  {content}" for name, content in text.lines.items()]
    body = "\n".join(lines)
    return f"<details><summary>{caption}</summary>\n\n~~~~text\n{body}\n~~~~\n\n</details>"
