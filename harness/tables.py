"""Results tables, made from the run records alone: `python -m harness.tables` (`make tables`).

Writes `summary.csv` (one line a row, all digits) and `RESULTS.md` (to be read). Both are pure
functions of the records and the published numbers: same input, same bytes.
"""

import csv
import io
import os
import sys
from pathlib import Path

from harness.cells import ABSENT, devices, exact, parameters
from harness.markdown import (
    README_END,
    README_START,
    readme_markdown,
    replace_between_markers,
    results_markdown,
)
from harness.rebuild import rebuild, records_parser
from harness.record import plain
from harness.storage import write_text
from harness.summary import (
    Row,
    Spread,
    load_published,
    load_rows,
)

MEASURES = ("best_validation", "last_validation", "test_at_best", "test_at_end")


def write_tables(
    results_dir: Path, published: Path, readme: Path | None = None
) -> tuple[list[Path], list[str]]:
    """Rebuilds the tables from the records.

    Args:
        results_dir: folder of the records; receives `summary.csv` and `RESULTS.md`.
        published: TOML file of the published numbers.
        readme: file whose text between the results markers is replaced by the tables.

    Returns:
        The files written, and one sentence for each run that was left out because it is
        unfinished or damaged.

    Raises:
        RunError: no records, sample data mixed with real data, markers missing, or a file cannot
            be read or written.
    """
    catalogue = load_published(published)
    rows, left_out = load_rows(results_dir, catalogue)
    outputs = {
        results_dir / "summary.csv": summary_csv(rows),
        results_dir / "RESULTS.md": results_markdown(rows, catalogue),
    }
    if readme is not None:
        link = Path(os.path.relpath(results_dir / "RESULTS.md", readme.parent)).as_posix()
        outputs[readme] = replace_between_markers(readme, readme_markdown(rows, catalogue, link))
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs), left_out


def summary_csv(rows: list[Row]) -> str:
    """All rows with all digits that matter; empty where a model or a metric has no such value."""
    lines = [_csv_fields(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _csv_fields(row: Row) -> dict[str, str]:
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


def _csv_spread(name: str, spread: Spread | None) -> dict[str, str]:
    """Mean and deviation as two fields."""
    mean = None if spread is None else spread.mean
    sd = None if spread is None else spread.sd
    return {name: _digits(mean), f"{name}_sd": _digits(sd)}


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = records_parser(
        "python -m harness.tables",
        "Rebuild summary.csv and RESULTS.md in the results folder from the run records, without "
        "training.",
    )
    parser.add_argument(
        "--readme",
        type=Path,
        metavar="FILE",
        help=f"also replace what stands between {README_START} and {README_END} in this file",
    )
    arguments = parser.parse_args(argv)
    return rebuild(
        lambda: write_tables(arguments.results_dir, arguments.published, arguments.readme)
    )


if __name__ == "__main__":
    sys.exit(main())
