"""Tables of networks, baselines, studies, published logs and update rules."""

import math
import statistics
from collections.abc import Callable
from itertools import groupby

from harness.records import study_outputs
from harness.records.record import Record
from harness.reporting.comparison import Equivalence, verdict_text
from harness.reporting.factorial import FactorialDesign
from harness.reporting.groups import ModelResults, Published, PublishedResults, Study
from harness.reporting.reproduction import (
    ONE_MORE_RUN,
    SAME_END,
    Calibration,
    Reproduction,
    log_test,
)
from harness.reporting.statistics import (
    Estimate,
    SeedStatistics,
    binomial_interval,
)
from harness.reporting.table import (
    ABSENT,
    FOUR,
    ONE,
    SIGNED,
    TWO,
    Blocks,
    Table,
    explanation,
    footnotes,
    format_interval,
    format_percent,
    format_significant,
    mean_and_sd,
    note_marks,
    number_notes,
)

INTERVAL = "95 % interval of test at best"
PUBLISHED = "Published: best / last validation"
METRICS = {"accuracy": "Accuracy", "mae": "Mean absolute error (MAE)"}


def model_blocks(rows: list[ModelResults], published: PublishedResults, heading: str) -> Blocks:
    """For each data set a heading (`## {}`), the unit, tables of its models, and footnotes."""
    blocks = []
    for dataset, group in groupby(rows, lambda row: row.dataset):
        members = list(group)
        numbers = number_notes(note for row in members for note in row.notes)
        title = published.datasets.get(dataset, dataset)
        blocks += [heading.format(title), _unit(members[0])]
        if standard := [row for row in members if not row.variant]:
            blocks.append(_model_table(standard, numbers))
        if variants := [row for row in members if row.variant]:
            own = "own " if members[0].first.own_data else ""
            blocks += [explanation(f"{own}variants"), _model_table(variants, numbers)]
        if numbers:
            blocks.append(footnotes(numbers))
    return blocks


def _unit(row: ModelResults) -> str:
    """What the numbers of a table are, and which are better."""
    text = METRICS[row.metric]
    if row.degrees_per_unit is not None:
        unit = row.unit or "the target's own unit"
        text += f", normalised by the training rows' standard deviation, and in {unit}"
    return f"{text}; {'lower' if row.lower_is_better else 'higher'} is better."


def _model_table(rows: list[ModelResults], numbers: dict[str, int]) -> Table:
    """One row a model; intervals and published numbers have a column only if some row has any."""
    cells = []
    for row in rows:
        seconds = seconds_by_device(row)
        cells.append(
            {
                "Model": row.title,
                "Parameters": parameter_counts(row, "{:,}"),
                "Seeds": str(len(row.records)),
                "Best validation": with_degrees(row, "best_validation"),
                "Last validation": with_degrees(row, "last_validation"),
                "Test at best": with_degrees(row, "test_at_best"),
                INTERVAL: with_degrees(row, "test_at_best", interval_text),
                PUBLISHED: _published_lines(row.published),
                "Seconds an epoch": "\n".join(seconds.values()),
                "Device": "\n".join(seconds),
                "Notes": note_marks(row.notes, numbers),
            }
        )
    empty = {name for name in (INTERVAL, PUBLISHED) if not any(row[name] for row in cells)}
    kept = [{name: row[name] for name in row if name not in empty} for row in cells]
    return Table.of(kept, {PUBLISHED, "Device", "Notes"})


def parameter_counts(row: ModelResults, pattern: str) -> str:
    """The number of parameters; each number if the records of a row disagree."""
    counts = {record.metrics["parameters"] for record in row.records} - {None}
    return ", ".join(pattern.format(count) for count in sorted(counts))


def with_degrees(row: ModelResults, field: str, show: Callable[..., str] = mean_and_sd) -> str:
    """Mean ± deviation, or what else is shown, also in the target's unit where it has one."""
    text, degrees = show(row.spread(field), FOUR), in_degrees(row, field, show)
    return f"{text} ({f'{degrees} {row.unit}'.strip()})" if text and degrees else text


