"""Rebuilds the results tables from the run records, without training (`make tables`).

They are RESULTS.md (to be read), summary.csv (one line a network or baseline) and claims.csv (one
line a claim), in the results folder. The same records, published numbers and claims give the same
bytes.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.cli import Parser, add_places, print_written, run_command
from harness.errors import RunError
from harness.records.files import write_text
from harness.records.record import Record, plain
from harness.reporting import tables
from harness.reporting.claims import Statements, judge, load_claims
from harness.reporting.claims_tables import claims_blocks, claims_csv, count_rows, primary_claims
from harness.reporting.comparison import beside_plain_keras
from harness.reporting.conditions import from_changed_code
from harness.reporting.factorial import factorial_designs
from harness.reporting.groups import (
    CLAIMS,
    NUMBERS,
    PUBLISHED,
    ModelResults,
    PublishedResults,
    Results,
    load_published,
    load_results,
)
from harness.reporting.own_runs import own_markdown
from harness.reporting.reproduction import reproductions
from harness.reporting.table import ABSENT, Blocks, csv_text, explanation, interval_ends, markdown

SHOWN_STUDIES = ("padding",)  # whose tables stand on a page, too


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.pages", __doc__)
    add_places(parser, "results")
    parser.add_argument(
        "--pages",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE",
        help="also replace the tables in these files, between lines such as "
        "<!-- results:start --> and <!-- results:end -->",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="show the runs beside those of this folder, instead of all claims and explanations",
    )
    arguments = parser.parse_args(argv)
    return run_command(lambda: print_written(*write_tables(**vars(arguments))))


def write_tables(
    results_dir: Path,
    pages: Sequence[Path] = (),
    reference: Path | None = None,
    published: Path = PUBLISHED,
    claims: Path = CLAIMS,
) -> tuple[list[Path], list[str]]:
    """Rebuilds the tables in `results_dir`, and the parts of pages such as the README.

    With `reference`, the runs are shown beside the records of that folder. Returns the files
    written, and one sentence for each run that was left out because it is unfinished or damaged.
    """
    numbers = load_published(published)
    statements = None if reference else load_claims(claims, numbers.experiments)
    results = load_results(results_dir, numbers)
    if reference:
        files, parts = {"RESULTS.md": own_markdown(results, numbers, results_dir, reference)}, {}
    else:
        files, parts = make_tables(results, numbers, statements)
    if results.rows:
        files["summary.csv"] = summary_csv(results.rows)
    outputs = {results_dir / name: text for name, text in files.items()}
    outputs |= {page: replace_between_markers(page, parts) for page in pages}
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs), results.left_out


def make_tables(
    results: Results, published: PublishedResults, statements: Statements
) -> tuple[dict[str, str], dict[str, str]]:
    """RESULTS.md and claims.csv as text, and parts of pages by their marker.

    Sample data decide no claim.
    """
    verdicts = [] if results.sample else judge(statements.claims, results)
    compared, calibration = reproductions(results.rows)
    plain = beside_plain_keras(results.rows)
    layers = [tables.equivalence_table(plain, ["Test at best"])] if plain else []
    designs = factorial_designs(results, published)
    standard = [row for row in results.rows if not row.variant]
    parts: dict[str, Blocks] = {
        "results": tables.model_blocks(standard, published, "**{}**"),
        "expected": tables.expected_blocks(standard, published, compared, calibration),
        "reproduction": tables.reproduction_blocks(compared, calibration),
        "plain-keras": layers,
        "factorial": tables.factorial_blocks(designs, calibration.level),
        "rows": [count_rows(verdicts, statements.left_out)] if verdicts else [],
        "claims": primary_claims(verdicts),
        "compute": [tables.compute_table(results.records, published)],
    }
    for name in SHOWN_STUDIES:
        studies = (study for study in results.studies if study.name == name)
        parts[name] = next((tables.study_blocks(study)[1:] for study in studies), [])

    blocks: Blocks = ["# Results", "Made by `make reference` from the run records; do not edit."]
    blocks += map(explanation, ("results", "sample data") if results.sample else ("results",))
    blocks += tables.model_blocks(results.rows, published, "## {}")
    sections: dict[str, Blocks] = {
        "The published runs": parts["reproduction"],
        "This project's layers": [explanation("plain Keras"), *layers] if layers else [],
        "The update rules of Keras's versions": parts["factorial"],
        "The claims": claims_blocks(verdicts, statements.left_out) if verdicts else [],
        "The studies": [one for study in results.studies for one in tables.study_blocks(study)],
        "How these were made": [_origin(results.records)],
    }
    for heading, section in sections.items():
        blocks += [f"## {heading}", *section] if section else []

    files = {"RESULTS.md": markdown(blocks) + "\n"}
    if verdicts:
        files["claims.csv"] = claims_csv(verdicts)
    return files, {name: markdown(part) for name, part in parts.items()}


def _origin(records: list[Record]) -> str:
    """Number of records, software, code, and what was made from changed code."""

    def distinct(origin: Callable[[Record], str]) -> str:
        counts = sorted(Counter(map(origin, records)).items())
        return "; ".join(f"{value} ({n} record{'s' if n > 1 else ''})" for value, n in counts)

    def software(record: Record) -> str:
        packages = sorted(record.environment["packages"].items())
        versions = [("Python", record.environment["python"]), *packages]
        return ", ".join(f"{name} {version}" for name, version in versions)

    changed = sorted(record.place for record in from_changed_code(records))
    return "\n".join(
        [
            f"- Records: {len(records)}",
            f"- Software: {distinct(software)}",
            f"- Keras backend: {distinct(lambda r: r.environment['backend'])}",
            f"- Commit: {distinct(lambda r: r.environment['commit'] or 'unknown')}",
            f"- Made with uncommitted changes to the code: {', '.join(changed) or 'none'}",
        ]
    )


def summary_csv(rows: list[ModelResults]) -> str:
    """One line a network or baseline; a field is empty where there is no such number."""
    return csv_text([_fields(row) for row in rows], "%.6f")


def _fields(row: ModelResults) -> dict[str, str | float | None]:
    published, devices = row.published, tables.seconds_by_device(row)
    fields = {
        "dataset": row.dataset,
        "sample": str(row.sample).lower(),
        "experiment": row.first.experiment,
        "variant": ", ".join(f"{k} = {plain(v)}" for k, v in row.variant.items()),
        "model": row.first.config["title"],
        "role": row.first.config["role"],
        "parameters": tables.parameter_counts(row, "{}"),
        "metric": row.metric,
        "seeds": " ".join(str(record.seed) for record in row.records),
        "n": str(len(row.records)),
    }
    columns = [(name, row.spread(name)) for name in NUMBERS.values()]
    columns += [(f"{name}_degrees", row.degrees(name)) for name in NUMBERS.values()]
    for name, seeds in columns:
        fields |= {name: seeds and seeds.mean, f"{name}_sd": seeds and seeds.sd}
        fields |= interval_ends(f"{name}_interval", seeds and seeds.interval)
    return fields | {
        "reference": row.reference["label"],
        "reference_validation": row.reference["validation"],
        "reference_test": row.reference["test"],
        "published_source": published.source,
        "published_best_validation": tables.as_published(published.best_validation),
        "published_last_validation": tables.as_published(published.last_validation),
        "published_test": tables.as_published(published.test),
        "published_reruns": published.reruns,
        "published_statement": published.statement,
        "seconds_per_epoch": " | ".join(s for s in devices.values() if s != ABSENT),
        "device": " | ".join(devices),
        "data_files": " ".join(file["sha256"] for file in row.first.data["files"]),
        "notes": " | ".join(row.notes),
    }


def markers(part: str) -> tuple[str, str]:
    """The lines of a page between which a part is put: its start and its end."""
    return f"<!-- {part}:start -->", f"<!-- {part}:end -->"


def replace_between_markers(path: Path, parts: dict[str, str]) -> str:
    """A page with new Markdown for its parts.

    They stand between `<!-- <part>:start -->` and `<!-- <part>:end -->`. The page must hold at
    least one, with both markers once and in order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
    shown = [part for part in parts if any(marker in text for marker in markers(part))]
    for part in shown or list(parts)[:1]:
        start, end = markers(part)
        before, _, rest = text.partition(start)
        _, found, after = rest.partition(end)
        if not found or start in rest or end in before + after:
            raise RunError(
                f"{path}: expected the lines {start} and {end}, each once and in this order; "
                "tables go between them."
            )
        text = f"{before}{start}\n\n{parts[part]}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    sys.exit(main())
