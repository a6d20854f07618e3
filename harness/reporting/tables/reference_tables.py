"""A user's own runs beside the reference: the last lines of a run, and the user's `RESULTS.md`."""

import os
from pathlib import Path
from textwrap import indent

from harness.errors import RunError
from harness.records import study_outputs
from harness.records.files import write_text
from harness.records.record import Record
from harness.reporting.alike import find_alike
from harness.reporting.analysis.published import PUBLISHED, PublishedResults, load_published
from harness.reporting.analysis.reference import (
    REFERENCE,
    Comparison,
    Measure,
    compare_with_reference,
    reference_study,
)
from harness.reporting.analysis.results import Results, load_results, make_results
from harness.reporting.table import FOUR, TWO, Table, format_interval, markdown, mean_and_sd
from harness.reporting.tables.claim_tables import study_blocks, study_table
from harness.reporting.tables.model_tables import as_published
from harness.reporting.tables.write import summary_csv

EXPLANATION = """\
*Yours* are the runs in this folder. *Reference* are the runs that come with this project: mean ±
sample standard deviation, and in brackets where one further run lies (95 % prediction interval) if
it differs in its seed only. *Inside* says whether your runs lie there. One correct run in twenty
lies outside. Where the reference has too few seeds for an interval, the numbers are the *same* or
*different*. In the tables of studies, the reference stands in square brackets. *Differs* lists your
settings and software that are not those of the reference. Five seeds or more are shown as a mean,
fewer one by one. The reference in full, with baselines, claims and explanations:
[{link}]({link})."""


def result_lines(record: Record, reference_dir: Path = REFERENCE) -> list[str]:
    """A run's numbers, each beside the reference's and the published one, for the terminal.

    A missing or unsound reference is no reason to fail: then the last line says so.

    Args:
        record: a run of a network or a baseline.
        reference_dir: folder of the reference's records.
    """
    numbers = load_published(PUBLISHED)
    (own,) = make_results([record], numbers).rows
    comparison = compare_with_reference(own, _reference(reference_dir, numbers, record).rows)
    trivial = f"{own.reference['label']} {own.reference['test']:.4f} on test"
    lines = [f"{record.label}, seed {record.seed}: {own.metric} ({trivial})"]
    lines += [_terminal_line(measure) for measure in comparison.measures]
    if (degrees := own.degrees("test_at_best")) is not None:
        lines.append(f"  test at best in °C {mean_and_sd(degrees, TWO)}")
    if comparison.obstacle:
        lines.append(f"  not compared: {comparison.obstacle}")
    if any(measure.verdict == "outside" for measure in comparison.measures):
        lines.append("  one correct run in twenty lies outside")
    if comparison.differences:
        lines.append(f"  differs from the reference: {', '.join(comparison.differences)}")
    return lines


def study_lines(record: Record, reference_dir: Path = REFERENCE) -> list[str]:
    """A study's tables for the terminal, the reference's numbers in square brackets.

    Args:
        record: a run of a study.
        reference_dir: folder of the reference's records.
    """
    numbers = load_published(PUBLISHED)
    (own,) = make_results([record], numbers).studies
    reference = reference_study(own, _reference(reference_dir, numbers, record).studies)
    tables = (one for one in own.outputs if isinstance(one, study_outputs.Table))
    shown = [study_table(own, one, reference) for one in tables]
    lines = [f"{one.title}\n{indent(one.text(), '  ')}" for one in shown]
    if reference is not None:
        seeds = ", ".join(str(one.seed) for one in reference.records)
        lines.append(f"In square brackets: the reference, seeds {seeds}.")
    return lines


