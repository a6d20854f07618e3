"""Networks that read a movie review, a row of word ids, and say how likely it is positive.

All take ids of shape (batch, timesteps), with 0 for padding, and return a probability of shape
(batch, 1). Only the feed-forward network fixes the number of timesteps. Padding is not masked, as
in the documents: the networks see it as one more word.

Arguments that all have:
    num_words: size of the vocabulary, ids 0 to `num_words` - 1.
    embedding: features of a word vector.
    units: units of each hidden layer.
"""

import keras
from keras import layers

from models.activations import gate_function
from models.cells import CELLS


def recurrent(
    cell: str,
    num_words: int = 10_000,
    embedding: int = 32,
    units: int = 32,
    *,
    depth: int = 1,
    gates: str | None = None,
    reset_after: bool = True,
) -> keras.Model:
    """Recurrent layers, of which the last one's last output is classified.

    Args:
        cell: one of `models.cells.CELLS`.
        depth: number of recurrent layers; all but the last return their sequence.
        gates: what opens the gates of an LSTM or GRU of Keras: `sigmoid` (the default), or
            `keras2-hard-sigmoid` as in Keras before 2.3.
        reset_after: of a GRU, as for `models.jena.gru`.

    Source: `simple-rnn-blog`, `recurrent-overview`, `r-slides`; the older LSTMs `hsv-ai-2019`.
    """
    options = {} if gates is None else {"recurrent_activation": gate_function(gates)}
    if not reset_after:
        options["reset_after"] = False
    make = CELLS[cell].make
    lower = [make(units, return_sequences=True, **options) for _ in range(depth - 1)]
    stack = [*lower, make(units, **options)]
    return _classifier(num_words, embedding, stack, cell.replace("-", "_"))


def conv_lstm(
    num_words: int = 20_000,
    embedding: int = 128,
    units: int = 70,
    *,
    dropout: float = 0.25,
    filters: int = 64,
    kernel_size: int = 5,
    pool_size: int = 4,
    gates: str = "sigmoid",
) -> keras.Model:
    """A convolution summarises short phrases, and an LSTM reads the summaries.

    Args:
        dropout: share of the word vectors' features dropped in training.
        filters: features of a phrase.
        kernel_size: words of a phrase.
        pool_size: phrases of which the strongest is kept.
        gates: what opens the LSTM's gates, as for `recurrent`.

    Source: `hsv-ai-2019`.
    """
    stack = [
        layers.Dropout(dropout),
        layers.Conv1D(filters, kernel_size, padding="valid", activation="relu"),
        layers.MaxPooling1D(pool_size),
        layers.LSTM(units, recurrent_activation=gate_function(gates)),
    ]
    return _classifier(num_words, embedding, stack, "conv_lstm")


def dense(
    num_words: int = 10_000, embedding: int = 32, units: int = 32, maxlen: int = 500
) -> keras.Model:
    """The feed-forward alternative: the word vectors of the padded review in one long row.

    Every position has weights of its own. What is learnt about a word at one place says nothing
    about it at another, and a review of another length cannot be read.

    Args:
        maxlen: timesteps of every padded review.

    Source: `simple-rnn-blog`, `noobs-guide` (the "naive approach").
    """
    stack = [layers.Flatten(), layers.Dense(units, activation="relu")]
    return _classifier(num_words, embedding, stack, "dense", maxlen)


def _classifier(
    num_words: int, embedding: int, stack: list, name: str, maxlen: int | None = None
) -> keras.Model:
    ids = keras.Input((maxlen,), dtype="int32", name="ids")  # (batch, timesteps)
    x = layers.Embedding(num_words, embedding)(ids)  # (batch, timesteps, embedding)
    for layer in stack:
        x = layer(x)  # the last one: (batch, units)
    probability = layers.Dense(1, activation="sigmoid")(x)  # (batch, 1)
    return keras.Model(ids, probability, name=name)