def in_degrees(row: ModelResults, field: str, show: Callable[..., str] = mean_and_sd) -> str:
    """The same in °C, or in the unit of the user's own target; empty where there is none."""
    degrees, write = row.degrees(field), format_significant if row.first.own_data else TWO
    return show(degrees, write) if degrees else ""


def interval_text(seeds: SeedStatistics, write: Callable[[float], str]) -> str:
    """The 95 % interval of the mean; empty if there is none."""
    return format_interval(seeds.interval, write)


def _published_lines(published: Published) -> str:
    """The lines of a cell: best and last validation, test, source, re-runs, words."""
    lines = [_best_and_last(published)]
    if published.test is not None:
        lines.append(f"test {as_published(published.test)}")
    if published.source:
        lines[-1] += f" ({published.source})"
    if published.reruns:
        lines.append(f"re-runs {published.reruns}")
    return "\n".join(line for line in (*lines, published.statement) if line)


def _best_and_last(published: Published) -> str:
    numbers = map(as_published, (published.best_validation, published.last_validation))
    return " / ".join(number for number in numbers if number)


def as_published(value: float | None) -> str:
    """At least four decimals, and all that were published."""
    return "" if value is None else max(f"{value:.4f}", repr(float(value)), key=len)


def seconds_by_device(row: ModelResults) -> dict[str, str]:
    """Median seconds an epoch on each device, which names its seeds if there are several."""
    groups: dict[str, list[Record]] = {}
    for record in row.records:
        groups.setdefault(record.environment["device"], []).append(record)
    devices = {}
    for device, records in sorted(groups.items()):
        seconds = [r.metrics["seconds_per_epoch"] for r in records]
        known = [value for value in seconds if value is not None]
        if len(groups) > 1:
            device += f" (seeds {', '.join(str(r.seed) for r in records)})"
        devices[device] = f"{statistics.median(known):.1f}" if known else ABSENT
    return devices


def expected_blocks(
    rows: list[ModelResults],
    published: PublishedResults,
    compared: list[Reproduction],
    calibration: Calibration,
) -> Blocks:
    """The numbers to expect: for each data set, the headline networks and the best baseline."""
    answers = {one.row.name: one.answers for one in compared}
    unasked = {ONE_MORE_RUN: "", SAME_END: ""}
    blocks, devices, on_test = [], set(), []
    for dataset, group in groupby(rows, lambda row: row.dataset):
        members = list(group)
        named = [(row.title, row) for row in members if row.published.headline]
        if not named:
            continue
        if baselines := [row for row in members if row.first.config["role"] == "baseline"]:
            better = min if members[0].lower_is_better else max
            best = better(baselines, key=lambda row: row.spread("best_validation").mean)
            named.append((f"Best baseline: {best.title}", best))
        cells = [
            {
                "Network": name,
                "Published: best / last": _best_and_last(row.published),
                "Best validation": mean_and_sd(row.spread("best_validation"), FOUR),
                "Last validation": mean_and_sd(row.spread("last_validation"), FOUR),
                "Test at best": with_degrees(row, "test_at_best"),
                **answers.get(row.name, unasked),
                "Minutes": median_minutes(row),
            }
            for name, row in named
        ]
        title = published.datasets.get(dataset, dataset)
        table = Table.of(cells, unasked.keys(), title)
        blocks += [f"**{title}**", _unit(members[0]), table]
        devices |= {r.environment["device"] for _, row in named for r in row.records}
        on_test += [row.title for _, row in named if row.first.history and row.validated_on_test]
    rate = "whose error rate these runs are too few to measure"
    if n := calibration.runs:
        rate = f"which rejects {_share(calibration.alarms, n)} of our own {n} runs"
    names = " and ".join(sorted(device.removeprefix("CPU: ") for device in devices))
    chosen = f" Validated on the test data: {', '.join(on_test)}." if on_test else ""
    text = explanation("expected", rate=rate, chosen=chosen, devices=names)
    return [*blocks, text] if blocks else []