def write_comparison(
    results_dir: Path, published: Path, reference_dir: Path
) -> tuple[list[Path], list[str]]:
    """Writes a user's `RESULTS.md` and `summary.csv` from the user's records.

    Args:
        results_dir: folder of the user's records; receives the tables.
        published: TOML file of the published numbers.
        reference_dir: folder of the reference's records.

    Returns:
        The files written, and one sentence for each of the user's runs that was left out because
        it is unfinished or damaged.

    Raises:
        RunError: no records, sample data mixed with real data, or a file or folder cannot be read
            or written.
    """
    numbers = load_published(published)
    results, left_out = load_results(results_dir, numbers)
    reference = make_results(find_alike(reference_dir)[0], numbers)
    link = Path(os.path.relpath(reference_dir / "RESULTS.md", results_dir)).as_posix()
    outputs = {results_dir / "RESULTS.md": comparison_markdown(results, reference, numbers, link)}
    if results.rows:
        outputs[results_dir / "summary.csv"] = summary_csv(results.rows)
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs), left_out


def comparison_markdown(
    results: Results, reference: Results, numbers: PublishedResults, link: str
) -> str:
    """The whole of a user's `RESULTS.md`.

    Args:
        results: the user's runs.
        reference: those of the reference.
        numbers: gives the data sets' titles.
        link: path of the reference's `RESULTS.md` as seen from the user's.
    """
    blocks: list[str | Table] = [
        "# Your results",
        "Made by `make tables` from the run records; do not edit.",
    ]
    blocks.append(EXPLANATION.format(link=link))
    by_dataset: dict[str, list[Comparison]] = {}
    for row in results.rows:
        comparison = compare_with_reference(row, reference.rows)
        by_dataset.setdefault(row.dataset, []).append(comparison)
    for dataset, comparisons in by_dataset.items():
        title = numbers.datasets.get(dataset, dataset)
        blocks += [f"## {title}", comparison_table(comparisons)]
    if results.studies:
        blocks.append("## Studies")
    for study in results.studies:
        blocks += study_blocks(study, reference_study(study, reference.studies))
    return markdown(blocks) + "\n"


def _reference(reference_dir: Path, numbers: PublishedResults, own: Record) -> Results:
    """The reference's sound results of the experiment of `own`; empty if there are none."""
    try:
        records, _ = find_alike(reference_dir, f"{own.experiment}*")
    except RunError:
        records = []
    return make_results(records, numbers)


def _terminal_line(measure: Measure) -> str:
    """Such as `  best validation 0.8842 | reference 0.8889 ± 0.0025, ...: inside`."""
    parts = [f"  {measure.name} {mean_and_sd(measure.own, FOUR)}"]
    if measure.reference:
        text = f"reference {mean_and_sd(measure.reference, FOUR)}"
        if measure.interval:
            ends = format_interval(measure.interval, FOUR)
            text += f", a further run lies in {ends}"
        text += f": {measure.verdict}"
        parts.append(text)
    if measure.published is not None:
        parts.append(f"published {as_published(measure.published)}")
    return " | ".join(parts)


def comparison_table(comparisons: list[Comparison]) -> Table:
    """A row for each number of each experiment; what holds for all of them stands in the first."""
    columns = ["Experiment", "Measure", "Yours", "Reference", "Published", "Inside", "Differs"]
    rows = []
    for comparison in comparisons:
        title, differs = comparison.own.title, ", ".join(comparison.differences)
        verdict = f"not compared: {comparison.obstacle}" if comparison.obstacle else ""
        for measure in comparison.measures:
            own, published = mean_and_sd(measure.own, FOUR), as_published(measure.published)
            cells = [own, _reference_cell(measure), published, measure.verdict or verdict, differs]
            rows.append([title, measure.name, *cells])
            title = verdict = differs = " "  # blank: as in the row above
    return Table(columns, rows, "llrrrll", "Your runs beside the reference")


def _reference_cell(measure: Measure) -> str:
    """Mean ± deviation and, in brackets, the interval of a further run."""
    if measure.reference is None:
        return ""
    text = mean_and_sd(measure.reference, FOUR)
    return f"{text} ({format_interval(measure.interval, FOUR)})" if measure.interval else text
