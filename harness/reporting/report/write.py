"""Writes the report: reads the records, and lays out what the page shows."""

from collections.abc import Callable
from pathlib import Path

from harness.records.atomic_files import write_text
from harness.records.study_outputs import Heatmap, Lines, Table
from harness.reporting.analysis.claims import load_claims
from harness.reporting.analysis.factorial import factorial_designs
from harness.reporting.analysis.published import PublishedResults, load_published
from harness.reporting.analysis.reference import compare_with_reference
from harness.reporting.analysis.reproduction import reproductions
from harness.reporting.analysis.results import Results, Study, load_results
from harness.reporting.analysis.verdicts import NOT_CHECKABLE, Verdict, judge
from harness.reporting.figures.charts import study_charts, update_rules_chart, with_most_rules
from harness.reporting.figures.draw import rules_title
from harness.reporting.report.experiments import ShownExperiment, facts_of, runs_of
from harness.reporting.report.page import render
from harness.reporting.report.speed import load_speed
from harness.reporting.table import format_interval, markdown
from harness.reporting.tables import claim_tables, model_tables
from harness.reporting.tables.reference_tables import comparison_table

YOURS, REFERENCE = "yours", "reference"


def write_report(
    results_dir: Path,
    published: Path,
    claims: Path,
    reference_dir: Path | None,
    output: Path,
    progress: Callable[[str], None] = lambda step: None,
) -> tuple[list[Path], list[str]]:
    """Writes the page of a folder's records, beside those of the reference if one is given.

    Args:
        results_dir: folder of the records.
        published: TOML file of the published numbers.
        claims: TOML file of the claims.
        reference_dir: folder of the reference's records; with it, `results_dir` may be empty.
        output: the file to write.
        progress: is told what is being done.

    Returns:
        The file, and one sentence for each run that was left out.

    Raises:
        RunError: no records, sample data mixed with real data, or a file cannot be read or written.
    """
    progress("reading the records")
    numbers = load_published(published)
    statements = load_claims(claims, numbers.experiments)
    folders: dict[str, Results] = {}
    left_out: list[str] = []
    found = reference_dir is None or any(results_dir.glob("*/seed-*"))
    for origin, folder in [(YOURS, results_dir if found else None), (REFERENCE, reference_dir)]:
        sample = YOURS in folders and folders[YOURS].sample
        if folder and not sample:  # sample runs have no reference
            folders[origin], missing = load_results(folder, numbers)
            left_out += [f"{folder}/{sentence}" for sentence in missing]

    progress("comparing the experiments")
    experiments = _experiments(folders)
    main = folders.get(REFERENCE) or folders[YOURS]
    standard = [row for row in main.rows if not row.variant]
    designs = factorial_designs(main, numbers)
    rules = with_most_rules(designs)
    progress("judging the claims")
    verdicts = {
        origin: [] if results.sample else judge(statements, results)
        for origin, results in folders.items()
    }
    compared, calibration = reproductions(main.rows)
    progress("drawing the page")
    text = render(
        origins=list(folders),
        records={origin: len(results.records) for origin, results in folders.items()},
        sample=main.sample,
        finding=rules_title(rules) if rules else "",
        rules=[update_rules_chart(design) for design in rules],
        factorial=markdown(model_tables.factorial_blocks(designs, calibration.level)),
        expected=markdown(model_tables.expected_blocks(standard, numbers, compared, calibration)),
        beside=_beside_reference(folders),
        experiments=experiments,
        datasets=_by_dataset(experiments, numbers),
        claims=_claims(verdicts),
        explanation=claim_tables.EXPLANATION,
        facts_of=facts_of,
        runs_of=runs_of,
        speed=load_speed(reference_dir or results_dir),
        studies=[
            _study(study, origin if len(folders) > 1 else "")
            for origin, results in folders.items()
            for study in results.studies
        ],
        left_out=left_out,
    )
    write_text(output, text)
    return [output], left_out


def _experiments(folders: dict[str, Results]) -> list[ShownExperiment]:
    """All networks and baselines, the user's first."""
    found = []
    for origin, results in folders.items():
        answers = {one.row.name: one.answers for one in reproductions(results.rows)[0]}
        for row in results.rows:
            shown = origin if len(folders) > 1 else ""
            name = f"experiment-{len(found) + 1}"
            found.append(ShownExperiment(name, shown, row, answers.get(row.name, {})))
    return found


def _by_dataset(
    experiments: list[ShownExperiment], numbers: PublishedResults
) -> dict[str, list[ShownExperiment]]:
    """The experiments of each data set by its title."""
    groups: dict[str, list[ShownExperiment]] = {}
    for one in experiments:
        title = numbers.datasets.get(one.row.dataset, one.row.dataset)
        groups.setdefault(title, []).append(one)
    return groups


def _beside_reference(folders: dict[str, Results]) -> str:
    """The user's numbers beside the reference's, as a Markdown table; empty without both."""
    if len(folders) < 2 or not folders[YOURS].rows:
        return ""
    rows = folders[REFERENCE].rows
    table = comparison_table([compare_with_reference(own, rows) for own in folders[YOURS].rows])
    return table.markdown()


def _claims(verdicts: dict[str, list[Verdict]]) -> list[dict]:
    """The claims as the page shows them: judged by the reference, and by the user's own runs."""
    *own, main = verdicts.values()
    return [
        {
            "claim": verdict.claim,
            "sources": verdict.claim.source.split(", "),
            "value": claim_tables.measured_text(verdict),
            "interval": format_interval(verdict.measured and verdict.measured.interval),
            "word": verdict.word,
            "reason": claim_tables.verdict_and_effect(verdict)
            .removeprefix(verdict.word)
            .lstrip(":; "),
            "own": [v[place].text for v in own if v and v[place].word != NOT_CHECKABLE],
        }
        for place, verdict in enumerate(main)
    ]


def _study(study: Study, origin: str) -> dict:
    """A study as the page shows it: each output in a form that the template knows."""
    outputs = []
    for output in study.outputs:
        kind, content = type(output).__name__.lower(), output
        if isinstance(output, Lines):
            content = study_charts(study, output)
        elif isinstance(output, Table):
            table = claim_tables.study_table(study, output)
            content = [(name, cells) for name, *cells in table.rows]
        elif isinstance(output, Heatmap):
            content = _shades(output)
        outputs.append({"kind": kind, "title": study.caption(output), "output": output})
        outputs[-1]["content"] = content
    return {
        "title": f"{study.title} ({origin})" if origin else study.title,
        "study": study,
        "outputs": outputs,
    }


def _shades(grid: Heatmap) -> list[tuple[str, list[tuple[float, float, bool]]]]:
    """Each row's name and its cells: the number, its share of the largest, and whether framed."""
    limit = max(abs(value) for values in grid.rows.values() for value in values) or 1.0
    marks = grid.marks or [None] * len(grid.columns)
    return [
        (name, [(v, v / limit, mark == name) for v, mark in zip(values, marks, strict=True)])
        for name, values in grid.rows.items()
    ]
