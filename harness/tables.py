"""Results tables, made from the run records alone: `python -m harness.tables` (`make tables`).

Writes `summary.csv` (one line a row, all digits) and `RESULTS.md` (to be read). Both are pure
functions of the records and the published numbers: same input, same bytes.
"""

import argparse
import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.errors import RunError
from harness.record import Record, write_text
from harness.summary import (
    Catalogue,
    Row,
    Spread,
    load_published,
    load_rows,
    name_of,
)

README_START = "<!-- results:start -->"
README_END = "<!-- results:end -->"
MEASURES = ("best_validation", "last_validation", "test_at_best", "test_at_end")
METRICS = {"accuracy": "Accuracy", "mae": "Mean absolute error (MAE)"}
ABSENT = "–"

EXPLANATION = """\
*Best validation* is the best epoch's value on the validation data and *last validation* the value
after the last epoch; *test at best* is the test value of the weights of that best epoch. The best
epoch is chosen on the validation data, so best validation flatters every network; test at best is
the number to compare. A model without epochs has one validation value, which stands in both
columns. With several seeds a cell is mean ± sample standard deviation over the seeds. Published
re-runs are independent public ones: best validation, mean ± standard deviation (number of runs).
*Notes* refers to the list below each table."""
SAMPLE_EXPLANATION = """\
**Sample data:** made by the built-in generator to show that everything works. No number here says
anything about the real data sets, and none is comparable with a published one."""


def write_tables(results_dir: Path, published: Path, readme: Path | None = None) -> list[str]:
    """Rebuilds the tables from the records.

    Args:
        results_dir: folder of the records; receives `summary.csv` and `RESULTS.md`.
        published: TOML file of the published numbers.
        readme: file whose text between the results markers is replaced by the tables.

    Returns:
        One sentence for each run that was left out because it is unfinished or damaged.

    Raises:
        RunError: no records, sample data mixed with real data, markers missing, or a file cannot
            be read or written.
    """
    catalogue = load_published(published)
    rows, left_out = load_rows(results_dir, catalogue)
    outputs = {
        results_dir / "summary.csv": summary_csv(rows),
        results_dir / "RESULTS.md": results_markdown(rows, catalogue, left_out),
    }
    if readme is not None:
        link = Path(os.path.relpath(results_dir / "RESULTS.md", readme.parent)).as_posix()
        outputs[readme] = replace_between_markers(readme, readme_markdown(rows, catalogue, link))
    for path, text in outputs.items():
        write_text(path, text)
    return left_out


# --- RESULTS.md and README -------------------------------------------------------------------


def results_markdown(rows: list[Row], catalogue: Catalogue, left_out: list[str]) -> str:
    """The whole of `RESULTS.md`."""
    blocks = ["# Results", "Made by `make tables` from the run records; do not edit.", EXPLANATION]
    if rows[0].sample:
        blocks.append(SAMPLE_EXPLANATION)
    for title, members in by_dataset(rows, catalogue):
        blocks += [f"## {title}", *_dataset_blocks(members)]
    records = [record for row in rows for record in row.records]
    blocks += ["## How these were made", "\n".join(_origin_lines(records))]
    if left_out:
        items = "\n".join(f"- {sentence}" for sentence in left_out)
        blocks += ["## Left out", f"Unfinished or damaged records, in no table above:\n\n{items}"]
    return "\n\n".join(blocks) + "\n"


def readme_markdown(rows: list[Row], catalogue: Catalogue, link: str) -> str:
    """The published protocols' tables only, for the README.

    Args:
        rows: all rows; variants are left to `RESULTS.md`.
        catalogue: the data sets' titles.
        link: path of `RESULTS.md` as seen from the README.
    """
    blocks = []
    for title, members in by_dataset(rows, catalogue):
        standard = [row for row in members if not row.variant]
        if standard:
            blocks += [f"**{title}**", *_dataset_blocks(standard)]
    blocks.append(f"What the columns mean, versions, commits and variants: [{link}]({link}).")
    return "\n\n".join(blocks)


