"""`RESULTS.md`: everything that was measured, as one document; and the README's parts of it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from harness.errors import RunError
from harness.records.record import Record
from harness.reporting.analysis.claims import Claim
from harness.reporting.analysis.factorial import designs
from harness.reporting.analysis.models import PublishedResults
from harness.reporting.analysis.results import Results
from harness.reporting.tables.claim_tables import ideas_markdown
from harness.reporting.tables.curve_tables import (
    REPRODUCTION,
    factorial_markdown,
    reproduction_table,
    reproductions,
)
from harness.reporting.tables.model_tables import rows_markdown

EXPLANATION = """\
*Best validation* is the best epoch's value on the validation data and *last validation* the value
after the last epoch; *test at best* is the test value of the weights of that best epoch. The best
epoch is chosen on the validation data, so best validation flatters every network; test at best is
the number to compare. A model without epochs has one validation value, which stands in both
columns. With five seeds or more a cell is mean ± sample standard deviation, and the 95 % interval
is Student's t interval of the mean over the seeds, ended where the possible ends: what chance in
training leaves open, on the same data. Fewer seeds are printed one by one, without an interval;
seeds that all agree have none. A single run, such as a published one, need not lie in it: runs lie
further apart than their means. Published re-runs are independent
public ones: best validation, mean ± standard deviation (number of runs). *Seconds an epoch* is the
median over a run's epochs, training and validation. *Notes* refers to the list below each table."""
SAMPLE_EXPLANATION = """\
**Sample data:** made by the built-in generator to show that everything works. No number here says
anything about the real data sets, and none is comparable with a published one."""


def results_markdown(results: Results, catalogue: PublishedResults, claims: list[Claim]) -> str:
    """The whole of `RESULTS.md`."""
    blocks = ["# Results", "Made by `make tables` from the run records; do not edit.", EXPLANATION]
    if results.sample:
        blocks.append(SAMPLE_EXPLANATION)
    blocks += rows_markdown(results.rows, catalogue)
    if compared := reproductions(results, catalogue):
        blocks += ["## The published runs", REPRODUCTION, reproduction_table(compared)]
    if forms := designs(results, catalogue):
        blocks += ["## Keras 2 and Keras 3", factorial_markdown(forms)]
    blocks += ideas_markdown(claims, results)
    blocks += ["## How these were made", "\n".join(_origin_lines(results.records))]
    return "\n\n".join(blocks) + "\n"


def _origin_lines(records: list[Record]) -> list[str]:
    """Number of records, software, code, and what was made from changed code."""
    changed = sorted(r.place for r in records if r.environment["dirty"])
    return [
        f"- Records: {len(records)}",
        f"- Software: {_distinct(records, _software)}",
        f"- Keras backend: {_distinct(records, lambda r: r.environment['backend'])}",
        f"- Commit: {_distinct(records, lambda r: r.environment['commit'] or 'unknown')}",
        f"- Made with uncommitted changes to the code: {', '.join(changed) or 'none'}",
    ]


def _software(record: Record) -> str:
    packages = sorted(record.environment["packages"].items())
    return ", ".join(
        f"{name} {version}"
        for name, version in [("Python", record.environment["python"]), *packages]
    )


def _distinct(records: list[Record], describe: Callable[[Record], str]) -> str:
    """Each value that occurs, with the number of records that have it."""
    counts = Counter(describe(record) for record in records)
    return "; ".join(
        f"{value} ({count} record{'s' if count > 1 else ''})"
        for value, count in sorted(counts.items())
    )


def markers(part: str) -> tuple[str, str]:
    """The lines of a document between which a part is put: its start and its end."""
    return f"<!-- {part}:start -->", f"<!-- {part}:end -->"


def replace_between_markers(path: Path, parts: dict[str, str]) -> str:
    """The text of a file with some parts replaced.

    Args:
        path: file that holds `<!-- <part>:start -->` and, after it, `<!-- <part>:end -->`, of one
            part at least.
        parts: Markdown that takes the place of what stands between them, by part.

    Raises:
        RunError: the file cannot be read, or does not hold a part's markers once and in order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
    shown = {
        part: content for part, content in parts.items() if any(m in text for m in markers(part))
    }
    if not shown:
        wanted = " and ".join(markers(next(iter(parts))))
        raise RunError(f"{path}: expected lines such as {wanted}; tables go between them.")
    for part, content in shown.items():
        start, end = markers(part)
        before, found_start, rest = text.partition(start)
        _, found_end, after = rest.partition(end)
        if not (found_start and found_end) or start in rest or end in before + after:
            raise RunError(
                f"{path}: expected the lines {start} and {end}, each once and in this order; "
                "tables go between them."
            )
        text = f"{before}{start}\n\n{content}\n\n{end}{after}"
    return text
