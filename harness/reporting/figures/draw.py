"""Draws all figures, or those of one experiment, from run records alone.

One figure an experiment (its training curves, or what a study shows), one a data set (all models
beside each other), one of the update rules. Same records, same bytes. `RunError`: there are no
records, sample data are mixed with real data, or the folder cannot be written.
"""

from collections.abc import Sequence
from pathlib import Path

from harness.records.record import Record
from harness.records.study_outputs import Heatmap
from harness.reporting.factorial import (
    GLANCE,
    ORIGINAL,
    FactorialDesign,
    factorial_designs,
)
from harness.reporting.figures.charts import (
    MOST_LINES,
    NAMES,
    Dots,
    Panel,
    by_rule,
    overview_charts,
    pair_charts,
    panels_of,
    update_rules_chart,
    with_most_rules,
)
from harness.reporting.figures.panels import plot_panels
from harness.reporting.figures.style import SAMPLE_SUFFIX, listed
from harness.reporting.groups import (
    ModelResults,
    Results,
    SeedGroup,
    load_published,
    load_results,
    make_results,
)
from harness.reporting.own_runs import tasks_of
from harness.reporting.table import format_percent


def plot_experiment(records: list[Record], plots_dir: Path) -> list[Path]:
    """Draws `<experiment>[+variant].png` of finished runs, one for each set of settings.

    Returns the files written; none for a model without epochs, or a study without panels.
    """
    results = make_results(records)
    return _plot_groups([*results.rows, *results.studies], plots_dir)


def plot_all(results_dir: Path, plots_dir: Path) -> tuple[list[Path], list[str]]:
    """Draws every figure: one an experiment that has any, one a data set, one of update rules.

    Returns the files written, and one sentence for each run that was left out.
    """
    numbers = load_published()
    results = load_results(results_dir, numbers)
    paths = _plot_groups([*results.rows, *results.studies], plots_dir)
    for name, rows in compared_rows(results).items():
        panels = [Dots(rows), *overview_charts(rows)]
        title = overview_title(rows, numbers.datasets.get(name, name))
        paths.append(plot_panels(plots_dir / f"{name}.png", title, panels, across=5))
    if rules := with_most_rules(factorial_designs(results, numbers)):
        path = plots_dir / "update-rules-factorial.png"
        paths.append(plot_panels(path, rules_title(rules), list(map(update_rules_chart, rules))))
        paths += _plot_front_page(rules[0], plots_dir)
    return paths, results.left_out


def plot_pair(first: ModelResults, second: ModelResults, path: Path) -> Path:
    """The curves of two results over each other."""
    metric = NAMES[first.metric]
    best = " and ".join(f"{row.spread('best_validation').mean:.4f}" for row in (first, second))
    title = f"A: {first.title}; B: {second.title}: best validation {metric} {best}"
    title += SAMPLE_SUFFIX if first.sample else ""
    return plot_panels(path, title, pair_charts(first, second))


def _plot_groups(groups: list[SeedGroup], plots_dir: Path) -> list[Path]:
    """A figure of each network and of each study that shows any panel."""
    panels = [(group, panels_of(group)) for group in groups]
    return [
        plot_panels(plots_dir / f"{group.name}.png", title_of(group, shown), shown)
        for group, shown in panels
        if shown
    ]


def compared_rows(results: Results) -> dict[str, list[ModelResults]]:
    """The models of each data set: one protocol each, the published one if it ran.

    Of the user's own data, they are the models of each task.
    """
    own = [row for row in results.rows if row.first.own_data]
    others = [row for row in results.rows if not row.first.own_data]
    published = {row.first.experiment for row in others if not row.variant}
    rows = tasks_of(own)
    for row in sorted(others, key=lambda row: bool(row.variant)):
        if not (row.variant and row.first.experiment in published):
            rows.setdefault(row.dataset, []).append(row)
    return rows


def overview_title(rows: list[ModelResults], title: str) -> str:
    """The data set, and which model has the best test value."""
    pick, word = (min, "lowest") if rows[0].lower_is_better else (max, "highest")
    best = pick(rows, key=lambda row: row.spread("test_at_best").mean)
    title += f": {NAMES[rows[0].metric]} of {len(rows)} model{'s' if len(rows) > 1 else ''}"
    title += f", {word} on test {best.spread('test_at_best').mean:.4f} ({best.title})"
    return title + (SAMPLE_SUFFIX if rows[0].sample else "")


