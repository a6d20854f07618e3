"""The content of RESULTS.md, summary.csv, claims.csv and of the parts of pages, as text."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from itertools import chain

from harness.records.record import Record, plain
from harness.reporting import claim_tables, tables
from harness.reporting.claims import Claim, Verdict, judge
from harness.reporting.comparison import NUMBERS
from harness.reporting.factorial import factorial_designs
from harness.reporting.groups import (
    ModelResults,
    PublishedResults,
    Results,
)
from harness.reporting.reproduction import beside_plain_keras, reproductions
from harness.reporting.statistics import Range
from harness.reporting.table import ABSENT, Blocks, markdown

EXPLANATION = """\
- *Best validation* is the value of the best epoch on the validation data, *last validation* that
  after the last epoch. *Test at best* is the test value with the weights of the best epoch.
- The best epoch is chosen on the validation data, which flatters every network. So networks are
  compared by *test at best*.
- A model without epochs has one validation value, which stands in both columns.
- With five seeds or more a number is mean ± sample standard deviation. The 95 % interval is
  Student's t interval of the mean over the seeds, cut at the lowest and the highest possible value.
  It covers the chance in training, on the same data. A single run, such as a published one, may
  lie outside it: runs vary more than their mean.
- With fewer seeds each value is listed, without an interval. Equal values have no interval either.
- Published re-runs are independent public ones: best validation, mean ± standard deviation (number
  of runs).
- *Seconds an epoch* is the median over the epochs of a run, training and validation.
- *Notes* are the numbers in the list below each table."""

SAMPLE_EXPLANATION = """\
**Sample data:** the built-in generator made them, to show that everything works. No number here
says anything about the real data sets, and none can be compared with a published one."""


def make_tables(
    results: Results, published: PublishedResults, claims: list[Claim]
) -> tuple[dict[str, str], dict[str, str]]:
    """All tables as text: files of the results folder by name, and parts of pages by their marker.

    Sample data decide no claim.
    """
    verdicts = [] if results.sample else judge(claims, results)
    compared, calibration = reproductions(results.rows)
    plain = beside_plain_keras(results.rows)
    designs = factorial_designs(results, published)
    standard = [row for row in results.rows if not row.variant]
    parts: dict[str, Blocks] = {
        "results": tables.model_blocks(standard, published, "**{}**"),
        "expected": tables.expected_blocks(standard, published, compared, calibration),
        "reproduction": tables.reproduction_blocks(compared, calibration),
        "plain-keras": [tables.equivalence_table(plain, ["Test at best"])] if plain else [],
        "factorial": tables.factorial_blocks(designs, calibration.level),
        "claims": [claim_tables.primary_claims_table(verdicts)],
    }

    blocks: Blocks = ["# Results", "Made by `make reference` from the run records; do not edit."]
    blocks += [EXPLANATION, *([SAMPLE_EXPLANATION] if results.sample else [])]
    blocks += tables.model_blocks(results.rows, published, "## {}")
    sections: dict[str, Blocks] = {
        "The published runs": parts["reproduction"],
        "This project's layers": parts["plain-keras"] and [tables.PLAIN, *parts["plain-keras"]],
        "The update rules of Keras's versions": parts["factorial"],
        "The claims": claim_tables.claims_blocks(verdicts) if verdicts else [],
        "The studies": list(chain.from_iterable(map(claim_tables.study_blocks, results.studies))),
        "How these were made": [_origin(results.records)],
    }
    for heading, section in sections.items():
        blocks += [f"## {heading}", *section] if section else []

    files = {"RESULTS.md": markdown(blocks) + "\n"}
    if results.rows:
        files["summary.csv"] = summary_csv(results.rows)
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

    changed = sorted(record.place for record in records if record.environment["dirty"])
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
    return _csv([_model_fields(row) for row in rows], "{:.6f}")


def claims_csv(verdicts: list[Verdict]) -> str:
    """One line a claim; a field is empty where there is no such number."""
    return _csv([_claim_fields(verdict) for verdict in verdicts], "{:.6g}")


def _csv(lines: list[dict[str, str | float | None]], pattern: str) -> str:
    """Lines with the same fields below their names; numbers are written by the pattern."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        numbers = {k: pattern.format(v) for k, v in line.items() if isinstance(v, int | float)}
        writer.writerow(line | numbers)
    return text.getvalue()


def _model_fields(row: ModelResults) -> dict[str, str | float | None]:
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
        fields |= _ends(f"{name}_interval", seeds and seeds.interval)
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


def _claim_fields(verdict: Verdict) -> dict[str, str | float | None]:
    claim, measured = verdict.claim, verdict.measured
    seeds = measured.statistics if measured else ()
    few = not measured or bool(measured.missing_seeds)
    copied = ("id", "source", "statement", "quantity", "experiment", "minus", "test")
    return {
        **{name: getattr(claim, name) for name in copied},
        "primary": str(claim.primary).lower(),
        "exact": str(claim.exact).lower(),
        "n": " ".join(str(one.n) for one in seeds) or "0",
        "measured": measured and measured.estimate.value,
        "sd": seeds[0].sd if seeds else None,
        "sd_minus": seeds[1].sd if seeds[1:] else None,
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
        "superiority": None if few else measured.superiority,
        "verdict": verdict.word,
        "reason": verdict.reason,
        "why": claim.why,
        "set": claim.set,
        "runs_known": str(claim.runs_known).lower(),
    }


def _ends(name: str, interval: Range | None) -> dict[str, float | None]:
    """The two ends of an interval as fields; None if there is none."""
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}
