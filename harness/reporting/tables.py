"""Tables of networks, baselines, claims and studies, from groups of runs and verdicts."""

import math
import statistics
from collections.abc import Callable
from itertools import groupby

from harness.records.record import Record
from harness.reporting.comparison import Comparison, NumberPair
from harness.reporting.factorial import FactorialDesign, MainEffect
from harness.reporting.further_run import Calibration
from harness.reporting.groups import ModelResults, Published, PublishedResults
from harness.reporting.reproduction import (
    ONE_MORE_RUN,
    SAME_END,
    Equivalence,
    Reproduction,
    log_test,
)
from harness.reporting.statistics import (
    SEEDS_NEEDED,
    Estimate,
    binomial_interval,
)
from harness.reporting.table import (
    ABSENT,
    FOUR,
    SIGNED,
    TWO,
    Blocks,
    Table,
    footnotes,
    format_interval,
    format_percent,
    mean_and_sd,
    note_marks,
    number_notes,
)

INTERVAL = "95 % interval of test at best"
METRICS = {"accuracy": "Accuracy", "mae": "Mean absolute error (MAE)"}
VARIANTS = "Variants: runs whose protocol differs from the published one in the values named."
RIGHT_ALIGNED = {"Parameters", "Seeds", "Best validation", "Last validation", "Test at best"}
RIGHT_ALIGNED |= {INTERVAL, "Seconds an epoch"}

EXPECTED = f"""\
Mean ± sample standard deviation over the seeds; fewer than {SEEDS_NEEDED} are listed singly. The
*original* is the document's script on its own Keras. The *log* is judged by one test of all that
was published, {{rate}}, and *{SAME_END.lower()}* by a test of equivalence within 0.01 of
accuracy or 0.005 of error (rules: `docs/verdicts.md`). *Minutes*: median on {{devices}}, two runs
at a time on two busy cores."""

ONE_MORE = """\
**Could the published log be one more run** of the original, the document's script on its own Keras,
or of ours? All numbers that were published are compared at once. *Off by* is the mean distance of
the published training loss from that of the runs; *noticed from* is how far off it would have to be
for the test to reject it."""

ENDS = """\
**Does ours end where the original does?** Differences of the means, ours less the original's, with
their 90 % intervals, which must lie within ±0.01 of accuracy or ±0.005 of error."""

PLAIN = """\
The same test of networks trained with this project's layers, less those trained by plain Keras."""


def model_blocks(rows: list[ModelResults], published: PublishedResults, heading: str) -> Blocks:
    """For each data set a heading (`## {}`), the unit, tables of its models, and footnotes."""
    blocks = []
    for dataset, group in groupby(rows, lambda row: row.dataset):
        members = list(group)
        title = published.datasets.get(dataset, dataset)
        numbers = number_notes(note for row in members for note in row.notes)
        standard = [row for row in members if not row.variant]
        variants = [row for row in members if row.variant]
        blocks += [heading.format(title), _unit(members[0])]
        if standard:
            blocks.append(_model_table(standard, numbers))
        if variants:
            blocks += [VARIANTS, _model_table(variants, numbers)]
        if numbers:
            blocks.append(footnotes(numbers))
    return blocks


def _unit(row: ModelResults) -> str:
    """What the numbers of a table are, and which are better."""
    text = METRICS.get(row.metric, row.metric)
    if row.degrees_per_unit is not None:
        text += ", normalised by the training rows' standard deviation, and in °C"
    return f"{text}; {_better(row)} is better."


def _better(row: ModelResults) -> str:
    return "lower" if row.metric == "mae" else "higher"


