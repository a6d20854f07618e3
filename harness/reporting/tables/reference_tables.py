"""A user's own runs beside the reference: the last lines of a run, and the user's `RESULTS.md`."""

import os
from pathlib import Path

from harness.errors import RunError
from harness.records.files import write_text
from harness.records.record import Record, find_records
from harness.reporting.analysis.models import (
    PUBLISHED,
    ModelResults,
    PublishedResults,
    load_published,
    make_rows,
)
from harness.reporting.analysis.reference import (
    REFERENCE,
    Comparison,
    Measure,
    compare_with_reference,
)
from harness.reporting.analysis.results import Results, load_results
from harness.reporting.tables.claim_tables import study_blocks
from harness.reporting.tables.model_tables import line
from harness.reporting.tables.numbers import ABSENT, exact, interval, spread_text
from harness.reporting.tables.write import summary_csv

EXPLANATION = """\
*Yours* are the runs in this folder. *Reference* are the runs that come with this project: mean ±
sample standard deviation, and in brackets where one further run lies (95 % prediction interval) if
it differs in its seed only. *Inside* says whether your runs lie there; one sound run in twenty does
not. *Differs* lists your settings and software that are not those of the reference. Five seeds or
more are shown as a mean, fewer one by one. The reference in full, with baselines, claims and
explanations: [{link}]({link})."""


def result_lines(record: Record, reference_dir: Path = REFERENCE) -> list[str]:
    """A run's numbers, each beside the reference's and the published one, for the terminal.

    A missing or unsound reference is no reason to fail: then the last line says so.

    Args:
        record: a run of a network or a baseline.
        reference_dir: folder of the reference's records.
    """
    catalogue = load_published(PUBLISHED)
    (own,) = make_rows([record], catalogue)
    comparison = compare_with_reference(own, _reference_rows(reference_dir, catalogue, own))
    trivial = f"{own.reference['label']} {own.reference['test']:.4f} on test"
    lines = [f"{record.label}, seed {record.seed}: {own.metric} ({trivial})"]
    lines += [_terminal_line(measure) for measure in comparison.measures]
    if comparison.obstacle:
        lines.append(f"  not compared: {comparison.obstacle}")
    if any(measure.verdict == "outside" for measure in comparison.measures):
        lines.append("  one sound run in twenty lies outside")
    if comparison.differences:
        lines.append(f"  differs from the reference: {', '.join(comparison.differences)}")
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
        RunError: no records, sample data mixed with real data, or a file cannot be read or written.
    """
    catalogue = load_published(published)
    results, left_out = load_results(results_dir, catalogue)
    reference = _reference_rows(reference_dir, catalogue)
    link = Path(os.path.relpath(reference_dir / "RESULTS.md", results_dir)).as_posix()
    outputs = {results_dir / "RESULTS.md": comparison_markdown(results, reference, catalogue, link)}
    if results.rows:
        outputs[results_dir / "summary.csv"] = summary_csv(results.rows)
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs), left_out


def comparison_markdown(
    results: Results, reference: list[ModelResults], catalogue: PublishedResults, link: str
) -> str:
    """The whole of a user's `RESULTS.md`.

    Args:
        results: the user's runs.
        reference: the reference's rows.
        catalogue: the data sets' titles.
        link: path of the reference's `RESULTS.md` as seen from the user's.
    """
    blocks = ["# Your results", "Made by `make tables` from the run records; do not edit."]
    blocks.append(EXPLANATION.format(link=link))
    by_dataset: dict[str, list[Comparison]] = {}
    for row in results.rows:
        comparison = compare_with_reference(row, reference)
        by_dataset.setdefault(row.dataset, []).append(comparison)
    for dataset, comparisons in by_dataset.items():
        title = catalogue.datasets.get(dataset, dataset)
        blocks += [f"## {title}", _table(comparisons)]
    if results.studies:
        blocks.append("## Studies")
    for study in results.studies:
        blocks += study_blocks(study)
    return "\n\n".join(blocks) + "\n"


def _reference_rows(
    reference_dir: Path, catalogue: PublishedResults, own: ModelResults | None = None
) -> list[ModelResults]:
    """The reference's sound rows, all or those of one experiment; none if there is no reference."""
    folder = f"{own.first.experiment}*" if own else "*"
    try:
        records, _ = find_records(reference_dir, folder)
    except RunError:
        return []
    return make_rows(records, catalogue)


def _four(value: float) -> str:
    return f"{value:.4f}"


def _terminal_line(measure: Measure) -> str:
    """Such as `  best validation 0.8842 | reference 0.8889 ± 0.0025, ...: inside`."""
    parts = [f"  {measure.name} {spread_text(measure.own, _four, _four)}"]
    if measure.reference:
        text = f"reference {spread_text(measure.reference, _four, _four)}"
        if measure.interval:
            ends = interval(measure.interval, _four)
            text += f", a further run lies in {ends}: {measure.verdict}"
        parts.append(text)
    if measure.published is not None:
        parts.append(f"published {exact(measure.published)}")
    return " | ".join(parts)


def _table(comparisons: list[Comparison]) -> str:
    """A row for each number of each experiment; what holds for all of them stands in the first."""
    columns = ["Experiment", "Measure", "Yours", "Reference", "Published", "Inside", "Differs"]
    rows = [line(columns), line(["---", "---", "--:", "--:", "--:", "---", "---"])]
    for comparison in comparisons:
        title, differs = comparison.own.title, ", ".join(comparison.differences)
        verdict = f"not compared: {comparison.obstacle}" if comparison.obstacle else ""
        for measure in comparison.measures:
            own = spread_text(measure.own, _four, _four)
            there, published = _reference_cell(measure), exact(measure.published)
            cells = [own, there or ABSENT, published or ABSENT, measure.verdict or verdict, differs]
            rows.append(line([title, measure.name, *cells]))
            title = verdict = differs = ""
    return "\n".join(rows)


def _reference_cell(measure: Measure) -> str:
    """Mean ± deviation and, in brackets, the interval of a further run."""
    if measure.reference is None:
        return ""
    text = spread_text(measure.reference, _four, _four)
    return f"{text} ({interval(measure.interval, _four)})" if measure.interval else text
