"""Words as sequences of letters; each letter is to be predicted from those before it."""

from collections import Counter
from itertools import pairwise

import numpy as np

from data.errors import DataError, shown

LONGEST = 100  # letters


def different_words(text: str) -> list[str]:
    """The different words of a text with commas; every beginning must have one continuation.

    Raises:
        DataError: a word has no next letter, or two words continue the same beginning differently.
    """
    words = list(dict.fromkeys(text.split(",")))
    continued: dict[str, str] = {}  # beginning -> the first word that continues it
    for word in words:
        if len(word) < 2:
            raise DataError(f"--word: '{word}' has no next letter; give a word of two or more.")
        if len(word) > LONGEST:
            raise DataError(
                f"--word: '{shown(word, 20)}' has {len(word):,} letters; give words of at most "
                f"{LONGEST}."
            )
        for end in range(1, len(word)):
            other = continued.setdefault(word[:end], word)
            if other[end] != word[end]:
                raise DataError(
                    f"--word: '{word[:end]}' goes on with '{other[end]}' in {other} and with "
                    f"'{word[end]}' in {word}; nothing that was read tells which, so no network "
                    "can learn both. Leave one of the words out."
                )
    return words


def different_letters(words: list[str]) -> list[str]:
    """The different letters of the words: what may follow.

    Raises:
        DataError: there is only one, so there is nothing to predict.
    """
    letters = list(dict.fromkeys("".join(words)))
    if len(letters) == 1:
        raise DataError(
            f"--word: in {','.join(words)} nothing but '{letters[0]}' can follow, so there is "
            "nothing to predict; give a word of two different letters or more."
        )
    return letters


def one_hot(words: list[str], letters: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Words as arrays; shorter words are padded with zeros of weight zero.

    Returns:
        Letters (words, timesteps, letters), next letters (words, timesteps), and weights
        (words, timesteps), where a word of n letters has n - 1 timesteps.
    """
    timesteps = max(map(len, words)) - 1
    x = np.zeros((len(words), timesteps, len(letters)), np.float32)
    following = np.zeros((len(words), timesteps), np.int32)
    weights = np.zeros((len(words), timesteps), np.float32)
    for row, word in enumerate(words):
        for t, (letter, after) in enumerate(pairwise(word)):
            x[row, t, letters.index(letter)] = 1
            following[row, t], weights[row, t] = letters.index(after), 1
    return x, following, weights


def without_memory(words: list[str]) -> float:
    """Share of the next letters that a bigram model gets right at best."""
    pairs = Counter(pair for word in words for pair in pairwise(word))
    best = {first: max(n for (f, _), n in pairs.items() if f == first) for first, _ in pairs}
    return sum(best.values()) / pairs.total()