def title_of(group: SeedGroup, panels: Sequence[Panel]) -> str:
    """What is seen: the best validation, or where the first panel of a study ends."""
    seeds = len(group.records)
    if isinstance(group, ModelResults):
        best, published = group.spread("best_validation").mean, group.published.best_validation
        title = f"{group.title}: best validation {NAMES[group.metric]} {best:.4f}"
        title += f", published {published:.4f}" if published is not None else ""
        runs = f"mean and range of {seeds} seeds" if seeds > 1 else "one seed"
        title += f" ({group.first.experiment}, {runs})"
    else:
        title = f"{group.title}. {finding(panels[0])}"
        averaged = seeds > 1 and not isinstance(panels[0], Heatmap)
        title += f" (mean and range of {seeds} seeds)" if averaged else ""
    return title + (SAMPLE_SUFFIX if group.sample else "")


def finding(panel: Panel) -> str:
    """A panel in one sentence: where its curves end, or its highest and lowest numbers."""
    if isinstance(panel, Heatmap):
        if panel.marks:
            columns = zip(*panel.rows.values(), strict=True)
            largest = [max(zip(column, panel.rows, strict=True))[1] for column in columns]
            right = sum(map(str.__eq__, largest, panel.marks))
            counts = f"{right} of {len(panel.marks)} columns"
            return f"{panel.title}: the framed one is the largest in {counts}"
        cells = [(value, name) for name, values in panel.rows.items() for value in values]
        (low, first), (high, last) = min(cells), max(cells, key=lambda cell: cell[0])
        return f"{panel.title}: {low:.3g} ({first}) to {high:.3g} ({last})"
    curves = [curve for curve in panel.curves if len(curve.seeds)]
    if not curves:
        return panel.title
    told = panel.y.lower() in panel.title.lower()
    start = panel.title if told else f"{panel.title}: {panel.y}"
    lines = [curve for curve in curves if curve.mark == "line"]
    if not lines:
        value, label = max((curve.mean.max(), curve.label) for curve in curves)
        return f"{start} at most {value:.3g} ({label})"
    end = max(curve.mean.index[-1] for curve in lines)
    values = [(curve.mean[end], curve.label) for curve in lines if curve.mean.index[-1] == end]
    if len(values) > MOST_LINES // 2:
        (low, first), (high, last) = min(values), max(values)
        shown = f"from {low:.2g} for {first} to {high:.2g} for {last}"
    else:
        shown = listed(f"{value:.3g} for {label}" for value, label in values)
    return f"{start} {shown}, at {_place(panel.x, end)}"


def _place(axis: str, value: float) -> str:
    """A point of an axis in words: `epoch 10`, `400 steps since it was read`."""
    name, _, unit = axis.rstrip(")").partition(" (")
    if unit:
        return f"a {name} of {value:,g} {unit}"
    counted = any(word.endswith("s") for word in name.split())
    return f"{value:,g} {name}" if counted else f"{name} {value:,g}"


def _plot_front_page(design: FactorialDesign, plots_dir: Path) -> list[Path]:
    """The finding at a glance: today's rule and that of Keras 2.0 beside the published log."""
    shown, rules = by_rule(design), GLANCE[:2]
    off = [shown[rule].distance for rule in rules if rule in shown]
    if len(off) < len(rules) or None in off:
        return []
    today, old = map(format_percent, off)
    title = f"By today's rmsprop, the {design.title} is {today} off its published curve; "
    title += f"by that of Keras 2.0, {old}"
    return [
        plot_panels(plots_dir / "front-page.png", title, [update_rules_chart(design, glance=True)])
    ]


def rules_title(found: list[FactorialDesign]) -> str:
    """How far the first, the last and the original rule of the first network are from its log."""
    shown = by_rule(found[0])
    rules = [rule for rule in shown if rule != ORIGINAL and shown[rule].distance is not None]
    if not rules:
        networks = listed(design.title for design in found)
        return f"Training loss of {networks} by {len(shown)} update rules"
    ends = dict.fromkeys([rules[0], rules[-1], *({ORIGINAL} & shown.keys())])
    off = [  # without what is in the rule, as in "Keras 2.0's rule: both, 1e-8"
        (format_percent(shown[rule].distance), shown[rule].short_title) for rule in ends
    ]
    (far, name), *others = off
    parts = [f"{far} off the published log by {name}", *(f"{o} off by {n}" for o, n in others)]
    return f"Training loss of the {found[0].title}: {', '.join(parts)}"
