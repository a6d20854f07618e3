"""Tables of networks, baselines, claims and studies, from groups of runs and verdicts."""

import math
import statistics
from collections.abc import Callable
from itertools import groupby

from harness.records import study_outputs
from harness.records.record import Record
from harness.reporting.claims import Verdict
from harness.reporting.comparison import Comparison, NumberPair
from harness.reporting.factorial import FactorialDesign, MainEffect
from harness.reporting.further_run import Calibration
from harness.reporting.groups import ModelResults, Published, PublishedResults, Study
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
    SeedStatistics,
    binomial_interval,
)
from harness.reporting.table import (
    ABSENT,
    FOUR,
    ONE,
    SIGNED,
    TWO,
    Table,
    footnotes,
    format_interval,
    format_percent,
    format_significant,
    mean_and_sd,
    note_marks,
    number_notes,
)

Blocks = list[str | Table]  # paragraphs and tables

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

CLAIMS_EXPLANATION = f"""\
Each row is a sentence of the documents, or of this project, with the number that decides it.
`docs/verdicts.md` has the full rule. In short:

- A claim *holds* or *does not hold* if chance leaves no doubt. It is *not decided* with fewer than
  {SEEDS_NEEDED} seeds, or if the 95 % interval crosses a bound. It is *not checkable* if nothing
  measured it, or only runs on other data or by another protocol than the sentence speaks of.
- A number without randomness, such as a count of parameters, needs one run. With {SEEDS_NEEDED}
  seeds or more a number is mean ± sample standard deviation; with fewer, each value is listed.
- The difference of two networks is that of their means. Its interval is Welch's, because the seeds
  of two networks are not paired.
- There are two sources of chance, with an interval each. *Over seeds* covers other seeds: Student's
  t interval of the mean, cut at the lowest and the highest possible value. *Over test samples*
  covers other test reviews, or other weeks of weather, for the same trained networks.
- A claim with a p-value is decided by one-sided tests at 5 %. The p-values of primary claims are
  adjusted for their number (Holm)."""


def model_blocks(rows: list[ModelResults], published: PublishedResults, heading: str) -> Blocks:
    """For each data set a heading, the unit, the tables of its models, and their footnotes.

    Args:
        rows: networks and baselines.
        published: gives the data sets' titles.
        heading: pattern of a heading, such as `## {}`.
    """
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
    """For each device that trained the row, the mean over its seeds of the seconds an epoch.

    Seconds are never averaged over devices. If there are several, each names its seeds.
    """
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
    """The numbers that a user should expect: the headline networks and the best baselines.

    Args:
        rows: networks and baselines in their published protocol.
        published: gives the data sets' titles.
        compared: the networks beside what was published of them.
        calibration: how often the test of a published log rejects our own runs.
    """
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
    """The published logs beside the runs that they may be one more of, and ours by the original."""
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
    numbers = pair.numbers()
    reasons: dict[str, list[str]] = {}
    for number in numbers:
        reasons.setdefault(number.note, []).append(number.name)
    columns = ["A", "B", "A - B", "95 % over seeds", "95 % over test samples", "A is better"]
    return [
        Table(["What differs", "", "A", "B"], differences or [["nothing", "", "", ""]], "llll"),
        f"{METRICS[pair.first.metric]}; {_better(pair.first)} is better:",
        Table(["Number", *columns], [[one.name, *number_cells(one)] for one in numbers]),
        *(f"{', '.join(names)}: {note}." for note, names in reasons.items() if note),
    ]


def number_cells(number: NumberPair) -> list[str]:
    """A number of both, its difference, the intervals, and how often the first is better."""
    cells = [mean_and_sd(number.first, FOUR), mean_and_sd(number.second, FOUR)]
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