def by_dataset(rows: list[Row], catalogue: Catalogue) -> list[tuple[str, list[Row]]]:
    """The rows of each data set under its title, in order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.dataset, []).append(row)
    return [(catalogue.datasets.get(name, name), members) for name, members in groups.items()]


def _dataset_blocks(rows: list[Row]) -> list[str]:
    """Unit line, table of the published protocol, table of the variants, footnotes."""
    notes = list(dict.fromkeys(note for row in rows for note in row.notes))
    numbers = {note: number for number, note in enumerate(notes, start=1)}
    standard = [row for row in rows if not row.variant]
    variants = [row for row in rows if row.variant]
    blocks = [_unit_line(rows)]
    if standard:
        blocks.append(_table(standard, numbers))
    if variants:
        blocks += [
            "Variants: runs whose protocol differs from the published one in the values named.",
            _table(variants, numbers),
        ]
    if notes:
        blocks.append("\n".join(f"{number}. {note}" for note, number in numbers.items()))
    return blocks


def _unit_line(rows: list[Row]) -> str:
    """What the numbers of a table are, and the trivial predictor they must beat."""
    row = rows[0]
    text = METRICS.get(row.metric, row.metric)
    if row.degrees_per_unit is not None:
        text += ", normalised by the training rows' standard deviation, and in °C"
    better = "lower" if row.metric == "mae" else "higher"
    return f"{text}; {better} is better."


def _table(rows: list[Row], numbers: dict[str, int]) -> str:
    """One Markdown table; published numbers have no column where no row has any."""
    columns: dict[str, Callable[[Row], str]] = {
        "Model": lambda row: row.title,
        "Parameters": lambda row: _parameters(row, "{:,}"),
        "Seeds": lambda row: str(len(row.records)),
        "Best validation": lambda row: _measure(row, "best_validation"),
        "Last validation": lambda row: _measure(row, "last_validation"),
        "Test at best": lambda row: _measure(row, "test_at_best"),
    }
    if any(_published(row.published) for row in rows):
        columns["Published: best / last validation"] = lambda row: "<br>".join(
            _published(row.published)
        )
    columns |= {
        "Seconds an epoch": lambda row: "<br>".join(seconds for _, seconds in _devices(row)),
        "Device": lambda row: "<br>".join(device for device, _ in _devices(row)),
        "Notes": lambda row: ", ".join(map(str, sorted(numbers[n] for n in row.notes))),
    }
    right = {"Parameters", "Seeds", "Best validation", "Last validation", "Test at best"}
    lines = [
        _line(columns),
        _line("--:" if name in right or name.startswith("Seconds") else "---" for name in columns),
        *(_line(cell(row) or ABSENT for cell in columns.values()) for row in rows),
    ]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _measure(row: Row, field: str) -> str:
    text = row.spread(field).text(4)
    degrees = row.degrees(field)
    return text if degrees is None else f"{text} ({degrees.text(2)} °C)"


def _parameters(row: Row, form: str) -> str:
    """The number of parameters; every number where the records of a row disagree."""
    counts = {record.metrics["parameters"] for record in row.records} - {None}
    return ", ".join(form.format(count) for count in sorted(counts))


def _published(published) -> list[str]:
    """The lines of a cell: best and last validation, test, re-runs, words, source."""
    best, last = _exact(published.best_validation), _exact(published.last_validation)
    lines = [" / ".join(value for value in (best, last) if value)]
    if published.test is not None:
        lines.append(f"test {_exact(published.test)}")
    if published.source:
        lines[-1] += f" ({published.source})"
    if published.reruns:
        lines.append(f"re-runs {published.reruns}")
    lines.append(published.statement)
    return [line for line in lines if line]


def _exact(value: float | None) -> str:
    """At least four decimals, and as many as were published."""
    if value is None:
        return ""
    return max(f"{value:.4f}", repr(float(value)), key=len)


def _devices(row: Row) -> list[tuple[str, str]]:
    """Each device that trained the row, and the mean seconds an epoch on it.

    Seconds are never averaged over devices; a row from several devices lists each with its seeds.
    """
    groups: dict[str, list[Record]] = {}
    for record in row.records:
        groups.setdefault(record.environment["device"], []).append(record)
    devices = []
    for device, records in sorted(groups.items()):
        seconds = [r.metrics["seconds_per_epoch"] for r in records]
        measured = tuple(value for value in seconds if value is not None)
        if len(groups) > 1:
            device += f" (seeds {', '.join(str(r.seed) for r in records)})"
        devices.append((device, f"{Spread(measured).mean:.1f}" if measured else ABSENT))
    return devices


# --- where the numbers come from -------------------------------------------------------------


def _origin_lines(records: list[Record]) -> list[str]:
    """Number of records, software, code, and what was made from changed code."""
    changed = sorted(name_of(r) for r in records if r.environment["dirty"])
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


# --- summary.csv -----------------------------------------------------------------------------


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
        "variant": ", ".join(f"{k} = {v}" for k, v in row.variant.items()),
        "model": config["title"],
        "role": config["role"],
        "parameters": _parameters(row, "{}"),
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
        "published_best_validation": _exact(published.best_validation),
        "published_last_validation": _exact(published.last_validation),
        "published_test": _exact(published.test),
        "published_reruns": published.reruns,
        "published_statement": published.statement,
        "seconds_per_epoch": " | ".join(s for _, s in _devices(row) if s != ABSENT),
        "device": " | ".join(device for device, _ in _devices(row)),
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


# --- README ----------------------------------------------------------------------------------


def replace_between_markers(path: Path, content: str) -> str:
    """The text of a file with the part between the results markers replaced.

    Args:
        path: file that holds `<!-- results:start -->` and, after it, `<!-- results:end -->`.
        content: Markdown that takes the place of what stands between them.

    Raises:
        RunError: the file cannot be read, or does not hold each marker once and in order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
    before, start, rest = text.partition(README_START)
    _, end, after = rest.partition(README_END)
    if not (start and end) or README_START in rest or README_END in before + after:
        raise RunError(
            f"{path}: expected the lines {README_START} and {README_END}, each once and in this "
            "order; the tables go between them."
        )
    return f"{before}{start}\n\n{content}\n\n{end}{after}"


# --- command line ----------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.tables",
        description="Rebuild the results tables from the run records, without training.",
    )
    parser.add_argument(
        "--results-dir",
        type=Path,
        default=Path("results"),
        help="folder of the records; receives summary.csv and RESULTS.md (default: %(default)s)",
    )
    parser.add_argument(
        "--published",
        type=Path,
        default=Path("experiments/published.toml"),
        help="published numbers (default: %(default)s)",
    )
    parser.add_argument(
        "--readme",
        type=Path,
        help=f"also replace what stands between {README_START} and {README_END} in this file",
    )
    arguments = parser.parse_args(argv)
    try:
        left_out = write_tables(arguments.results_dir, arguments.published, arguments.readme)
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for sentence in left_out:
        print(f"warning: left out: {sentence}", file=sys.stderr)
    print(f"wrote {arguments.results_dir / 'summary.csv'} and RESULTS.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
