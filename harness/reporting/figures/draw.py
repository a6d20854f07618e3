"""Draws all figures, or those of one experiment, from run records alone.

One figure an experiment (its training curves, or what a study shows), one a data set (all models
beside each other), one of the update rules. Same records, same bytes. `RunError`: there are no
records, sample data are mixed with real data, or the folder cannot be written.
"""

from dataclasses import replace
from pathlib import Path

from harness.records.record import Record
from harness.records.study_outputs import Heatmap
from harness.reporting.factorial import (
    KERAS_3,
    ORIGINAL,
    SHOWN,
    FactorialDesign,
    factorial_designs,
)
from harness.reporting.figures.charts import (
    MOST_LINES,
    NAMES,
    Panel,
    pair_charts,
    panels_of,
    update_rules_chart,
    with_most_rules,
)
from harness.reporting.figures.overview import one_protocol_each, plot_overview
from harness.reporting.figures.panels import plot_panels
from harness.reporting.figures.style import SAMPLE_SUFFIX, listed
from harness.reporting.groups import (
    ModelResults,
    SeedGroup,
    load_published,
    load_results,
    make_results,
)
from harness.reporting.own_data import tasks_of
from harness.reporting.table import format_percent


def plot_experiment(records: list[Record], plots_dir: Path) -> list[Path]:
    """Draws `<experiment>[+variant].png` of finished runs, one for each set of settings.

    Returns the files written; none for a model without epochs, or a study without panels.
    """
    results = make_results(records)
    return _plot_groups([*results.rows, *results.studies], plots_dir)


def plot_all(results_dir: Path, plots_dir: Path, published: Path) -> tuple[list[Path], list[str]]:
    """Draws every figure: one an experiment that has any, one a data set, one of update rules.

    Returns the files written, and one sentence for each run that was left out.
    """
    numbers = load_published(published)
    results = load_results(results_dir, numbers)
    paths = _plot_groups([*results.rows, *results.studies], plots_dir)
    overviews = tasks_of([row for row in results.rows if row.first.own_data])
    for row in results.rows:
        if not row.first.own_data:
            members = [one for one in results.rows if one.dataset == row.dataset]
            overviews[row.dataset] = one_protocol_each(members)
    for name, members in overviews.items():
        path = plots_dir / f"{name}.png"
        paths.append(plot_overview(members, numbers.datasets.get(name, name), path))
    if rules := with_most_rules(factorial_designs(results, numbers)):
        path = plots_dir / "update-rules-factorial.png"
        paths.append(plot_panels(path, rules_title(rules), list(map(update_rules_chart, rules))))
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


def title_of(group: SeedGroup, panels: list[Panel]) -> str:
    """What is seen: the best validation, or where the first panel of a study ends."""
    seeds = len(group.records)
    if isinstance(group, ModelResults):
        best, published = group.spread("best_validation").mean, group.published.best_validation
        title = f"{group.title}: best validation {NAMES[group.metric]} {best:.4f}"
        title += f", published {published:.4f}" if published is not None else ""
        runs = f"mean and range of {seeds} seeds" if seeds > 1 else "one seed"
        title += f" ({group.first.experiment}, {runs})"
    else:
        title = f"{group.title}. {finding(_whole(panels))}"
        averaged = seeds > 1 and not isinstance(panels[0], Heatmap)
        title += f" (mean and range of {seeds} seeds)" if averaged else ""
    return title + (SAMPLE_SUFFIX if group.sample else "")


def _whole(panels: list[Panel]) -> Panel:
    """The first panel, with the curves of those among which it was divided."""
    first = panels[0]
    if isinstance(first, Heatmap):
        return first
    parts = [panel for panel in panels if panel.title == first.title]
    return replace(first, curves=[curve for part in parts for curve in part.curves])


def finding(panel: Panel) -> str:
    """A panel in one sentence: where its curves end, or its highest and lowest numbers."""
    if isinstance(panel, Heatmap):
        if panel.marks:
            columns = zip(*panel.rows.values(), strict=True)
            right = sum(
                max(zip(column, panel.rows, strict=True))[1] == mark
                for column, mark in zip(columns, panel.marks, strict=True)
            )
            counts = f"{right} of {len(panel.marks)} columns"
            return f"{panel.title}: the framed one is the largest in {counts}"
        cells = [(value, name) for name, values in panel.rows.items() for value in values]
        (low, first), (high, last) = min(cells), max(cells, key=lambda cell: cell[0])
        return f"{panel.title}: {low:.3g} ({first}) to {high:.3g} ({last})"
    if not any(len(curve.x) for curve in panel.curves):
        return panel.title
    # what the title ends in may be what the axis says
    subject, _, measure = panel.title.rpartition(", ")
    if panel.y.lower().startswith(measure.lower()):
        start = f"{subject}: {panel.y}" if subject else panel.title
    else:
        start = f"{panel.title}: {panel.y}"
    lines = [curve for curve in panel.curves if curve.mark == "line" and len(curve.x)]
    if not lines:
        value, label = max((max(c.mean), c.label) for c in panel.curves if len(c.x))
        return f"{start} at most {value:.3g} ({label})"
    end = max(curve.x[-1] for curve in lines)
    values = [(curve.mean[-1], curve.label) for curve in lines if curve.x[-1] == end]
    if len(values) > MOST_LINES // 2:
        (low, first), (high, last) = min(values), max(values)
        shown = f"from {low:.2g} for {first} to {high:.2g} for {last}"
    else:
        shown = listed(f"{value:.3g} for {label}" for value, label in values)
    return f"{start} {shown}, at {_place(panel, end)}"


def _place(panel: Panel, x: float) -> str:
    """`round 25`, `400 steps since the symbol was read`, or `499 steps of distance`."""
    name, _, unit = panel.x.removesuffix(")").partition(" (")
    if unit:
        return f"{x:g} {unit} of {name}"
    return f"{x:g} {name}" if name.partition(" ")[0].endswith("s") else f"{name} {x:g}"


def rules_title(found: list[FactorialDesign]) -> str:
    """How far the first, last and original rule are from the log, where they differ most."""
    ran = {one.optimizer for design in found for one in design.conditions}
    rules = [rule for rule in SHOWN if rule in ran and rule != ORIGINAL]
    ends = (rules[0], rules[-1], *({ORIGINAL} & ran))
    distances = {}  # by network, in the order of `ends`
    for design in found:
        off = {
            one.optimizer: (one.distance, one.title.partition(":")[0])  # "Keras 2.0's rule: both"
            for one in design.conditions
            if one.levels == KERAS_3 | {"optimizer": one.optimizer} and one.distance is not None
        }
        if off.keys() >= set(ends):
            distances[design.title] = [off[rule] for rule in ends]
    if not distances:
        networks = listed(design.title for design in found)
        return f"Training loss of {networks} by {len(rules)} update rules"
    network = max(distances, key=lambda name: abs(distances[name][0][0] - distances[name][1][0]))
    (far, name), *others = distances[network]
    parts = [f"{format_percent(far)} off the published log by {name}"]
    parts += [f"{format_percent(far)} off by {name}" for far, name in others]
    return f"Training loss of the {network}: {', '.join(parts)}"