def claims_blocks(verdicts: list[Verdict]) -> Blocks:
    """One row a claim, and the notes of its runs below; `n` is the number of seeds."""
    numbers = number_notes(note for verdict in verdicts for note in verdict.notes)
    columns = ["The documents say", "Measured", "Value", "n", "95 % interval over seeds"]
    columns += ["95 % interval over test samples", "Holds if", "Verdict", "Run", "Notes"]
    rows = []
    for verdict in verdicts:
        claim, measured = verdict.claim, verdict.measured
        source = claim.source.replace(", ", "`, `")
        statement = f"{claim.statement} (`{source}`)"
        seeds = ", ".join(str(one.n) for one in measured.statistics) if measured else "0"
        over_seeds = format_interval(measured and measured.interval)
        over_samples = format_interval(measured and measured.samples_interval)
        cells = [statement, claim.quantity, measured_text(verdict), seeds, over_seeds, over_samples]
        run = claim.experiment + (f" − {claim.minus}" if claim.minus else "")
        marks = note_marks(verdict.notes, numbers)
        rows.append([*cells, claim.criterion, verdict_and_effect(verdict), run, marks])
    table = Table(columns, rows, "llrrrrllll", "The claims")
    return [table, footnotes(numbers)] if numbers else [table]


def primary_claims_table(verdicts: list[Verdict]) -> Table:
    """The primary claims in a few columns."""
    columns = ["Claim", "Measured", "Value", "95 % interval over seeds", "Holds if", "Verdict"]
    rows = []
    for verdict in verdicts:
        claim, measured = verdict.claim, verdict.measured
        if claim.primary:
            interval = format_interval(measured and measured.interval)
            cells = [claim.statement, claim.quantity, measured_text(verdict), interval]
            rows.append([*cells, claim.criterion, verdict.text])
    return Table(columns, rows, "llrrll", "The primary claims")


def measured_text(verdict: Verdict) -> str:
    """Mean ± deviation, or the difference of the means; with too few seeds the values."""
    measured = verdict.measured
    if measured is None:
        return ABSENT
    if verdict.claim.exact:
        return ", ".join(map(format_significant, measured.values))
    if len(measured.groups) > 1 and not measured.missing_seeds:
        return format_significant(measured.estimate.value)
    return " less ".join(map(mean_and_sd, measured.statistics))


def verdict_and_effect(verdict: Verdict) -> str:
    """The verdict; for "better than" also how much better and how often."""
    measured = verdict.measured
    if verdict.claim.test != "better" or measured is None or measured.missing_seeds:
        return verdict.text
    effect = [] if measured.effect is None else [f"Hedges' g {measured.effect:.2g}"]
    often = f"better in {100 * measured.superiority:.0f} % of the pairs of runs"
    return "; ".join([verdict.text, *effect, often])


def reasons(verdicts: list[Verdict]) -> str:
    """Why the bounds are what they are, and when they were set, one line a claim."""
    return "\n".join(
        f"- {verdict.claim.statement}: {verdict.claim.criterion} "
        f"({verdict.claim.why}; set {verdict.claim.set}, {_known_runs(verdict)})"
        for verdict in verdicts
    )


def _known_runs(verdict: Verdict) -> str:
    """Which runs were known when the bounds were set; a run that began earlier always was."""
    claim = verdict.claim
    groups = verdict.measured.groups if verdict.measured else ()
    started = [record.environment["started"] for group in groups for record in group.records]
    if any(time[:10] < claim.set for time in started):
        return "when some of the runs that it judges were known"
    if claim.runs_known:
        return "before the runs that it judges, when earlier ones like them were known"
    return "before the runs that it judges"


def study_blocks(study: Study, reference: Study | None = None) -> Blocks:
    """What one study measured: notes, tables, texts.

    Args:
        study: the runs of the study.
        reference: runs whose numbers stand beside those of the study, in square brackets.
    """
    seeds = ", ".join(str(record.seed) for record in study.records)
    minutes = SeedStatistics(tuple(r.metrics["wall_seconds"] / 60 for r in study.records))
    devices = "; ".join(sorted({record.environment["device"] for record in study.records}))
    blocks = [
        f"### {study.title}",
        f"`{study.name}`, seed {seeds}, {mean_and_sd(minutes, ONE)} minutes on {devices}.",
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
