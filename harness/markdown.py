"""The results as Markdown: `RESULTS.md`, and the tables of the README."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.cells import ABSENT, devices, exact, parameters
from harness.errors import RunError
from harness.record import Record
from harness.summary import Catalogue, Row

README_START = "<!-- results:start -->"
README_END = "<!-- results:end -->"
METRICS = {"accuracy": "Accuracy", "mae": "Mean absolute error (MAE)"}

EXPLANATION = """\
*Best validation* is the best epoch's value on the validation data and *last validation* the value
after the last epoch; *test at best* is the test value of the weights of that best epoch. The best
epoch is chosen on the validation data, so best validation flatters every network; test at best is
the number to compare. A model without epochs has one validation value, which stands in both
columns. With several seeds a cell is mean ± sample standard deviation over the seeds. Published
re-runs are independent public ones: best validation, mean ± standard deviation (number of runs).
*Seconds an epoch* is the median over a run's epochs, training and validation. *Notes* refers to the
list below each table."""
SAMPLE_EXPLANATION = """\
**Sample data:** made by the built-in generator to show that everything works. No number here says
anything about the real data sets, and none is comparable with a published one."""


def results_markdown(rows: list[Row], catalogue: Catalogue) -> str:
    """The whole of `RESULTS.md`."""
    blocks = ["# Results", "Made by `make tables` from the run records; do not edit.", EXPLANATION]
    if rows[0].sample:
        blocks.append(SAMPLE_EXPLANATION)
    for title, members in by_dataset(rows, catalogue):
        blocks += [f"## {title}", *_dataset_blocks(members)]
    records = [record for row in rows for record in row.records]
    blocks += ["## How these were made", "\n".join(_origin_lines(records))]
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
        "Parameters": lambda row: parameters(row, "{:,}"),
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
        "Seconds an epoch": lambda row: "<br>".join(seconds for _, seconds in devices(row)),
        "Device": lambda row: "<br>".join(device for device, _ in devices(row)),
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


def _published(published) -> list[str]:
    """The lines of a cell: best and last validation, test, re-runs, words, source."""
    best, last = exact(published.best_validation), exact(published.last_validation)
    lines = [" / ".join(value for value in (best, last) if value)]
    if published.test is not None:
        lines.append(f"test {exact(published.test)}")
    if published.source:
        lines[-1] += f" ({published.source})"
    if published.reruns:
        lines.append(f"re-runs {published.reruns}")
    lines.append(published.statement)
    return [line for line in lines if line]


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
