"""RMSprop and Adam on an embedding in NumPy, by the rules that Keras had through its versions.

A batch reads some words, each perhaps several times, and every reading has a gradient of its own: a
row. The rules differ in when the rows of a word are added, before or after they are squared, and in
the value and the place of epsilon.
"""

from dataclasses import dataclass

import numpy as np


def added(ids: np.ndarray, rows: np.ndarray, words: int) -> np.ndarray:
    """The rows of each word added up.

    Args:
        ids: word of each reading, shape (readings,).
        rows: shape (readings, features).
        words: size of the vocabulary.

    Returns:
        float64 of shape (words, features).
    """
    total = np.zeros((words, rows.shape[1]))
    np.add.at(total, ids, rows)
    return total


def _squares(rule, ids, rows, words):
    if rule.squares_first:
        return added(ids, np.asarray(rows, float) ** 2, words)
    return added(ids, rows, words) ** 2


@dataclass(frozen=True)
class RMSprop:
    """`v = rho v + (1 - rho) g²`, then `w -= learning_rate g / root`.

    Attributes:
        epsilon: keeps the root from zero.
        inside: the root is `sqrt(v + epsilon)`, else `sqrt(v) + epsilon`.
        squares_first: rows are squared before those of a word are added.
        rho: share of `v` that stays.
    """

    epsilon: float
    inside: bool
    squares_first: bool
    rho: float = 0.9

    def weights(self, batches, words: int, learning_rate: float) -> np.ndarray:
        """What the weights become that begin at zero.

        Args:
            batches: ids and rows of each step, as for `added`.
            words: size of the vocabulary.
            learning_rate: step size.

        Returns:
            float64 of shape (steps, words, features).
        """
        w = v = 0.0
        steps = []
        for ids, rows in batches:
            v = self.rho * v + (1 - self.rho) * _squares(self, ids, rows, words)
            root = np.sqrt(v + self.epsilon) if self.inside else np.sqrt(v) + self.epsilon
            w = w - learning_rate * added(ids, rows, words) / root
            steps.append(w)
        return np.stack(steps)


@dataclass(frozen=True)
class Adam:
    """Running means `m` of g and `v` of g², both corrected for their start at zero.

    Attributes:
        epsilon: added to the root of `v`.
        squares_first: rows are squared before those of a word are added.
        beta_1, beta_2: shares of `m` and `v` that stay.
    """

    epsilon: float
    squares_first: bool
    beta_1: float = 0.9
    beta_2: float = 0.999

    def weights(self, batches, words: int, learning_rate: float) -> np.ndarray:
        """As `RMSprop.weights`."""
        w = m = v = 0.0
        steps = []
        for step, (ids, rows) in enumerate(batches, start=1):
            m = self.beta_1 * m + (1 - self.beta_1) * added(ids, rows, words)
            v = self.beta_2 * v + (1 - self.beta_2) * _squares(self, ids, rows, words)
            correction = np.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
            w = w - learning_rate * correction * m / (np.sqrt(v) + self.epsilon)
            steps.append(w)
        return np.stack(steps)
