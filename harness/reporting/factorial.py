"""What each difference between Keras 2.0 and Keras 3 does to training: a factorial design.

Each condition of the design trains one network with one update rule, one gate activation and one
place of the reset gate. The main effect of a factor is the mean difference between conditions that
differ in this factor alone.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.records.record import Record
from harness.reporting.groups import ModelResults, Published, PublishedResults, Results
from harness.reporting.reproduction import curve_distance
from harness.reporting.statistics import Estimate

# from the RMSprop of Keras 3 on TensorFlow to that of 2.0.8: epsilon inside or outside the root,
# its value, and whether the gradients of a repeated word are squared before they are added or after
RULES = {
    "rmsprop": "Keras 3's rule on TensorFlow",
    "rmsprop-epsilon-outside-1e-7": "epsilon outside, 1e-7",
    "rmsprop-epsilon-outside": "epsilon outside, 1e-8",
    "rmsprop-keras-2.11": "Keras 2.11's rule: squares after adding",
    "rmsprop-keras-2.10": "Keras 2.10's rule: both, 1e-7",
    "rmsprop-keras-2.0": "Keras 2.0's rule: both, 1e-8",
}
ORIGINAL = "original"  # the condition of the documents' own scripts
# what figures show: the rules that a version of Keras has, and the original
SHOWN = ("rmsprop", "rmsprop-keras-2.11", "rmsprop-keras-2.10", "rmsprop-keras-2.0", ORIGINAL)
KERAS_3 = {"optimizer": "rmsprop", "gates": "sigmoid", "reset_after": True}

# by name: the setting, and for each level of Keras 3, or between the two, the one nearer to 2.0
FACTORS: dict[str, tuple[str, dict]] = {
    "epsilon outside the root": (
        "optimizer",
        {"rmsprop": "rmsprop-epsilon-outside-1e-7", "rmsprop-keras-2.11": "rmsprop-keras-2.10"},
    ),
    "epsilon outside, 1e-8 in place of 1e-7": (
        "optimizer",
        {
            "rmsprop-epsilon-outside-1e-7": "rmsprop-epsilon-outside",
            "rmsprop-keras-2.10": "rmsprop-keras-2.0",
        },
    ),
    "squares after adding": (
        "optimizer",
        {
            "rmsprop": "rmsprop-keras-2.11",
            "rmsprop-epsilon-outside-1e-7": "rmsprop-keras-2.10",
            "rmsprop-epsilon-outside": "rmsprop-keras-2.0",
        },
    ),
    "Keras 2.0's rule: all": ("optimizer", {"rmsprop": "rmsprop-keras-2.0"}),
    "hard sigmoid": ("gates", {"sigmoid": "keras2-hard-sigmoid"}),
    "reset before the product": ("reset_after", {True: False}),
}
# of a run, what is compared: as `MainEffect` has it
NUMBERS: tuple[Callable[[Record], float], ...] = (
    lambda record: math.log(record.history["loss"][0]),
    lambda record: statistics.fmean(map(math.log, record.history["loss"])),
    lambda record: record.metrics["best_validation"],
)


@dataclass(frozen=True)
class Condition:
    """The runs of one network in one condition of the design."""

    row: ModelResults
    published: Published  # of the network
    optimizer: str  # the levels of the factors
    gates: str
    reset_after: bool

    @property
    def levels(self) -> dict:
        return {name: getattr(self, name) for name in KERAS_3}

    @property
    def title(self) -> str:
        """The condition in words: `Keras 2.0's rule: both, 1e-8, hard sigmoid`."""
        if self.optimizer == ORIGINAL:
            return f"Keras {self.published.keras} itself"
        parts = [RULES[self.optimizer]]
        parts += ["hard sigmoid"] if self.gates != KERAS_3["gates"] else []
        parts += ["reset before the product"] if not self.reset_after else []
        return ", ".join(parts)

    @property
    def distance(self) -> float | None:
        """Distance of the mean training curve from the published one; None if there is none."""
        return curve_distance(self.row, self.published.loss)


@dataclass(frozen=True)
class MainEffect:
    """How the level of Keras 2.0 of one factor differs from that of Keras 3."""

    factor: str
    pairs: int  # of conditions that it is the mean of
    first_loss: Estimate  # change of the logarithm of the training loss in the first epoch
    mean_loss: Estimate  # and over the whole curve
    best_validation: Estimate  # change of the metric


@dataclass(frozen=True)
class FactorialDesign:
    """One network in all conditions that ran, in the order of `RULES`."""

    conditions: list[Condition]

    @property
    def title(self) -> str:
        return self.conditions[0].row.first.config["title"]

    @property
    def published(self) -> Published:
        return self.conditions[0].published

    @property
    def effects(self) -> list[MainEffect]:
        """Of the factors for which there is a pair of conditions with enough seeds."""
        complete = [c for c in self.conditions if not c.row.too_few_seeds]
        effects = []
        for factor, (setting, change) in FACTORS.items():
            pairs = [
                (old, new)
                for old in complete
                for new in complete
                if old.levels[setting] in change
                and new.levels == old.levels | {setting: change[old.levels[setting]]}
            ]
            if pairs:
                parts = [_mean_difference(pairs, number) for number in NUMBERS]
                effects.append(MainEffect(factor, len(pairs), *parts))
        return effects


def _mean_difference(
    pairs: Sequence[tuple[Condition, Condition]], number: Callable[[Record], float]
) -> Estimate:
    """Mean over the pairs of the second's mean less the first's, as Welch estimates it."""
    differences, variances = [], []  # variances of the means, and their degrees of freedom
    for pair in pairs:
        old, new = ([number(record) for record in one.row.records] for one in pair)
        differences.append(statistics.fmean(new) - statistics.fmean(old))
        for values in (old, new):
            divisor = len(values) * len(pairs) ** 2
            variances.append((statistics.variance(values) / divisor, len(values) - 1))
    total = sum(variance for variance, _ in variances)
    squares = sum(variance**2 / df for variance, df in variances)
    df = total**2 / squares if squares else math.inf
    return Estimate(statistics.fmean(differences), math.sqrt(total), df)


def factorial_designs(results: Results, published: PublishedResults) -> list[FactorialDesign]:
    """The networks that ran in more than one condition, in the order of presentation."""
    found: dict[str, list[Condition]] = {}
    for row in results.rows:
        protocol, experiment = row.first.config["protocol"], row.first.experiment
        levels = {name: protocol.get(name, level) for name, level in KERAS_3.items()}
        about = published.experiments.get(experiment, Published())
        if row.variant == {"keras": about.keras}:
            levels = KERAS_3 | {"optimizer": ORIGINAL}
        elif set(row.variant) - set(KERAS_3) or levels["optimizer"] not in RULES:
            continue
        if row.first.history and not (row.data_hash or row.sample):
            found.setdefault(experiment, []).append(Condition(row, about, **levels))
    order = [*RULES, ORIGINAL]
    return [
        FactorialDesign(
            sorted(conditions, key=lambda c: (order.index(c.optimizer), c.gates != "sigmoid"))
        )
        for conditions in found.values()
        if len(conditions) > 1
    ]
