"""Every two experiments on one data set beside each other, as data for the page."""

import itertools
from collections.abc import Iterable, Sequence

from harness.reporting.comparison import NUMBERS, NumberPair, compare
from harness.reporting.report.experiments import ShownExperiment
from harness.reporting.table import FOUR, mean_and_sd
from harness.reporting.tables import number_cells


class Pool:
    """Values by their place in a list that holds each once: pairs repeat each other."""

    def __init__(self):
        self._places: dict[object, int] = {}

    def places(self, values: Iterable[object]) -> list[int]:
        return [self._places.setdefault(value, len(self._places)) for value in values]

    @property
    def values(self) -> list:
        return list(self._places)


def pair_data(experiments: Sequence[ShownExperiment]) -> dict:
    """All pairs on a data set, the earlier experiment first.

    Returns:
        `names` of the numbers; `values` of them, of each experiment by its id; and `pairs` by both
        ids with a space between. A pair is an obstacle, places in `differences`, and of each number
        its cells as places in `texts`. A difference is a kind, a name and two values, as places in
        `texts`, too.
    """
    texts, differences, pairs = Pool(), Pool(), {}
    for first, second in itertools.combinations(experiments, 2):
        if first.row.dataset == second.row.dataset:
            pair = compare(first.row, second.row)
            differing = (
                tuple(texts.places([d.kind, d.name, ", ".join(d.first), ", ".join(d.second)]))
                for d in pair.differences
            )
            pairs[f"{first.id} {second.id}"] = [
                pair.obstacle,
                differences.places(differing),
                [texts.places(_cells(number)) for number in pair.numbers(over_samples=False)],
            ]
    values = {
        one.id: [mean_and_sd(one.row.spread(field), FOUR) for field in NUMBERS.values()]
        for one in experiments
    }
    return {
        "names": list(NUMBERS),
        "values": values,
        "texts": texts.values,
        "differences": differences.values,
        "pairs": pairs,
    }


def _cells(number: NumberPair) -> list[str]:
    """The difference, its interval over seeds, how often the first is better, and the note."""
    *_, difference, over_seeds, _, better = number_cells(number)
    return [difference, over_seeds, better, number.note]
