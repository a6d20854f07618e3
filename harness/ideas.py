"""The claims and the studies as Markdown: the README's section on ideas, and its long form."""

from harness.cells import ABSENT, interval, significant
from harness.claims import Claim, judge
from harness.exhibits import Table, Text
from harness.groups import Spread
from harness.markdown import line
from harness.results import Results
from harness.studies import Study

EXPLANATION = """\
Each row is one sentence of the documents, beside the number that decides about it. The bounds
express the statement, for the reason beside them, and were not fitted to what was measured. With
several seeds a number is mean ± sample standard deviation, and the verdict is about the mean. The
95 % interval is Student's t interval of that mean over the seeds: what chance in training leaves
open, on the same data. One seed, or seeds that all agree, have none. It takes the values of the
seeds as normally distributed, so that with few of them it can reach beyond what is possible, such
as an accuracy above 1. Where it lies on both sides of a bound the verdict says so: other seeds
might decide otherwise."""


def claims_table(claims: list[Claim], results: Results) -> str:
    """One row a claim, and the notes of the runs below; `n` is the number of seeds."""
    verdicts = judge(claims, results)
    notes = list(dict.fromkeys(note for verdict in verdicts for note in verdict.notes))
    numbers = {note: number for number, note in enumerate(notes, start=1)}
    columns = dict.fromkeys(["The documents say", "Measured"], "---")
    columns |= dict.fromkeys(["Value", "n", "95 % interval"], "--:")
    columns |= dict.fromkeys(["Holds if", "Verdict", "Run", "Notes"], "---")
    rows = [line(columns), line(columns.values())]
    for verdict in verdicts:
        claim, spread = verdict.claim, verdict.measured
        source = claim.source.replace(", ", "`, `")
        value = [ABSENT, "0", ABSENT]
        if spread is not None:
            value = [spread_text(spread), str(spread.n), interval(spread) or ABSENT]
        run = claim.experiment + (f" − {claim.minus}" if claim.minus else "")
        marks = ", ".join(map(str, sorted(numbers[note] for note in verdict.notes)))
        cells = [f"{claim.statement} (`{source}`)", claim.quantity, *value]
        rows.append(line([*cells, claim.bounds, verdict.text, run, marks or ABSENT]))
    footnotes = "\n".join(f"{number}. {note}" for note, number in numbers.items())
    return "\n".join(rows) + (f"\n\n{footnotes}" if footnotes else "")


def reasons(claims: list[Claim]) -> str:
    """Why the bounds are what they are, a line a claim."""
    return "\n".join(f"- {claim.statement}: {claim.bounds} ({claim.why})" for claim in claims)


def ideas_markdown(claims: list[Claim], results: Results) -> list[str]:
    """The blocks of `RESULTS.md` on claims and studies."""
    blocks = ["## The ideas, checked"]
    if not results.sample:  # a sentence about real data is not checked on made-up ones
        blocks += [EXPLANATION, claims_table(claims, results), "Why these bounds:", reasons(claims)]
    for study in results.studies:
        blocks += study_blocks(study)
    return blocks


def study_blocks(study: Study) -> list[str]:
    """What one study measured: notes, tables, texts."""
    seeds = ", ".join(str(record.seed) for record in study.records)
    minutes = Spread(tuple(r.metrics["wall_seconds"] / 60 for r in study.records))
    origin = f"`{study.name}`, seed {seeds}, {minutes.text(1)} minutes on "
    origin += "; ".join(sorted({record.environment["device"] for record in study.records})) + "."
    blocks = [f"### {study.title}", origin]
    if study.notes:
        blocks.append("\n".join(f"- {note}" for note in study.notes))
    for exhibit in study.exhibits:
        if isinstance(exhibit, Table):
            blocks += [f"**{exhibit.title}**", study_table(study, exhibit)]
        elif isinstance(exhibit, Text):
            blocks.append(_folded(study.caption(exhibit), exhibit))
    return blocks


def study_table(study: Study, table: Table) -> str:
    """A table, each number the mean over the seeds."""
    rows = [line(["", *table.columns]), line(["---", *["--:"] * len(table.columns)])]
    for name in table.rows:
        spreads = [study.cell(table.title, name, column) for column in table.columns]
        rows.append(line([name, *(ABSENT if s is None else spread_text(s) for s in spreads)]))
    return "\n".join(rows)


def spread_text(spread: Spread) -> str:
    """Mean ± deviation, to four significant digits."""
    text = significant(spread.mean)
    return text if spread.sd is None else f"{text} ± {significant(spread.sd, 2)}"


def _folded(caption: str, text: Text) -> str:
    """Many lines behind one; a fixed-width block keeps blanks and shows no markup."""
    width = max(map(len, text.lines), default=0)
    lines = [f"{name:<{width}}  {content}" for name, content in text.lines.items()]
    body = "\n".join(lines)
    return f"<details><summary>{caption}</summary>\n\n~~~~text\n{body}\n~~~~\n\n</details>"
