"""What each difference between Keras 2 and Keras 3 does to training: a factorial design.

The cells of the design are the forms in which one network was trained: the update rule, the
function that opens the gates, where the reset gate stands. A factor's effect is the mean difference
between cells that differ in this factor alone.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.reporting.analysis.models import ModelResults, Published, PublishedResults
from harness.reporting.analysis.reproduction import compare_curves
from harness.reporting.analysis.results import Results
from harness.reporting.analysis.seeds import SEEDS_NEEDED
from harness.reporting.analysis.statistics import Estimate

# from Keras 3's RMSprop to Keras 2's: epsilon inside or outside the root, and whether the gradients
# of a repeated word are squared before they are added or after
RULES = {
    "rmsprop": "Keras 3's rule",
    "rmsprop-epsilon-outside": "epsilon outside the root",
    "rmsprop-summed-rows": "squares after adding",
    "rmsprop-keras2": "Keras 2's rule: both",
}
SETTINGS = {"optimizer": "rmsprop", "gates": "sigmoid", "reset_after": True}  # Keras 3's


@dataclass(frozen=True)
class Cell:
    """The runs of one network in one form.

    Attributes:
        row: the runs, which differ in their seed only.
        optimizer, gates, reset_after: the form.
        published: what was published of the network.
    """

    row: ModelResults
    optimizer: str
    gates: str
    reset_after: bool
    published: Published

    @property
    def form(self) -> tuple:
        return self.optimizer, self.gates, self.reset_after

    @property
    def title(self) -> str:
        """The form in words: `Keras 2's rule: both, hard sigmoid`."""
        parts = [RULES[self.optimizer]]
        parts += ["hard sigmoid"] if self.gates != SETTINGS["gates"] else []
        parts += ["reset before the product"] if not self.reset_after else []
        return ", ".join(parts)

    @property
    def complete(self) -> bool:
        """Whether there are enough seeds for an effect."""
        return len(self.row.records) >= SEEDS_NEEDED


@dataclass(frozen=True)
class Factor:
    """One difference between Keras 3 and Keras 2.

    Attributes:
        title: what changes, from Keras 3 to Keras 2.
        change: the same form with Keras 2's level of this factor; None for a form that has it.
    """

    title: str
    change: Callable[[tuple], tuple | None]


def _rule(changes: dict[str, str]) -> Callable[[tuple], tuple | None]:
    def change(form: tuple) -> tuple | None:
        return (changes[form[0]], *form[1:]) if form[0] in changes else None

    return change


FACTORS = (
    Factor(
        "epsilon outside the root",
        _rule({"rmsprop": "rmsprop-epsilon-outside", "rmsprop-summed-rows": "rmsprop-keras2"}),
    ),
    Factor(
        "squares after adding",
        _rule({"rmsprop": "rmsprop-summed-rows", "rmsprop-epsilon-outside": "rmsprop-keras2"}),
    ),
    Factor("Keras 2's rule: both", _rule({"rmsprop": "rmsprop-keras2"})),
    Factor(
        "hard sigmoid",
        lambda form: (form[0], "keras2-hard-sigmoid", form[2]) if form[1] == "sigmoid" else None,
    ),
    Factor(
        "reset before the product",
        lambda form: (*form[:2], False) if form[2] else None,
    ),
)


def first_loss(record) -> float:
    """Logarithm of the first epoch's training loss."""
    return math.log(record.history["loss"][0])


def mean_loss(record) -> float:
    """Mean of the logarithms of all epochs' training losses."""
    return statistics.fmean(map(math.log, record.history["loss"]))


@dataclass(frozen=True)
class Effect:
    """What Keras 2's level of one factor does to a network, less Keras 3's.

    Attributes:
        factor: its title.
        pairs: pairs of cells that it is the mean of.
        first_loss, mean_loss: change of the logarithm of the training loss in the first epoch, and
            over the whole curve.
        best_validation: change of the metric.
    """

    factor: str
    pairs: int
    first_loss: Estimate
    mean_loss: Estimate
    best_validation: Estimate


@dataclass(frozen=True)
class Design:
    """One network in all forms that ran, in the order of `RULES`."""

    experiment: str
    cells: list[Cell]

    @property
    def title(self) -> str:
        return self.cells[0].row.first.config["title"]

    @property
    def published(self) -> Published:
        return self.cells[0].published

    @property
    def effects(self) -> list[Effect]:
        """Of the factors for which there is a pair of cells with enough seeds."""
        cells = {cell.form: cell for cell in self.cells if cell.complete}
        effects = []
        for factor in FACTORS:
            pairs = [(cell, cells.get(factor.change(form))) for form, cell in cells.items()]
            pairs = [(old, new) for old, new in pairs if new is not None]
            if pairs:
                measures = (first_loss, mean_loss, lambda r: r.metrics["best_validation"])
                parts = [_mean_difference(pairs, measure) for measure in measures]
                effects.append(Effect(factor.title, len(pairs), *parts))
        return effects


def _mean_difference(pairs: Sequence[tuple[Cell, Cell]], measure: Callable) -> Estimate:
    """Mean over the pairs of the second cell's mean less the first's, as Welch estimates it."""
    differences, variances = [], []  # variances of the cells' means, and their degrees of freedom
    for pair in pairs:
        old, new = ([measure(record) for record in cell.row.records] for cell in pair)
        differences.append(statistics.fmean(new) - statistics.fmean(old))
        for values in (old, new):
            share = len(values) * len(pairs) ** 2
            variances.append((statistics.variance(values) / share, len(values) - 1))
    total = sum(variance for variance, _ in variances)
    squares = sum(variance**2 / df for variance, df in variances)
    df = total**2 / squares if squares else math.inf
    return Estimate(statistics.fmean(differences), math.sqrt(total), df)


def distance(cell: Cell) -> float | None:
    """How far the mean training curve is from the published one; None where there is none."""
    curve = compare_curves(cell.row, cell.published)
    return None if curve is None else curve.distance


def designs(results: Results, catalogue: PublishedResults) -> list[Design]:
    """The networks that ran in more than one form, in the order of presentation."""
    found: dict[str, list[Cell]] = {}
    for row in results.rows:
        config = row.first.config
        form = {name: config["protocol"].get(name, SETTINGS[name]) for name in SETTINGS}
        experiment = config["experiment"]
        if (
            row.first.history
            and not row.sample
            and not row.data_mark
            and set(row.variant) <= set(SETTINGS)
            and form["optimizer"] in RULES
        ):
            published = catalogue.experiments.get(experiment, Published())
            found.setdefault(experiment, []).append(Cell(row, **form, published=published))
    order = list(RULES)
    return [
        Design(name, sorted(cells, key=lambda c: (order.index(c.optimizer), c.gates != "sigmoid")))
        for name, cells in found.items()
        if len(cells) > 1
    ]