def median_minutes(row: ModelResults) -> str:
    """How long a run took."""
    return f"{statistics.median(_minutes(row.records)):.1f}"


def compute_table(records: list[Record], published: PublishedResults) -> Table:
    """How many runs there are of each kind, and how many hours they took."""
    hours: dict[str, list[float]] = {}
    for record in records:
        kind = published.datasets.get(record.config["dataset"], "")
        kind = "Studies" if record.is_study else f"Networks and baselines: {kind}"
        if "keras" in record.config["variant"]:
            kind = "Originals, computed by old Keras"
        hours.setdefault(kind, []).append(record.metrics["wall_seconds"] / 3600)
    hours["All"] = [one for kind in hours.values() for one in kind]
    rows = [
        {"": kind, "Runs": f"{len(one):,}", "Hours": f"{sum(one):.1f}"}
        for kind, one in hours.items()
    ]
    return Table.of(rows)


def _minutes(records: tuple[Record, ...]) -> tuple[float, ...]:
    return tuple(record.metrics["wall_seconds"] / 60 for record in records)


def _share(count: int, n: int) -> str:
    """`8 (4.3 %; 95 % interval 1.9 % to 8.3 %)`."""
    interval = format_interval(binomial_interval(count, n), format_percent)
    return f"{count} ({format_percent(count / n)}; 95 % interval {interval})"


def reproduction_blocks(compared: list[Reproduction], calibration: Calibration) -> Blocks:
    """Whether a published log could be one more run, then our networks beside the original."""
    logs = [
        {
            "Network": one.row.title,
            "One more run of": runs,
            "Seeds": str(test.seeds),
            "Training loss off by": _percent(test.distance),
            "Noticed from": _percent(test.width),
            "Verdict": test.verdict,
        }
        for one in compared
        if one.row.published.best_validation is not None or one.row.published.loss
        for runs, test in (("the original", one.of_original), ("ours", one.of_ours))
    ]
    blocks: Blocks = []
    if logs:
        blocks += [explanation("one more run"), Table.of(logs, {"One more run of", "Verdict"})]
    if logs and (n := calibration.runs):
        counts = {"simulated": calibration.at_5_percent, "alarms": calibration.alarms}
        shares = {name: _share(count, n) for name, count in counts.items()}
        level = f"{100 * calibration.level:.2g}"
        blocks.append(explanation("error rate", n=str(n), level=level, **shares))
    if ends := [one.same_end for one in compared if one.same_end]:
        names = ["Validation", "Test"]
        blocks += [explanation("same end"), equivalence_table(ends, names)]
    return blocks


def _percent(share: float | None) -> str:
    return "" if share is None else format_percent(share)


def equivalence_table(pairs: list[Equivalence], names: list[str]) -> Table:
    """One row for each two groups of runs: differences of the named numbers, and the verdict."""
    rows = []
    for one in pairs:
        seeds = " and ".join(str(len(group.records)) for group in one.groups)
        cells = [_with_interval(number, SIGNED, 0.9) for number in one.differences]
        differences = dict(zip(names, cells or [""] * len(names), strict=True))
        cells = {"Network": one.groups[0].title, "Seeds": seeds, **differences}
        rows.append(cells | {"Verdict": verdict_text(one.verdict, note=one.needed)})
    return Table.of(rows, {"Verdict"})


def _with_interval(estimate: Estimate, write: Callable[[float], str], level: float = 0.95) -> str:
    return f"{write(estimate.value)} ({format_interval(estimate.interval(level), write)})"


def factorial_blocks(designs: list[FactorialDesign], level: float) -> Blocks:
    """The conditions of each network, and the main effects; `level` is that of the log's test."""

    def change(logarithm: float) -> str:
        return f"{100 * math.expm1(logarithm):+.0f} %"

    effects = [(design, effect) for design in designs for effect in design.effects]
    numbers = number_notes(effect.note for _, effect in effects if effect.note)
    rows = [
        {
            "Network": _network(design),
            "From Keras 3 to Keras 2.0": effect.factor,
            "Pairs of conditions": str(effect.pairs),
        }
        | {
            name: _with_interval(estimate, change if "loss" in name else SIGNED)
            for name, estimate in effect.changes.items()
        }
        | ({"Notes": note_marks(filter(None, [effect.note]), numbers)} if numbers else {})
        for design, effect in effects
    ]
    blocks: Blocks = [_conditions_table(design, level) for design in designs]
    if rows:
        table = Table.of(rows, {"From Keras 3 to Keras 2.0", "Notes"})
        blocks += [explanation("main effects"), table, *([footnotes(numbers)] if numbers else [])]
    return blocks


