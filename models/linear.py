"""The linear baselines, as scikit-learn pipelines."""

import zipfile
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
