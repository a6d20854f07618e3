"""What each difference between Keras 2.0 and Keras 3 does to training: a factorial design.

Each condition of the design trains one network with one update rule, one gate activation and one
place of the reset gate. The main effect of a factor is the mean difference between conditions that
differ in this factor alone.
"""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from harness.records.record import Record
from harness.reporting.conditions import mixture_note
from harness.reporting.groups import ModelResults, Published, PublishedResults, Results
from harness.reporting.reproduction import curve_distance
from harness.reporting.statistics import Estimate, estimate

# From the RMSprop of Keras 3 on TensorFlow to that of 2.0.8: in words, then where epsilon is, or
# its value outside the root, and whether the gradients of a repeated word are squared before they
# are added or after.
RULES = {
    "rmsprop": ("Keras 3's rule on TensorFlow", "inside", "before"),
    "rmsprop-epsilon-outside-1e-7": ("epsilon outside, 1e-7", "1e-7", "before"),
    "rmsprop-epsilon-outside": ("epsilon outside, 1e-8", "1e-8", "before"),
    "rmsprop-keras-2.11": ("Keras 2.11's rule: squares after adding", "inside", "after"),
    "rmsprop-keras-2.10": ("Keras 2.10's rule: both, 1e-7", "1e-7", "after"),
    "rmsprop-keras-2.0": ("Keras 2.0's rule: both, 1e-8", "1e-8", "after"),
}
ORIGINAL = "original"  # the condition of old Keras itself
# what figures show: the rules that a version of Keras has, and the original
SHOWN = ("rmsprop", "rmsprop-keras-2.11", "rmsprop-keras-2.10", "rmsprop-keras-2.0", ORIGINAL)
GLANCE = ("rmsprop", "rmsprop-keras-2.0", ORIGINAL)  # what the front page's figure shows of them
KERAS_3 = {"optimizer": "rmsprop", "gates": "sigmoid", "reset_after": True}
# by name: the levels of Keras 3, or between the two, and those nearer to 2.0
FACTORS: dict[str, tuple[dict, dict]] = {
    "epsilon outside the root": ({"epsilon": "inside"}, {"epsilon": "1e-7"}),
    "epsilon outside, 1e-8 in place of 1e-7": ({"epsilon": "1e-7"}, {"epsilon": "1e-8"}),
    "squares after adding": ({"squares": "before"}, {"squares": "after"}),
    "Keras 2.0's rule: all": (
        {"epsilon": "inside", "squares": "before"},
        {"epsilon": "1e-8", "squares": "after"},
    ),
    "hard sigmoid": ({"gates": "sigmoid"}, {"gates": "keras2-hard-sigmoid"}),
    "reset before the product": ({"reset_after": True}, {"reset_after": False}),
}
# of a run, what is compared: logarithms of losses, and the metric
NUMBERS: dict[str, Callable[[Record], float]] = {
    "Training loss, epoch 1": lambda record: math.log(record.history["loss"][0]),
    "Training loss, whole curve": lambda record: statistics.fmean(
        map(math.log, record.history["loss"])
    ),
    "Best validation": lambda record: record.metrics["best_validation"],
}


@dataclass(frozen=True)
class Condition:
    """The runs of one network in one condition of the design."""

    row: ModelResults
    published: Published  # of the network
    levels: dict  # by the names of `KERAS_3`

    @property
    def optimizer(self) -> str:
        return self.levels["optimizer"]

    @property
    def title(self) -> str:
        """The condition in words: `Keras 2.0's rule: both, 1e-8, hard sigmoid`."""
        if self.optimizer == ORIGINAL:
            return f"Keras {self.published.keras} itself"
        parts = [RULES[self.optimizer][0]]
        parts += ["hard sigmoid"] if self.levels["gates"] != KERAS_3["gates"] else []
        parts += ["reset before the product"] if not self.levels["reset_after"] else []
        return ", ".join(parts)

    @property
    def short_title(self) -> str:
        """The same without what is in the rule: `Keras 2.0's rule`."""
        return self.title.partition(":")[0]

    @property
    def factors(self) -> dict:
        """The levels of the factors, of which those of the rule are two."""
        _, epsilon, squares = RULES[self.optimizer]
        return self.levels | {"optimizer": "", "epsilon": epsilon, "squares": squares}

    @property
    def distance(self) -> float | None:
        """Distance of the mean training curve from the published one; None if there is none."""
        return curve_distance(self.row, self.published.loss)


@dataclass(frozen=True)
class MainEffect:
    """How the level of Keras 2.0 of one factor differs from that of Keras 3."""

    factor: str
    pairs: int  # of conditions that it is the mean of
    note: str  # in what the runs differ that should come from one code; empty if in nothing
    changes: dict[str, Estimate]  # by the names of `NUMBERS`


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
        complete = [
            (one.factors, one.row.records)
            for one in self.conditions
            if one.optimizer in RULES and not one.row.too_few_seeds
        ]
        effects = []
        for factor, (before, after) in FACTORS.items():
            pairs = [
                (old, new)
                for levels, old in complete
                for others, new in complete
                if levels == levels | before and others == levels | after
            ]
            if pairs:
                weights = [-1 / len(pairs), 1 / len(pairs)] * len(pairs)
                sides = [side for pair in pairs for side in pair]
                # the loops in C know only the rules of Keras 2
                note = mixture_note(sides, by_design=["layers"])
                changes = {
                    name: estimate(*(list(map(number, side)) for side in sides), weights=weights)
                    for name, number in NUMBERS.items()
                }
                effects.append(MainEffect(factor, len(pairs), note, changes))
        return effects


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
            found.setdefault(experiment, []).append(Condition(row, about, levels))
    order = [*RULES, ORIGINAL]
    return [
        FactorialDesign(
            sorted(
                conditions,
                key=lambda c: (order.index(c.optimizer), c.levels["gates"] != KERAS_3["gates"]),
            )
        )
        for conditions in found.values()
        if len(conditions) > 1
    ]
