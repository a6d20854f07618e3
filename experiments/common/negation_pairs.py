"""The pairs of sentences of `negation`, and what is counted on them."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.imdb import encode_words, load_word_index, split_words, unknown_words
from harness.errors import RunError
from harness.records.files import read_toml
from harness.records.schema import KnownFields, validated
from harness.records.study_outputs import Table

FILE = Path(__file__).parents[1] / "negation_pairs.toml"
ALL = "all"


@dataclass(frozen=True)
class Kind(KnownFields):
    """Pairs of one kind, each a sentence and its opposite.

    Attributes:
        name: what the pairs have in common.
        lowers, raises: where the opposite is the less, and the more, positive sentence.
        sample: of words of the built-in sample reviews.
    """

    name: str
    lowers: list[tuple[str, str]] = field(default_factory=list)
    raises: list[tuple[str, str]] = field(default_factory=list)
    sample: bool = False

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The sentences of each pair, the positive one first."""
        return [*self.lowers, *((positive, negative) for negative, positive in self.raises)]


def read_kinds(sample: bool) -> list[Kind]:
    """The pairs of the real or of the sample reviews' words.

    Raises:
        RunError: the file cannot be read.
    """
    kinds = validated(FILE, dict[str, list[Kind]], read_toml(FILE))["kind"]
    return [kind for kind in kinds if kind.sample == sample]


def encode_pairs(kinds: list[Kind], data_dir, sample: bool, num_words: int) -> list[np.ndarray]:
    """The ids of all sentences, pair after pair, the positive one first.

    Raises:
        RunError: a word is not in the vocabulary.
        DataError: the word index is missing.
    """
    index = load_word_index(data_dir, sample=sample)
    sentences = [split_words(text) for kind in kinds for pair in kind.pairs for text in pair]
    for words in sentences:
        unknown = unknown_words(words, index, num_words)
        if unknown:
            raise RunError(
                f"{FILE}: '{unknown[0]}' is not in the vocabulary of {num_words:,}; use a higher "
                "--num-words."
            )
    return [encode_words(words, index, num_words) for words in sentences]


def negation_tables(kinds: list[Kind], probabilities: dict[str, np.ndarray]) -> list[Table]:
    """Shares of the pairs, for each model and kind.

    Args:
        kinds: the pairs.
        probabilities: of all sentences in the order of `encode_pairs`, by model.
    """
    counts = [len(kind.pairs) for kind in kinds]
    bounds = np.cumsum(counts)[:-1]
    columns = [f"{kind.name} ({n})" for kind, n in zip(kinds, counts, strict=True)]

    def table(title: str, is_right) -> Table:
        rows = {}
        for model, found in probabilities.items():
            right = is_right(*found.reshape(-1, 2).T)  # (pairs,)
            parts = [*np.split(right, bounds), right]
            rows[model] = [float(part.mean()) for part in parts]
        return Table(title, [*columns, f"{ALL} ({sum(counts)})"], rows)

    return [
        table("share of the pairs whose probability moves the right way", lambda p, n: p > n),
        table("share of the pairs with both verdicts right", lambda p, n: (p > 0.5) & (n <= 0.5)),
    ]
