"""The linear baselines, as scikit-learn pipelines."""

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
        A pipeline that is fitted on texts: one string a review, words apart by blanks.
    """
    counts = TfidfVectorizer(
        tokenizer=str.split,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, ngrams),
        min_df=2,  # an n-gram of one review alone teaches nothing about others
        sublinear_tf=True,
    )
    return make_pipeline(counts, LogisticRegression(C=inverse_regularisation, max_iter=1000))


def ridge(penalty: float = 1.0) -> Pipeline:
    """Ridge regression on standardised features.

    Args:
        penalty: weight of the squared coefficients.

    Returns:
        A pipeline that is fitted on features of shape (samples, features), which it overwrites to
        save their memory, and targets (samples,).
    """
    return make_pipeline(StandardScaler(copy=False), Ridge(alpha=penalty, copy_X=False))
