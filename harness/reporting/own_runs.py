"""A user's own runs: beside the reference, or on the user's own data.

The first are the last lines of a run, and the user's `RESULTS.md`. Of the second, a table and one
sentence say whether a recurrent network is worth it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import indent

from harness.errors import RunError
from harness.records import study_outputs
from harness.records.record import Record, find_records, label_of, plain
from harness.records.schema import Reviews
from harness.reporting.comparison import Measurement, measure
from harness.reporting.conditions import SOFTWARE, Difference, differences, same_data
from harness.reporting.groups import (
    NUMBERS,
    REFERENCE,
    ModelResults,
    PublishedResults,
    Results,
    Study,
    load_results,
    make_results,
)
from harness.reporting.statistics import Range, SeedStatistics
from harness.reporting.table import (
    FOUR,
    Blocks,
    Table,
    explanation,
    format_interval,
    format_significant,
    markdown,
    mean_and_sd,
)
from harness.reporting.tables import (
    INTERVAL,
    as_published,
    in_degrees,
    interval_text,
    median_minutes,
    model_blocks,
    study_blocks,
    study_table,
    with_degrees,
)

FEWEST_WEEKS = 8  # of fewer, drawing weeks anew says little
SHOWN = ("best validation", "last validation", "test at best")


@dataclass(frozen=True)
class Beside:
    """A user's runs beside those of the reference that differ in their seed only."""

    own: ModelResults
    reference: ModelResults | None  # None if there are none to compare with
    obstacle: str = ""  # why there are none
    differences: Sequence[Difference] = ()  # in settings and software

    @property
    def differing(self) -> str:
        """The differences, as one text."""
        return ", ".join(one.text for one in self.differences)

    @property
    def numbers(self) -> list[dict[str, str]]:
        """The numbers of both and the published ones as text, a row each."""
        rows = []
        for name in SHOWN:
            own, further, inside, reference = self.own.spread(NUMBERS[name]), "", "", ""
            if self.reference:
                there = self.reference.spread(NUMBERS[name])
                further = f" ({format_interval(there.further, FOUR)})" if there.further else ""
                reference, inside = mean_and_sd(there, FOUR) + further, place(own, there)
            published = as_published(self.own.published.number(NUMBERS[name]))
            cells = {"Measure": name, "Yours": mean_and_sd(own, FOUR), "Reference": reference}
            rows.append(cells | {"Published": published, "Inside": inside})
        return rows


def beside_reference(own: ModelResults, reference: Sequence[ModelResults]) -> Beside:
    """Finds the reference's runs of the same settings and data.

    What differs is told from the reference's runs, or from its published protocol where it has no
    run with these settings.
    """
    if own.sample:
        return Beside(own, None, "runs on sample data have no reference")
    if own.first.own_data:
        return Beside(own, None, "your own data have no reference")
    same_experiment = [row for row in reference if row.first.experiment == own.first.experiment]
    same_settings = [row for row in same_experiment if row.variant == own.variant]
    comparable = [row for row in same_settings if same_data(row.first, own.first)]
    obstacle = ""
    if not same_experiment:
        obstacle = "the reference has no run of this experiment"
    elif not same_settings:
        obstacle = "the reference has no run with these settings"
    elif not comparable:
        names = ", ".join(file.get("name", "unnamed") for file in own.first.data["files"])
        obstacle = f"the reference was made from other data ({names} has another SHA-256)"
    published = [row for row in same_experiment if not row.variant]
    nearest = next(iter(comparable or same_settings or published), None)
    names = {*own.first.config["protocol"], *SOFTWARE}
    found = differences(own.records, nearest.records) if nearest else []
    # a setting may be younger than the reference
    new = [one for one in found if one.name in own.variant or (one.is_new and one.name in names)]
    return Beside(own, next(iter(comparable), None), obstacle, new)


def reference_study(own: Study, reference: Sequence[Study]) -> Study | None:
    """The reference's runs of a user's study, with the same settings and data, if it has any."""
    same = (one for one in reference if one.name == own.name and same_data(one.first, own.first))
    return None if own.sample else next(same, None)


def place(own: SeedStatistics, reference: SeedStatistics) -> str:
    """Whether a user's runs lie where a further run of the reference would.

    The reference has no interval where its numbers are all equal or few, as those of baselines
    without randomness. Then the numbers are the same or different to four digits.
    """
    if reference.further is None:
        there = {round(value, 4) for value in reference.values}
        return "same" if {round(value, 4) for value in own.values} <= there else "different"
    low, high = reference.further
    inside = sum(low <= value <= high for value in own.values)
    if 0 < inside < own.n:
        return f"{inside} of {own.n} inside"
    return "inside" if inside else "outside"


