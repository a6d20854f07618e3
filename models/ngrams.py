"""Counting baselines: the next character's probabilities given up to four before it."""

from collections import Counter, defaultdict

import numpy as np

# Observations that the shorter context's probabilities weigh against the counts. Fixed beforehand,
# not chosen on the text that is evaluated.
SMOOTHING = 5.0


class CharacterNgrams:
    """Probabilities of the next character by counting, smoothed by those of shorter contexts.

    With c the next character, h the n - 1 characters before it, and k the smoothing,

        p_n(c | h) = (count(h c) + k p_{n-1}(c | h without its first)) / (count(h) + k)

    down to p_0, which is uniform over all characters: no probability is 0.

    Args:
        ids: numbers of the characters of the training text, shape (length,).
        characters: number of different characters.
        n: length of the counted sequences: 1 unigrams, 2 bigrams, 3 trigrams.
        smoothing: the k of the formula, above 0.
    """

    def __init__(self, ids: np.ndarray, characters: int, n: int, smoothing: float = SMOOTHING):
        self.characters = characters
        self.n = n
        self.smoothing = smoothing
        # Under each context of up to n - 1 characters: the next characters and their counts.
        self.following: dict[tuple, list[tuple[int, int]]] = defaultdict(list)
        text = np.asarray(ids).tolist()
        for size in range(1, n + 1):
            shifted = (text[start:] for start in range(size))
            for (*context, character), count in Counter(zip(*shifted, strict=False)).items():
                self.following[tuple(context)].append((character, count))

    def probabilities(self, context: tuple[int, ...]) -> np.ndarray:
        """Probabilities of the next character, shape (characters,).

        Args:
            context: numbers of the characters before it; the last n - 1 count.
        """
        context = context[max(len(context) - self.n + 1, 0) :]
        if context:
            shorter = self.probabilities(context[1:])  # (characters,)
        else:
            shorter = np.full(self.characters, 1 / self.characters)
        weights = self.smoothing * shorter
        for character, count in self.following.get(context, ()):
            weights[character] += count
        return weights / weights.sum()

    def evaluate(self, ids: np.ndarray, begin: int) -> tuple[float, float]:
        """Bits per character and accuracy over the end of a text.

        Args:
            ids: numbers of the characters of the whole text, shape (length,).
            begin: position of the first character that is predicted, at least n - 1; those before
                it are read only.
        """
        text = np.asarray(ids).tolist()
        # Each context once, with all that follows it: there are far fewer of them than positions.
        targets = defaultdict(list)
        for position in range(begin, len(text)):
            targets[tuple(text[position - self.n + 1 : position])].append(text[position])
        bits = hits = 0
        for context, following in targets.items():
            probabilities = self.probabilities(context)
            bits -= np.log2(probabilities[following]).sum()
            hits += following.count(int(probabilities.argmax()))
        predicted = len(text) - begin
        return float(bits / predicted), hits / predicted
