"""Models without a network, to compare with: linear ones, and counting characters or words."""

import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def bag_of_ngrams(ngrams: int = 2, inverse_regularisation: float = 10.0) -> Pipeline:
    """Logistic regression on the weighted counts of words and n-grams; blind to all other order.

    Args:
        ngrams: longest n-gram counted, in words; 1 for words alone.
        inverse_regularisation: the C of the logistic regression.

    Returns:
        A pipeline that is fitted on reviews: the ids of the words of each.
    """
    counts = TfidfVectorizer(
        tokenizer=lambda ids: list(map(str, ids)),  # the names of its features are text
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, ngrams),
        min_df=2,  # an n-gram of one review alone teaches nothing about others
        sublinear_tf=True,
    )
    return make_pipeline(counts, LogisticRegression(C=inverse_regularisation, max_iter=1000))


def save_ngrams(model: Pipeline, path: Path) -> None:
    """Writes a fitted `bag_of_ngrams` as arrays of numbers (`.npz`).

    The coefficients become float16, which keeps three digits.
    """
    counts, classifier = model
    rows = [[int(word) for word in term.split()] for term in counts.get_feature_names_out()]
    longest = max(map(len, rows))
    np.savez_compressed(
        path,
        ngrams=np.array([row + [0] * (longest - len(row)) for row in rows], np.int32),
        idf=counts.idf_.astype(np.float32),  # (features,)
        coefficients=classifier.coef_[0].astype(np.float16),  # (features,)
        intercept=classifier.intercept_,  # (1,)
    )


def load_ngrams(path: Path) -> Pipeline:
    """The fitted model that `save_ngrams` wrote.

    Raises:
        ValueError: the file does not hold such a model.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            ngrams, idf, coefficients, intercept = (
                arrays[name] for name in ("ngrams", "idf", "coefficients", "intercept")
            )
    except (OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from error
    model = bag_of_ngrams(ngrams.shape[1])
    counts, classifier = model
    terms = [" ".join(str(word) for word in row if word) for row in ngrams.tolist()]
    counts.vocabulary = {term: column for column, term in enumerate(terms)}
    counts.idf_ = idf.astype(np.float64)
    classifier.classes_ = np.array([0, 1])
    classifier.coef_ = coefficients[None].astype(np.float64)  # (1, features)
    classifier.intercept_ = intercept
    return model


def ridge_regression(penalty: float = 1.0) -> Pipeline:
    """Ridge regression on standardised features.

    Args:
        penalty: weight of the squared coefficients.

    Returns:
        A pipeline that is fitted on features of shape (samples, features), which it overwrites to
        save their memory, and targets (samples,).
    """
    return make_pipeline(StandardScaler(copy=False), Ridge(alpha=penalty, copy_X=False))


# Observations that the shorter context's probabilities weigh against the counts. Fixed beforehand,
# not chosen on the text that is evaluated.
SMOOTHING = 5.0


class Ngrams:
    """Probabilities of the next character by counting, smoothed by those of shorter contexts.

    A word, too, is a character here.

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