def _model_table(rows: list[ModelResults], numbers: dict[str, int]) -> Table:
    """One row a model; intervals and published numbers have a column only if some row has any."""
    columns: dict[str, Callable[[ModelResults], str]] = {
        "Model": lambda row: row.title,
        "Parameters": lambda row: parameter_counts(row, "{:,}"),
        "Seeds": lambda row: str(len(row.records)),
        "Best validation": lambda row: with_degrees(row, "best_validation"),
        "Last validation": lambda row: with_degrees(row, "last_validation"),
        "Test at best": lambda row: with_degrees(row, "test_at_best"),
    }
    if any(row.spread("test_at_best").interval for row in rows):
        columns[INTERVAL] = _test_interval
    if any(_published_lines(row.published) for row in rows):
        columns["Published: best / last validation"] = lambda row: "\n".join(
            _published_lines(row.published)
        )
    columns |= {
        "Seconds an epoch": lambda row: "\n".join(seconds_by_device(row).values()),
        "Device": lambda row: "\n".join(seconds_by_device(row)),
        "Notes": lambda row: note_marks(row.notes, numbers),
    }
    alignment = "".join("r" if name in RIGHT_ALIGNED else "l" for name in columns)
    cells = [[write(row) for write in columns.values()] for row in rows]
    return Table([*columns], cells, alignment)


def parameter_counts(row: ModelResults, pattern: str) -> str:
    """The number of parameters; each number if the records of a row disagree."""
    counts = {record.metrics["parameters"] for record in row.records} - {None}
    return ", ".join(pattern.format(count) for count in sorted(counts))


def with_degrees(row: ModelResults, field: str) -> str:
    """Mean ± deviation, also in °C where the metric has this unit."""
    text, degrees = mean_and_sd(row.spread(field), FOUR), row.degrees(field)
    return text if degrees is None else f"{text} ({mean_and_sd(degrees, TWO)} °C)"


def _test_interval(row: ModelResults) -> str:
    text = format_interval(row.spread("test_at_best").interval, FOUR)
    degrees = row.degrees("test_at_best")
    if not text or degrees is None:
        return text
    return f"{text} ({format_interval(degrees.interval, TWO)} °C)"


def _published_lines(published: Published) -> list[str]:
    """The lines of a cell: best and last validation, test, source, re-runs, words."""
    lines = [_best_and_last(published)]
    if published.test is not None:
        lines.append(f"test {as_published(published.test)}")
    if published.source:
        lines[-1] += f" ({published.source})"
    if published.reruns:
        lines.append(f"re-runs {published.reruns}")
    lines.append(published.statement)
    return [line for line in lines if line]


def _best_and_last(published: Published) -> str:
    numbers = map(as_published, (published.best_validation, published.last_validation))
    return " / ".join(number for number in numbers if number)


def as_published(value: float | None) -> str:
    """At least four decimals, and all that were published."""
    return "" if value is None else max(f"{value:.4f}", repr(float(value)), key=len)


def seconds_by_device(row: ModelResults) -> dict[str, str]:
    """Mean seconds an epoch on each device, which names its seeds if there are several."""
    groups: dict[str, list[Record]] = {}
    for record in row.records:
        groups.setdefault(record.environment["device"], []).append(record)
    devices = {}
    for device, records in sorted(groups.items()):
        seconds = [r.metrics["seconds_per_epoch"] for r in records]
        known = [value for value in seconds if value is not None]
        if len(groups) > 1:
            device += f" (seeds {', '.join(str(r.seed) for r in records)})"
        devices[device] = f"{statistics.fmean(known):.1f}" if known else ABSENT
    return devices


