"""A user's own runs beside the reference: the last lines of a run, and the user's `RESULTS.md`."""

import os
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from harness.errors import RunError
from harness.records import study_outputs
from harness.records.record import Record, find_records
from harness.reporting.claim_tables import study_blocks, study_table
from harness.reporting.comparison import (
    NUMBERS,
    Comparison,
    compare_with_reference,
    place,
    reference_study,
)
from harness.reporting.groups import (
    PUBLISHED,
    REFERENCE,
    PublishedResults,
    Results,
    load_published,
    make_results,
)
from harness.reporting.table import FOUR, TWO, Table, format_interval, markdown, mean_and_sd
from harness.reporting.tables import as_published

EXPLANATION = """\
*Yours* are the runs in this folder. *Reference* are the runs that come with this project: mean ±
sample standard deviation, and in brackets where one further run lies (95 % prediction interval) if
it differs in its seed only. *Inside* says whether your runs lie there. One correct run in twenty
lies outside. Where the reference has too few seeds for an interval, the numbers are the *same* or
*different*. In the tables of studies, the reference stands in square brackets. *Differs* lists your
settings and software that are not those of the reference. Five seeds or more are shown as a mean,
fewer one by one. The reference in full, with baselines, claims and explanations:
[{link}]({link})."""
SHOWN = ("best validation", "last validation", "test at best")
COLUMNS = ["Measure", "Yours", "Reference", "Published", "Inside"]


def _cells(pair: Comparison, name: str) -> list[str]:
    """One number under the headings `COLUMNS`; empty where there is none."""
    field = NUMBERS[name]
    own, published = pair.first.spread(field), as_published(pair.first.published.number(field))
    if pair.second is None:
        return [name, mean_and_sd(own, FOUR), "", published, ""]
    there = pair.second.spread(field)
    further = f" ({format_interval(there.further, FOUR)})" if there.further else ""
    reference = mean_and_sd(there, FOUR) + further
    return [name, mean_and_sd(own, FOUR), reference, published, place(own, there)]


def own_table(pairs: Sequence[Comparison]) -> Table:
    """A row for each number of each experiment; what holds for all stands in the first."""
    rows = []
    for pair in pairs:
        title = pair.first.title
        obstacle = f"not compared: {pair.obstacle}" if pair.obstacle else ""
        differs = ", ".join(difference.text for difference in pair.differences)
        for name in SHOWN:
            *cells, inside = _cells(pair, name)
            rows.append([title, *cells, inside or obstacle, differs])
            title = obstacle = differs = " "  # blank: as in the row above
    columns = ["Experiment", *COLUMNS, "Differs"]
    return Table(columns, rows, "llrrrll", "Your runs beside the reference")


def result_lines(record: Record, reference_dir: Path = REFERENCE) -> list[str]:
    """The numbers of a run of a network or baseline, each beside the reference's and the published.

    A missing or unsound reference is no reason to fail: then the last line says so.
    """
    numbers = load_published(PUBLISHED)
    (own,) = make_results([record], numbers).rows
    pair = compare_with_reference(own, _reference(reference_dir, numbers, record).rows)
    trivial = f"{own.reference['label']} {own.reference['test']:.4f} on test"
    rows = [_cells(pair, name) for name in SHOWN]
    headings = ["", "This run", "Reference (a further run)", "Published", "Inside"]
    table = Table(headings, rows, "lrrrl")
    lines = [f"{record.label}, seed {record.seed}: {own.metric} ({trivial})"]
    lines.append(indent(table.text(), "  "))
    if (degrees := own.degrees("test_at_best")) is not None:
        lines.append(f"  test at best in °C: {mean_and_sd(degrees, TWO)}")
    if stopped := record.metrics.get("stopped_epoch"):
        epochs = record.config["protocol"]["epochs"]
        lines.append(f"  stopped after epoch {stopped} of {epochs}, out of patience")
    if pair.obstacle:
        lines.append(f"  not compared: {pair.obstacle}")
    if any(row[-1] == "outside" for row in rows):
        lines.append("  one correct run in twenty lies outside")
    if pair.differences:
        lines.append(f"  differs: {', '.join(one.text for one in pair.differences)}")
    return lines


def study_lines(record: Record, reference_dir: Path = REFERENCE) -> list[str]:
    """The tables of a run of a study, the reference's numbers in square brackets."""
    numbers = load_published(PUBLISHED)
    (own,) = make_results([record], numbers).studies
    reference = reference_study(own, _reference(reference_dir, numbers, record).studies)
    tables = [
        study_table(own, output, reference)
        for output in own.outputs
        if isinstance(output, study_outputs.Table)
    ]
    lines = [f"{table.title}\n{indent(table.text(), '  ')}" for table in tables]
    if reference is not None:
        seeds = ", ".join(str(one.seed) for one in reference.records)
        lines.append(f"In square brackets: the reference, seeds {seeds}.")
    return lines


def _reference(reference_dir: Path, numbers: PublishedResults, own: Record) -> Results:
    """The reference's sound results of the experiment of `own`; empty if there are none."""
    try:
        records, _ = find_records(reference_dir, f"{own.experiment}*")
    except RunError:
        records = []
    return make_results(records, numbers)


def own_markdown(
    results: Results, numbers: PublishedResults, results_dir: Path, reference_dir: Path
) -> str:
    """The whole of a user's `RESULTS.md`, which links to that of the reference."""
    reference = make_results(find_records(reference_dir)[0], numbers)
    link = Path(os.path.relpath(reference_dir / "RESULTS.md", results_dir)).as_posix()
    blocks: list[str | Table] = [
        "# Your results",
        "Made by `make tables` from the run records; do not edit.",
        EXPLANATION.format(link=link),
    ]
    by_dataset: dict[str, list[Comparison]] = {}
    for row in results.rows:
        pair = compare_with_reference(row, reference.rows)
        by_dataset.setdefault(row.dataset, []).append(pair)
    for dataset, pairs in by_dataset.items():
        blocks += [f"## {numbers.datasets.get(dataset, dataset)}", own_table(pairs)]
    if results.studies:
        blocks.append("## Studies")
    for study in results.studies:
        blocks += study_blocks(study, reference_study(study, reference.studies))
    return markdown(blocks) + "\n"
