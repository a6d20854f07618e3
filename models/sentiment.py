"""Networks that read a movie review, a row of word ids, and say how likely it is positive.

All take ids of shape (batch, timesteps), with 0 for padding, and return a probability of shape
(batch, 1). Only the feed-forward network fixes the number of timesteps. Padding is not masked, as
in the documents: the networks see it as one more word.
"""

import keras
from keras import layers

from models.activations import gate_function
from models.lstm_cells import DocumentLSTMCell, LSTM1997Cell, PeepholeLSTMCell


def simple_rnn(num_words: int = 10_000, embedding: int = 32, units: int = 32) -> keras.Model:
    """One SimpleRNN whose last state is classified; 322,113 parameters as published.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of the recurrent layer.

    Source: `simple-rnn-blog`, `recurrent-overview`, `r-slides`.
    """
    return _classifier(num_words, embedding, [layers.SimpleRNN(units)], "simple_rnn")


def stacked_rnn(
    num_words: int = 10_000, embedding: int = 32, units: int = 32, depth: int = 4
) -> keras.Model:
    """A stack of SimpleRNNs, each reading the state sequence of the one below; 328,353 parameters.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of each recurrent layer.
        depth: number of recurrent layers; all but the last return their sequence.

    Source: `simple-rnn-blog`, `recurrent-overview`, `r-slides`.
    """
    lower = [layers.SimpleRNN(units, return_sequences=True) for _ in range(depth - 1)]
    return _classifier(num_words, embedding, [*lower, layers.SimpleRNN(units)], "stacked_rnn")


def lstm(
    num_words: int = 10_000, embedding: int = 32, units: int = 32, gates: str = "sigmoid"
) -> keras.Model:
    """One LSTM whose last output is classified; 328,353 parameters, as many as the stack of four.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of the recurrent layer.
        gates: what opens the gates: `sigmoid`, or `keras2-hard-sigmoid` as Keras before 2.3.

    Source: `recurrent-overview`, `r-slides`.
    """
    reader = [layers.LSTM(units, recurrent_activation=gate_function(gates))]
    return _classifier(num_words, embedding, reader, "lstm")


def gru(
    num_words: int = 10_000, embedding: int = 32, units: int = 32, gates: str = "sigmoid"
) -> keras.Model:
    """One GRU whose last state is classified; 326,369 parameters, fewer than the LSTM.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of the recurrent layer.
        gates: what opens the gates: `sigmoid`, or `keras2-hard-sigmoid` as Keras before 2.3.

    Source: `recurrent-overview`.
    """
    reader = [layers.GRU(units, recurrent_activation=gate_function(gates))]
    return _classifier(num_words, embedding, reader, "gru")


def document_lstm(num_words: int = 10_000, embedding: int = 32, units: int = 32) -> keras.Model:
    """The documents' LSTM, whose output reads the carry by a matrix; 329,377 parameters.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of the recurrent layer.

    Source: `recurrent-overview`, `r-slides`.
    """
    return _classifier(num_words, embedding, [layers.RNN(DocumentLSTMCell(units))], "document_lstm")


def lstm_1997(num_words: int = 10_000, embedding: int = 32, units: int = 32) -> keras.Model:
    """The LSTM of 1997, without a forget gate; 326,273 parameters.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of the recurrent layer.

    Source: `hsv-ai-2019`.
    """
    return _classifier(num_words, embedding, [layers.RNN(LSTM1997Cell(units))], "lstm_1997")


def peephole_lstm(num_words: int = 10_000, embedding: int = 32, units: int = 32) -> keras.Model:
    """The LSTM of 2000, whose gates see the carry; 328,449 parameters.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of the recurrent layer.

    Source: `hsv-ai-2019`.
    """
    return _classifier(num_words, embedding, [layers.RNN(PeepholeLSTMCell(units))], "peephole_lstm")


def conv_lstm(
    num_words: int = 20_000,
    embedding: int = 128,
    dropout: float = 0.25,
    filters: int = 64,
    kernel_size: int = 5,
    pool_size: int = 4,
    units: int = 70,
    gates: str = "sigmoid",
) -> keras.Model:
    """A convolution summarises short phrases, an LSTM reads the summaries; 2,638,895 parameters.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        dropout: share of the word vectors' features dropped in training.
        filters: features of a phrase.
        kernel_size: words of a phrase.
        pool_size: phrases of which the strongest is kept.
        units: units of the LSTM.
        gates: what opens its gates: `sigmoid`, or `keras2-hard-sigmoid` as Keras before 2.3.

    Source: `hsv-ai-2019`.
    """
    reader = [
        layers.Dropout(dropout),
        layers.Conv1D(filters, kernel_size, padding="valid", activation="relu"),
        layers.MaxPooling1D(pool_size),
        layers.LSTM(units, recurrent_activation=gate_function(gates)),
    ]
    return _classifier(num_words, embedding, reader, "conv_lstm")


def dense(
    num_words: int = 10_000, embedding: int = 32, units: int = 32, maxlen: int = 500
) -> keras.Model:
    """The feed-forward alternative: the word vectors of the padded review in one long row.

    Every position has weights of its own, so what is learnt about a word at one place says nothing
    about it at another, and a review of another length cannot be read.

    Args:
        num_words: size of the vocabulary, ids 0 to `num_words` - 1.
        embedding: features of a word vector.
        units: units of the hidden layer.
        maxlen: timesteps of every padded review.

    Source: `simple-rnn-blog`, `noobs-guide` (the "naive approach").
    """
    reader = [layers.Flatten(), layers.Dense(units, activation="relu")]
    return _classifier(num_words, embedding, reader, "dense", maxlen)


def _classifier(
    num_words: int, embedding: int, reader: list, name: str, maxlen: int | None = None
) -> keras.Model:
    ids = keras.Input((maxlen,), dtype="int32", name="ids")  # (batch, timesteps)
    x = layers.Embedding(num_words, embedding)(ids)  # (batch, timesteps, embedding)
    for layer in reader:
        x = layer(x)  # the last one: (batch, units)
    probability = layers.Dense(1, activation="sigmoid")(x)  # (batch, 1)
    return keras.Model(ids, probability, name=name)