def expected_blocks(
    rows: list[ModelResults],
    published: PublishedResults,
    compared: list[Reproduction],
    calibration: Calibration,
) -> Blocks:
    """The numbers to expect: for each data set, the headline networks and the best baseline."""
    answers = {one.row.name: one.answers.values() for one in compared}
    columns = ["Network", "Published: best / last", "Best validation", "Last validation"]
    columns += ["Test at best", ONE_MORE_RUN, SAME_END, "Minutes"]
    blocks, shown = [], []
    for dataset, group in groupby(rows, lambda row: row.dataset):
        members = list(group)
        named = [(row.title, row) for row in members if row.published.headline]
        if not named:
            continue
        if baselines := [row for row in members if row.first.config["role"] == "baseline"]:
            better = min if members[0].metric == "mae" else max
            best = better(baselines, key=lambda row: row.spread("best_validation").mean)
            named.append((f"Best baseline: {best.title}", best))
        cells = [
            [
                name,
                _best_and_last(row.published),
                mean_and_sd(row.spread("best_validation"), FOUR),
                mean_and_sd(row.spread("last_validation"), FOUR),
                with_degrees(row, "test_at_best"),
                *answers.get(row.name, ("", "")),
                f"{statistics.median(r.metrics['wall_seconds'] / 60 for r in row.records):.1f}",
            ]
            for name, row in named
        ]
        title = published.datasets.get(dataset, dataset)
        table = Table(columns, cells, "lrrrrllr", title)
        blocks += [f"**{title}**", _unit(members[0]), table]
        shown += [record for _, row in named for record in row.records]
    devices = {record.environment["device"].removeprefix("CPU: ") for record in shown}
    rate = "whose error rate these runs are too few to measure"
    if n := calibration.runs:
        rate = f"which rejects {_share(calibration.alarms, n)} of our own {n} runs"
    text = EXPECTED.format(rate=rate, devices=" and ".join(sorted(devices)))
    return [*blocks, text] if blocks else []


def error_rate(calibration: Calibration) -> list[str]:
    """A sentence on how often the test of a published log rejects runs that are the same."""
    n = calibration.runs
    counts = calibration.at_5_percent, calibration.alarms
    text = "Error rate: of our own {} runs, the other seeds of their group reject {} at 5 % by "
    text += "simulation of normal runs, and {} at {:.2g} %, the level that is used."
    shares = (_share(count, n) for count in counts)
    return [text.format(n, *shares, 100 * calibration.level)] if n else []


def _share(count: int, n: int) -> str:
    """`8 (4.3 %; 95 % interval 1.9 % to 8.3 %)`."""
    interval = format_interval(binomial_interval(count, n), format_percent)
    return f"{count} ({format_percent(count / n)}; 95 % interval {interval})"


def reproduction_blocks(compared: list[Reproduction], calibration: Calibration) -> Blocks:
    """Whether a published log could be one more run, then our networks beside the original."""
    columns = ["Network", "One more run of", "Seeds", "Training loss off by", "Noticed from"]
    logs = []
    for one in compared:
        if one.row.published.best_validation is not None or one.row.published.loss:
            for runs, test in (("the original", one.of_original), ("ours", one.of_ours)):
                seeds = str(len(test.row.records) if test.row else 0)
                shares = (test.distance, test.width)
                percents = ["" if share is None else format_percent(share) for share in shares]
                logs.append([one.row.title, runs, seeds, *percents, test.verdict])
    table = Table([*columns, "Verdict"], logs, "llrrrl")
    blocks = [ONE_MORE, table, *error_rate(calibration)] if logs else []
    if ends := [one.same_end for one in compared if one.same_end]:
        blocks += [ENDS, equivalence_table(ends, ["Validation at best", "Test at best"])]
    return blocks


def equivalence_table(pairs: list[Equivalence], names: list[str]) -> Table:
    """One row for each two groups of runs: differences of the named numbers, and the verdict."""
    rows = []
    for one in pairs:
        seeds = " and ".join(str(len(group.records)) for group in one.groups)
        intervals = ((d.value, d.interval(0.9)) for d in one.differences)
        cells = [f"{SIGNED(value)} ({format_interval(ends, SIGNED)})" for value, ends in intervals]
        cells = cells or [""] * len(names)
        rows.append([one.groups[0].title, seeds, *cells, one.verdict])
    return Table(["Network", "Seeds", *names, "Verdict"], rows, "lr" + "r" * len(names) + "l")


def factorial_blocks(designs: list[FactorialDesign], level: float) -> Blocks:
    """The conditions of each network, and the main effects; `level` is that of the log's test."""
    blocks: Blocks = [_conditions_table(design, level) for design in designs]
    effects = [
        [_network(design), *_effect_cells(effect)]
        for design in designs
        for effect in design.effects
    ]
    if effects:
        columns = ["Network", "From Keras 3 to Keras 2.0", "Pairs of conditions"]
        columns += ["Training loss, epoch 1", "Training loss, whole curve", "Best validation"]
        blocks += [
            "Main effect of each change, with its 95 % interval over the seeds. It is the mean "
            "over all pairs of conditions that differ in this change alone and have at least "
            f"{SEEDS_NEEDED} seeds each:",
            Table(columns, effects, "llrrrr"),
        ]
    return blocks


