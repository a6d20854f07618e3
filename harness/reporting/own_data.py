"""Whether a recurrent network is worth it on the user's own data: a table, and one sentence."""

import statistics
from collections.abc import Callable, Sequence

from harness.records.record import label_of, plain
from harness.records.schema import Reviews
from harness.reporting.comparison import Measurement, measure
from harness.reporting.groups import ModelResults
from harness.reporting.statistics import Range
from harness.reporting.table import Blocks, Table, format_significant
from harness.reporting.tables import INTERVAL, interval_text, with_degrees

FEWEST_WEEKS = 8  # of fewer, drawing weeks anew says little


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
            "Minutes": _minutes(row),
        }
        for row in sorted(rows, key=_quality, reverse=True)
    ]
    if not any(row[INTERVAL] for row in cells):
        cells = [{name: row[name] for name in row if name != INTERVAL} for row in cells]
    return Table.of(cells)


def _minutes(row: ModelResults) -> str:
    return f"{statistics.median(r.metrics['wall_seconds'] / 60 for r in row.records):.1f}"


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
