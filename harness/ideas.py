"""The claims and the studies as Markdown: the README's section on ideas, and its long form."""

from harness.cells import ABSENT, significant
from harness.claims import Claim, judge
from harness.exhibits import Table, Text
from harness.groups import Spread
from harness.markdown import line
from harness.results import Results
from harness.studies import Study

EXPLANATION = """\
Each row is one sentence of the documents, beside the number that decides about it. The bounds
express the statement, for the reason beside them, and were not fitted to what was measured. With
several seeds a number is mean ± sample standard deviation, and the verdict is about the mean."""


def claims_table(claims: list[Claim], results: Results, reasons: bool) -> str:
    """One row a claim.

    Args:
        claims: the claims.
        results: what was measured.
        reasons: with a column that says why the bounds are these.
    """
    columns = {"The documents say": "---", "Measured": "---", "Value": "--:", "Holds if": "---"}
    columns |= {"Verdict": "---", "Run": "---"} | ({"Why this bound": "---"} if reasons else {})
    rows = [line(columns), line(columns.values())]
    for claim, spread, verdict in judge(claims, results):
        source = claim.source.replace(", ", "`, `")
        statement = f"{claim.statement} (`{source}`)"
        value = ABSENT if spread is None else spread_text(spread)
        run = claim.experiment + (f" − {claim.minus}" if claim.minus else "")
        cells = [statement, claim.quantity, value, claim.bounds, verdict, run]
        rows.append(line(cells + ([claim.why] if reasons else [])))
    return "\n".join(rows)


def ideas_markdown(claims: list[Claim], results: Results) -> list[str]:
    """The blocks of `RESULTS.md` on claims and studies."""
    blocks = ["## The ideas, checked"]
    if not results.sample:  # a sentence about real data is not checked on made-up ones
        blocks += [EXPLANATION, claims_table(claims, results, reasons=True)]
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
            blocks.append(_folded(exhibit))
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


def _folded(text: Text) -> str:
    """Many lines behind one; a fixed-width block keeps blanks and shows no markup."""
    width = max(map(len, text.lines), default=0)
    lines = [f"{name:<{width}}  {content}" for name, content in text.lines.items()]
    body = "\n".join(lines)
    return f"<details><summary>{text.title}</summary>\n\n~~~~text\n{body}\n~~~~\n\n</details>"
