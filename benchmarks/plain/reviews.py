"""The reviews as the documents' scripts prepare them."""

from keras.utils import pad_sequences

from data.imdb import load_imdb


def padded_reviews(num_words: int, maxlen: int, sample: bool) -> tuple[tuple, tuple]:
    """Ids of shape (reviews, maxlen) and labels, for training and for testing."""
    imdb = load_imdb(num_words=num_words, sample=sample)
    x_train = pad_sequences(imdb.x_train, maxlen=maxlen)
    x_test = pad_sequences(imdb.x_test, maxlen=maxlen)
    return (x_train, imdb.y_train), (x_test, imdb.y_test)