def _network(design: FactorialDesign) -> str:
    """Its title and its experiment: networks on two data sets may have one title."""
    return f"{design.title} (`{design.conditions[0].row.first.experiment}`)"


def _conditions_table(design: FactorialDesign, level: float) -> Table:
    """Training loss of some epochs, and how it compares with the log, for each condition."""
    epochs = len(design.conditions[0].row.first.history["loss"])
    shown = sorted({1, 3, 5, epochs} & set(range(1, epochs + 1)))
    columns = [_network(design), "Seeds", *(f"Epoch {epoch}" for epoch in shown)]
    columns += ["Best validation", "Off the published curve by", "Log is one more run"]
    rows = []
    if design.published.loss:
        losses = (FOUR(design.published.loss[epoch - 1]) for epoch in shown)
        best = design.published.best_validation
        best = FOUR(best) if best else ABSENT
        rows.append(["published log", "1", *losses, best, ABSENT, ABSENT])
    for condition in design.conditions:
        curves = [record.history["loss"] for record in condition.row.records]
        means = (sum(c[epoch - 1] for c in curves) / len(curves) for epoch in shown)
        off = condition.distance
        best = mean_and_sd(condition.row.spread("best_validation"), FOUR)
        distance = ABSENT if off is None else format_percent(off)
        verdict = log_test(design.published, condition.row, level).verdict
        cells = [*map(FOUR, means), best, distance, verdict if off else ABSENT]
        rows.append([condition.title, str(len(curves)), *cells])
    return Table(columns, rows, "l" + "r" * (len(columns) - 2) + "l")


def _effect_cells(effect: MainEffect) -> list[str]:
    def percent(logarithm: float) -> str:
        return f"{100 * math.expm1(logarithm):+.0f} %"

    def with_interval(estimate: Estimate, write: Callable[[float], str]) -> str:
        return f"{write(estimate.value)} ({format_interval(estimate.interval(), write)})"

    return [
        effect.factor,
        str(effect.pairs),
        with_interval(effect.first_loss, percent),
        with_interval(effect.mean_loss, percent),
        with_interval(effect.best_validation, SIGNED),
    ]


def pair_blocks(pair: Comparison) -> Blocks:
    """A and B: what differs, then the numbers and why some cannot be compared."""
    differences = [
        [one.kind, one.name, ", ".join(one.first), ", ".join(one.second)]
        for one in pair.differences
    ]
    reasons: dict[str, list[str]] = {}
    for number in pair.numbers:
        reasons.setdefault(number.note, []).append(number.name)
    columns = ["A", "B", "A - B", "95 % over seeds", "95 % over test samples", "A is better"]
    return [
        Table(["What differs", "", "A", "B"], differences or [["nothing", "", "", ""]], "llll"),
        f"{METRICS[pair.first.metric]}; {_better(pair.first)} is better:",
        Table(["Number", *columns], [_number_cells(one) for one in pair.numbers]),
        *(f"{', '.join(names)}: {note}." for note, names in reasons.items() if note),
    ]


def _number_cells(number: NumberPair) -> list[str]:
    """A number of both, its difference, the intervals, and how often the first is better."""
    cells = [number.name, mean_and_sd(number.first, FOUR), mean_and_sd(number.second, FOUR)]
    if (measured := number.measured) is None:
        return cells + [""] * 4
    intervals = (measured.interval, measured.samples_interval)
    pairs = number.first.n * number.second.n
    return [
        *cells,
        SIGNED(measured.estimate.value),
        *(format_interval(ends, SIGNED) for ends in intervals),
        f"in {format_percent(measured.superiority)} of {pairs} pair{'s' if pairs > 1 else ''}",
    ]