def own_table(pairs: Sequence[Beside]) -> Table:
    """A row for each number of each experiment; what holds for all stands in the first."""
    rows = []
    for pair in pairs:
        title, differing = pair.own.title, pair.differing
        obstacle = f"not compared: {pair.obstacle}" if pair.obstacle else ""
        for cells in pair.numbers:
            inside = {"Inside": cells["Inside"] or obstacle, "Differs": differing}
            rows.append({"Experiment": title} | cells | inside)
            title = obstacle = differing = " "  # blank: as in the row above
    return Table.of(rows, {"Measure", "Inside", "Differs"}, "Your runs beside the reference")


def result_lines(record: Record, reference_dir: Path = REFERENCE) -> list[str]:
    """The numbers of a run of a network or baseline, each beside the reference's and the published.

    A missing or unsound reference is no reason to fail: then the last line says so.
    """
    (own,) = make_results([record]).rows
    pair = beside_reference(own, _reference(reference_dir, record).rows)
    trivial = f"{own.reference['label']} {own.reference['test']:.4f} on test"
    names = ("", "This run", "Reference (a further run)", "Published", "Inside")
    rows = [dict(zip(names, cells.values(), strict=True)) for cells in pair.numbers]
    lines = [f"{record.label}, seed {record.seed}: {own.metric} ({trivial})"]
    lines.append(indent(Table.of(rows, {"Inside"}).text(), "  "))
    if degrees := in_degrees(own, "test_at_best"):
        lines.append(f"  test at best in {own.unit or 'its own unit'}: {degrees}")
    if stopped := record.metrics.get("stopped_epoch"):
        epochs = record.config["protocol"]["epochs"]
        lines.append(f"  stopped after epoch {stopped} of {epochs}, out of patience")
    if pair.obstacle:
        lines.append(f"  not compared: {pair.obstacle}")
    if any(cells["Inside"] == "outside" for cells in rows):
        lines.append("  one correct run in twenty lies outside")
    if pair.differences:
        lines.append(f"  differs: {pair.differing}")
    return lines


def study_lines(record: Record, reference_dir: Path = REFERENCE) -> list[str]:
    """The tables of a run of a study, the reference's numbers in square brackets."""
    (own,) = make_results([record]).studies
    reference = reference_study(own, _reference(reference_dir, record).studies)
    tables = [
        study_table(own, output, reference)
        for output in own.outputs
        if isinstance(output, study_outputs.Table)
    ]
    lines = [f"{table.title}\n{indent(table.text(), '  ')}" for table in tables]
    if reference is not None:
        seeds = ", ".join(str(one.seed) for one in reference.records)
        lines.append(f"In square brackets: the reference, seeds {seeds}.")
    return lines


def _reference(folder: Path, own: Record) -> Results:
    """The reference's sound results of the experiment of `own`; empty if there are none."""
    try:
        return make_results(find_records(folder, f"{own.experiment}*")[0])
    except RunError:
        return make_results([])


def own_markdown(
    results: Results, numbers: PublishedResults, results_dir: Path, reference_dir: Path
) -> str:
    """The whole of a user's `RESULTS.md`, which links to that of the reference."""
    reference = load_results(reference_dir, numbers)
    link = Path(os.path.relpath(reference_dir / "RESULTS.md", results_dir)).as_posix()
    blocks: Blocks = [
        "# Your results",
        "Made by `make tables` from the run records; do not edit.",
    ]
    own = [row for row in results.rows if row.first.own_data]
    blocks += own_data_blocks(own, "## {}")
    blocks += model_blocks(own, numbers, "## All numbers on {}")
    others = [row for row in results.rows if not row.first.own_data]
    blocks += [explanation("your results", link=link)] if others or results.studies else []
    for dataset, rows in groupby(others, lambda row: row.dataset):
        pairs = [beside_reference(row, reference.rows) for row in rows]
        blocks += [f"## {numbers.datasets.get(dataset, dataset)}", own_table(pairs)]
    blocks += ["## Studies"] if results.studies else []
    for study in results.studies:
        blocks += study_blocks(study, reference_study(study, reference.studies))
    return markdown(blocks) + "\n"


# --- on own data -------------------------------------------------------------------------------


def tasks_of(rows: Sequence[ModelResults]) -> dict[str, list[ModelResults]]:
    """Rows that can be compared with each other, by the data set and what is common to them.

    They were tested on the same samples, on which the trivial predictor has the same numbers.
    """
    groups: dict[tuple, list[ModelResults]] = {}
    for row in rows:
        horizon = row.first.data["facts"].get("horizon_hours")
        trivial = (f"{row.reference[split]:.6g}" for split in ("validation", "test"))
        groups.setdefault((row.dataset, row.data_hash, horizon, *trivial), []).append(row)
    tasks = {}
    for (dataset, data_hash, *_), members in groups.items():
        name = label_of(dataset, _common(members)) + (f"+data-{data_hash}" if data_hash else "")
        tasks[f"{name}+samples-{len(tasks)}" if name in tasks else name] = members
    return tasks


