"""Writes the results tables, from the run records alone.

Writes `summary.csv` (one line a network or baseline), `claims.csv` (one line a claim) and
`RESULTS.md` (to be read). All are pure functions of the records, the published numbers and the
claims: same input, same bytes.
"""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from harness.records.files import write_text
from harness.records.record import plain
from harness.reporting.analysis.claims import Claim, load_claims
from harness.reporting.analysis.factorial import designs
from harness.reporting.analysis.models import ModelResults, PublishedResults, load_published
from harness.reporting.analysis.results import Results, load_results
from harness.reporting.analysis.seeds import SeedStatistics
from harness.reporting.analysis.statistics import Range
from harness.reporting.analysis.verdicts import Verdict, judge
from harness.reporting.tables.claim_tables import primary_table
from harness.reporting.tables.curve_tables import (
    factorial_markdown,
    reproduction_table,
    reproductions,
)
from harness.reporting.tables.document import replace_between_markers, results_markdown
from harness.reporting.tables.model_tables import readme_rows
from harness.reporting.tables.numbers import ABSENT, devices, exact, parameters

MEASURES = ("best_validation", "last_validation", "test_at_best", "test_at_end")


def write_tables(
    results_dir: Path, published: Path, claims: Path, pages: Sequence[Path] = ()
) -> tuple[list[Path], list[str]]:
    """Rebuilds the tables from the records.

    Args:
        results_dir: folder of the records; receives the tables.
        published: TOML file of the published numbers.
        claims: TOML file of the claims.
        pages: files such as the README, in which the tables go between their markers.

    Returns:
        The files written, and one sentence for each run that was left out because it is
        unfinished or damaged.

    Raises:
        RunError: no records, sample data mixed with real data, markers missing, or a file cannot
            be read or written.
    """
    catalogue = load_published(published)
    statements = load_claims(claims, catalogue.experiments)
    results, left_out = load_results(results_dir, catalogue)
    outputs = {results_dir / "RESULTS.md": results_markdown(results, catalogue, statements)}
    if results.rows:
        outputs[results_dir / "summary.csv"] = summary_csv(results.rows)
    if not results.sample:
        outputs[results_dir / "claims.csv"] = claims_csv(statements, results)
    for page in pages:
        link = Path(os.path.relpath(results_dir / "RESULTS.md", page.parent)).as_posix()
        parts = page_parts(results, catalogue, statements, link)
        outputs[page] = replace_between_markers(page, parts)
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs), left_out


def page_parts(
    results: Results, catalogue: PublishedResults, claims: list[Claim], link: str
) -> dict[str, str]:
    """The tables that pages show, by the names of their markers.

    Args:
        results: what was measured.
        catalogue: titles and order.
        claims: the claims.
        link: path of `RESULTS.md` as seen from the page.
    """
    return {
        "results": readme_rows(results.rows, catalogue, link),
        "reproduction": reproduction_table(reproductions(results, catalogue)),
        "ideas": primary_table(claims, results)
        + f"\n\nAll claims, with reasons and notes: [{link}]({link}).",
        "factorial": factorial_markdown(designs(results, catalogue)),
    }


def claims_csv(claims: list[Claim], results: Results) -> str:
    """All claims with all digits that matter; empty where nothing was measured."""
    return _csv([_claim_fields(verdict) for verdict in judge(claims, results)])


def _claim_fields(verdict: Verdict) -> dict[str, str]:
    claim, measured = verdict.claim, verdict.measured
    sides = [side.values for side in measured.sides] if measured else []
    counts = [str(values.n) for values in sides] or ["0"]
    numbers = {
        "measured": measured and measured.estimate.value,
        "sd": sides[0].sd if sides else None,
        "sd_minus": sides[1].sd if sides[1:] else None,
        **_ends("interval", measured and measured.interval),
        **_ends("samples_interval", measured and measured.samples_interval),
        "at_least": claim.at_least,
        "at_most": claim.at_most,
        "margin": claim.margin,
        "p": verdict.p and verdict.p.holds,
        "p_adjusted": verdict.adjusted and verdict.adjusted.holds,
        "p_against": verdict.p and verdict.p.fails,
        "p_against_adjusted": verdict.adjusted and verdict.adjusted.fails,
        "effect": measured and measured.effect,
        "superiority": measured and measured.superiority,
    }
    said = ("id", "source", "statement", "quantity", "experiment", "minus", "test")
    return {
        **{name: getattr(claim, name) for name in said},
        "primary": str(claim.primary).lower(),
        "exact": str(claim.exact).lower(),
        "n": " ".join(counts),
        **{name: _number(value) for name, value in numbers.items()},
        "verdict": verdict.word,
        "reason": verdict.reason,
        "why": claim.why,
        "set": claim.set,
        "runs_known": str(claim.runs_known).lower(),
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _csv(lines: list[dict[str, str]]) -> str:
    """Lines of the same fields, at least one, below their names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def summary_csv(rows: list[ModelResults]) -> str:
    """All rows with all digits that matter; empty where a model or a metric has no such value."""
    return _csv([_csv_fields(row) for row in rows])


def _csv_fields(row: ModelResults) -> dict[str, str]:
    config, published = row.first.config, row.published
    fields = {
        "dataset": row.dataset,
        "sample": str(row.sample).lower(),
        "experiment": row.first.experiment,
        "variant": ", ".join(f"{k} = {plain(v)}" for k, v in row.variant.items()),
        "model": config["title"],
        "role": config["role"],
        "parameters": parameters(row, "{}"),
        "metric": row.metric,
        "seeds": " ".join(str(record.seed) for record in row.records),
        "n": str(len(row.records)),
    }
    for measure in MEASURES:
        fields |= _csv_spread(measure, row.spread(measure))
    for measure in MEASURES:
        fields |= _csv_spread(f"{measure}_degrees", row.degrees(measure))
    return fields | {
        "reference": row.reference["label"],
        "reference_validation": _digits(row.reference["validation"]),
        "reference_test": _digits(row.reference["test"]),
        "published_source": published.source,
        "published_best_validation": exact(published.best_validation),
        "published_last_validation": exact(published.last_validation),
        "published_test": exact(published.test),
        "published_reruns": published.reruns,
        "published_statement": published.statement,
        "seconds_per_epoch": " | ".join(s for _, s in devices(row) if s != ABSENT),
        "device": " | ".join(device for device, _ in devices(row)),
        "data_files": " ".join(file["sha256"] for file in row.first.data["files"]),
        "notes": " | ".join(row.notes),
    }


def _csv_spread(name: str, spread: SeedStatistics | None) -> dict[str, str]:
    """Mean, deviation and the two ends of the interval, a field each."""
    numbers = {
        name: spread and spread.mean,
        f"{name}_sd": spread and spread.sd,
        **_ends(f"{name}_interval", spread and spread.interval),
    }
    return {field: _digits(number) for field, number in numbers.items()}


def _ends(name: str, interval: Range | None) -> dict[str, float | None]:
    """The low and the high end of an interval; None where there is none."""
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
