"""Draws all figures, or those of one experiment, from run records alone.

One figure an experiment (its training curves, or what a study shows) and one a data set (all models
beside each other). Same records, same bytes.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.records.record import Record
from harness.reporting.factorial import factorial_designs
from harness.reporting.figures.model_comparison import one_protocol_each, plot_comparison
from harness.reporting.figures.processes import draw_in_processes
from harness.reporting.figures.study_figure import panels_of, plot_study
from harness.reporting.figures.training_curves import plot_curves
from harness.reporting.figures.update_rules_figure import plot_update_rules, with_most_rules
from harness.reporting.groups import PUBLISHED, Results, load_published, load_results, make_results


def plot_experiment(records: list[Record], plots_dir: Path) -> list[Path]:
    """Draws the figure of one experiment.

    Args:
        records: finished runs of the experiment; runs that differ in more than the seed get a
            figure each.
        plots_dir: receives `<experiment>[+variant].png`.

    Returns:
        The files written; none for a model without epochs, or a study without panels.

    Raises:
        RunError: the folder cannot be written.
    """
    results = make_results(records, load_published(PUBLISHED))
    return [draw() for draw in _of_each(results, plots_dir)]


def _of_each(results: Results, plots_dir: Path) -> list[Callable[[], Path]]:
    """What draws the figures of the experiments."""
    curves = [partial(plot_curves, row, plots_dir) for row in results.rows if row.first.history]
    studies = [one for one in results.studies if panels_of(one)]
    return curves + [partial(plot_study, study, plots_dir) for study in studies]


def plot_all(results_dir: Path, plots_dir: Path, published: Path) -> tuple[list[Path], list[str]]:
    """Draws every figure: one an experiment that has any, one a data set, one of update rules.

    Args:
        results_dir: folder of the records.
        plots_dir: receives `<experiment>[+variant].png` and `<dataset>.png`.
        published: TOML file of the published numbers.

    Returns:
        The files written, and one sentence for each run that was left out.

    Raises:
        RunError: no records, sample data mixed with real data, or the folder cannot be written.
    """
    numbers = load_published(published)
    results, left_out = load_results(results_dir, numbers)
    drawings = _of_each(results, plots_dir)
    for dataset in dict.fromkeys(row.dataset for row in results.rows):
        members = one_protocol_each([row for row in results.rows if row.dataset == dataset])
        title = numbers.datasets.get(dataset, dataset)
        path = plots_dir / f"{dataset}.png"
        drawings.append(partial(plot_comparison, members, title, path))
    if rules := with_most_rules(factorial_designs(results, numbers)):
        path = plots_dir / "update-rules-factorial.png"
        drawings.append(partial(plot_update_rules, rules, path))
    return draw_in_processes(drawings), left_out