def _common(rows: Sequence[ModelResults]) -> dict:
    """The settings in which all rows differ from the usual ones alike."""
    variants = [row.variant for row in rows]
    return {k: v for k, v in variants[0].items() if all(one.get(k) == v for one in variants)}


def _titles(rows: Sequence[ModelResults]) -> dict[str, str]:
    """The models by the names of the rows, with the settings that not all of them have."""
    common = _common(rows)
    titles = {}
    for row in rows:
        own = [f"{k} = {plain(v)}" for k, v in row.variant.items() if k not in common]
        titles[row.name] = ", ".join([row.first.config["title"], *own])
    return titles


def own_data_blocks(rows: Sequence[ModelResults], heading: str) -> Blocks:
    """For each task of own data a heading (`## {}`), the sentence, and the table."""
    blocks: Blocks = []
    for name, members in tasks_of([row for row in rows if row.first.own_data]).items():
        blocks.append(heading.format(name))
        blocks += [f"**{sentence}**"] if (sentence := worth_it(members)) else []
        blocks.append(summary_table(members))
    return blocks


def summary_table(rows: Sequence[ModelResults]) -> Table:
    """The models of a task, the best validation first."""
    titles = _titles(rows)
    cells = [
        {
            "Model": titles[row.name],
            "Seeds": str(len(row.records)),
            "Validation": with_degrees(row, "best_validation"),
            "Test": with_degrees(row, "test_at_best"),
            INTERVAL: with_degrees(row, "test_at_best", interval_text),
            "Minutes": median_minutes(row),
        }
        for row in sorted(rows, key=_quality, reverse=True)
    ]
    if not any(row[INTERVAL] for row in cells):
        cells = [{name: row[name] for name in row if name != INTERVAL} for row in cells]
    return Table.of(cells)


def _quality(row: ModelResults) -> float:
    """Higher for a better mean on validation."""
    mean = row.spread("best_validation").mean
    return -mean if row.lower_is_better else mean


def worth_it(rows: Sequence[ModelResults]) -> str:
    """Whether the best recurrent network is better than the best other model; empty without both.

    Each is chosen on validation, and they are compared on test. One is better where every interval
    that there is lies on its side of no difference.
    """
    networks = [row for row in rows if row.first.config["role"] == "network"]
    others = [row for row in rows if row.first.config["role"] == "baseline"]
    if not networks or not others:
        return ""
    network, other = max(networks, key=_quality), max(others, key=_quality)
    titles = _titles(rows)
    measured = measure([network, other], "test_at_best")
    intervals, missing = _intervals(measured)
    gains = [-end if network.lower_is_better else end for two in intervals.values() for end in two]
    verdict = "is not shown to be better than"
    if gains and min(gains) > 0:
        verdict = "is better than"
    elif gains and max(gains) < 0:
        verdict = "is worse than"
    write, unit = _percent_points, "points of accuracy"
    if network.lower_is_better:
        write, unit = _in_unit_of(network), f"{network.unit} of error".strip()
    over = [f"{write(low)} to {write(high)} over {name}" for name, (low, high) in intervals.items()]
    text = (
        f"{titles[network.name]}, the best recurrent network, {verdict} {titles[other.name]}, the "
        f"best other model: {write(measured.estimate.value)} {unit} on test"
    )
    text += f" (95 % interval: {', '.join(over)})" if over else ""
    return "; ".join([text, *missing]) + "."


def _intervals(measured: Measurement) -> tuple[dict[str, Range], list[str]]:
    """95 % intervals by what is drawn anew, and why one of them is missing."""
    network, known, missing = measured.groups[0], {}, []
    samples = network.records[0].predictions["test_at_best"]
    if isinstance(samples, Reviews):
        known["test reviews"] = measured.samples_interval
    elif len(samples.weeks) < FEWEST_WEEKS:
        missing.append(
            f"{_few(len(samples.weeks), 'week')} too few for an interval over test weeks"
        )
    else:
        known["test weeks"] = measured.samples_interval
    if measured.interval:
        known["seeds"] = measured.interval
    elif count := len(network.records) if network.too_few_seeds else 0:
        missing.append(f"{_few(count, 'seed')} too few for an interval over seeds")
    return known, missing


def _few(count: int, what: str) -> str:
    return f"{count} {what}s are" if count > 1 else f"{count} {what} is"


def _percent_points(difference: float) -> str:
    return f"{100 * difference:+.1f}"


def _in_unit_of(row: ModelResults) -> Callable[[float], str]:
    def write(difference: float) -> str:
        value = difference * row.degrees_per_unit
        return f"{'+' if value > 0 else ''}{format_significant(value, 3)}"

    return write