def _network(design: FactorialDesign) -> str:
    """Its title and its experiment: networks on two data sets may have one title."""
    return f"{design.title} (`{design.conditions[0].row.first.experiment}`)"


def _conditions_table(design: FactorialDesign, level: float) -> Table:
    """Training loss of some epochs, and how it compares with the log, for each condition."""
    runs = [record for one in design.conditions for record in one.row.records]
    epochs = min(len(record.history["loss"]) for record in runs)  # some may have stopped early
    shown = sorted({1, 3, 5, epochs} & set(range(1, epochs + 1)))
    verdict = "Log could be a run"

    def cells(title: str, seeds: int, losses: list[float], best: str, off: str, log: str) -> dict:
        start = {_network(design): title, "Seeds": str(seeds)}
        start |= {f"Epoch {epoch}": FOUR(losses[epoch - 1]) for epoch in shown}
        return start | {"Best validation": best, "Off the published curve by": off, verdict: log}

    rows = []
    if losses := design.published.loss:
        best = design.published.best_validation
        rows.append(cells("published log", 1, losses, FOUR(best) if best else "", "", ""))
    for one in design.conditions:
        curves = [record.history["loss"] for record in one.row.records]
        means = [statistics.fmean(losses) for losses in zip(*curves, strict=False)]
        best = mean_and_sd(one.row.spread("best_validation"), FOUR)
        log = log_test(design.published, one.row, level).verdict if one.distance else ""
        rows.append(cells(one.title, len(curves), means, best, _percent(one.distance), log))
    return Table.of(rows, {verdict})


def study_blocks(study: Study, reference: Study | None = None) -> Blocks:
    """What one study measured: notes, tables, texts; the reference's in square brackets."""
    seeds = ", ".join(str(record.seed) for record in study.records)
    minutes = mean_and_sd(SeedStatistics(_minutes(study.records)), ONE)
    devices = "; ".join(sorted({record.environment["device"] for record in study.records}))
    blocks = [
        f"### {study.title}",
        f"`{study.name}`, seed {seeds}, {minutes} minutes on {devices}.",
    ]
    if study.notes:
        blocks.append("\n".join(f"- {note}" for note in study.notes))
    for output in study.outputs:
        if isinstance(output, study_outputs.Table):
            blocks += [f"**{output.title}**", study_table(study, output, reference)]
        elif isinstance(output, study_outputs.Text):
            blocks.append(_folded(study.caption(output), output))
    return blocks


def study_table(study: Study, table: study_outputs.Table, reference: Study | None = None) -> Table:
    """Name and numbers of each row: means over the seeds, or with too few seeds each value."""

    def cell(row: str, column: str) -> str:
        seeds = study.table_value(table.title, row, column)
        text = mean_and_sd(seeds) if seeds else ""
        there = reference and reference.table_value(table.title, row, column)
        return f"{text} [{mean_and_sd(there)}]" if there else text

    rows = [[row, *(cell(row, column) for column in table.columns)] for row in table.rows]
    return Table(["", *table.columns], rows, title=table.title)


def _folded(caption: str, text: study_outputs.Text) -> str:
    """Lines of text behind a caption, in a fixed-width block that keeps blanks and markup."""
    width = max(map(len, text.lines), default=0)
    lines = [f"{name:<{width}}  {content}" for name, content in text.lines.items()]
    body = "\n".join(lines)
    return f"<details><summary>{caption}</summary>\n\n~~~~text\n{body}\n~~~~\n\n</details>"
