"""Tables of training curves: ours beside the published ones, Keras 2 beside Keras 3."""

import math

from harness.reporting.analysis.factorial import Design, Effect, distance
from harness.reporting.analysis.models import PublishedResults
from harness.reporting.analysis.reproduction import Number, Reproduction, reproduce
from harness.reporting.analysis.results import Results
from harness.reporting.analysis.seeds import SEEDS_NEEDED
from harness.reporting.analysis.statistics import Estimate
from harness.reporting.tables.model_tables import line
from harness.reporting.tables.numbers import ABSENT, interval, spread_text

REPRODUCTION = """\
A published run is reproduced where it could be one more of ours: its best and its last epoch lie in
the 95 % prediction interval of one run, and its training loss lies in the prediction band at every
epoch (95 % for the whole curve, on a logarithmic scale, Bonferroni over the epochs). *Off by* is
the mean distance between the published training loss and ours, *band* half the band's width: how
far off a curve would have to be to be noticed."""


def four(value: float) -> str:
    """A metric or a loss to four decimals."""
    return f"{value:.4f}"


def percent(value: float) -> str:
    """A small share as `4 %`."""
    return f"{100 * value:.{1 if abs(value) < 0.1 else 0}f} %"


def reproductions(results: Results, catalogue: PublishedResults) -> list[Reproduction]:
    """The published networks, each in the form of its protocol."""
    return [
        reproduce(row, catalogue.experiments[row.first.experiment])
        for row in results.rows
        if not row.variant and not row.sample and row.published.source and row.first.history
    ]


def reproduction_table(found: list[Reproduction]) -> str:
    """One row an experiment."""
    columns = ["Network", "Seeds", "Best: published (a run of ours)", "Last: published (ours)"]
    columns += ["Training loss", "Reproduced"]
    rows = [line(columns), line(["---", "--:", "--:", "--:", "---", "---"])]
    for one in found:
        row = one.row
        cells = [row.title, str(len(row.records))]
        for field, number in (("best_validation", one.best), ("last_validation", one.last)):
            few = spread_text(row.spread(field), four) if one.few else ""
            cells.append(_number(number, few))
        rows.append(line([*cells, _curve(one), one.verdict]))
    return "\n".join(rows)


def _number(number: Number | None, few: str) -> str:
    """The published number, and where a run of ours lies; with few seeds, where each lay."""
    if number is None:
        return ABSENT
    ours = few or interval(number.interval, four)
    return f"{four(number.published)} ({ours})" if ours else four(number.published)


def _curve(one: Reproduction) -> str:
    curve = one.curve
    if curve is None:
        return ABSENT
    off = f"off by {percent(curve.distance)}"
    if one.few:
        return off
    epochs = len(curve.published)
    inside = f"inside at {epochs - len(curve.outside)} of {epochs} epochs"
    return f"{inside}; {off}, band ± {percent(curve.width)}"


def forms_table(design: Design) -> str:
    """One network in each form: training loss of some epochs, distance from the published curve."""
    epochs = len(design.cells[0].row.first.history["loss"])
    shown = sorted({1, 3, 5, epochs} & set(range(1, epochs + 1)))
    columns = [design.title, "Seeds", *(f"Epoch {epoch}" for epoch in shown)]
    columns += ["Off the published curve by", "Best validation"]
    rows = [line(columns), line(["---", *["--:"] * (len(columns) - 1)])]
    if design.published.loss:
        losses = (four(design.published.loss[epoch - 1]) for epoch in shown)
        best = design.published.best_validation
        rows.append(line(["published log", "1", *losses, ABSENT, four(best) if best else ABSENT]))
    for cell in design.cells:
        curves = [record.history["loss"] for record in cell.row.records]
        losses = (four(sum(c[epoch - 1] for c in curves) / len(curves)) for epoch in shown)
        off = distance(cell)
        cells = [cell.title, str(len(curves)), *losses, ABSENT if off is None else percent(off)]
        rows.append(line([*cells, spread_text(cell.row.spread("best_validation"), four, four)]))
    return "\n".join(rows)


def effects_table(found: list[Design]) -> str:
    """Main effects, a row for each network and factor."""
    columns = ["Network", "From Keras 3 to Keras 2", "Pairs of cells"]
    columns += ["Training loss, epoch 1", "Training loss, whole curve", "Best validation"]
    rows = [line(columns), line(["---", "---", *["--:"] * 4])]
    for design in found:
        for effect in design.effects:
            rows.append(line([design.title, *_effect(effect)]))
    return "\n".join(rows)


def _effect(effect: Effect) -> list[str]:
    losses = (_relative(effect.first_loss), _relative(effect.mean_loss))
    return [effect.factor, str(effect.pairs), *losses, _absolute(effect.best_validation)]


def _relative(estimate: Estimate) -> str:
    """A change of a logarithm as a percentage, with its 95 % interval."""

    def change(value: float) -> str:
        return f"{100 * math.expm1(value):+.0f} %"

    ends = interval(estimate.interval(), change)
    return f"{change(estimate.value)} ({ends})"


def _absolute(estimate: Estimate) -> str:
    ends = interval(estimate.interval(), lambda value: f"{value:+.4f}")
    return f"{estimate.value:+.4f} ({ends})"


def factorial_markdown(found: list[Design]) -> str:
    """The forms of each network, and the main effects."""
    blocks = [forms_table(design) for design in found]
    if any(design.effects for design in found):
        blocks += [
            "Effects of each change, with 95 % intervals over the seeds (a mean over the pairs of "
            f"forms that differ in nothing else, {SEEDS_NEEDED} seeds or more each):",
            effects_table(found),
        ]
    return "\n\n".join(blocks)
