"""The documents' networks in the Keras of their time, as the documents print them.

Numbers that a document writes into the call, such as 32 units, are taken from the protocol `p`.
This module is imported in the process of an old Keras, whose `keras` it means.
"""

from keras.layers import (
    GRU,
    LSTM,
    Activation,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MaxPooling1D,
    SimpleRNN,
)
from keras.models import Sequential
from keras.optimizers import RMSprop


def recurrent_classifier(layers):
    """The networks of `recurrent-overview`, `simple-rnn-blog` and `r-slides` on IMDB."""

    def build(p: dict, shape: tuple) -> Sequential:
        model = Sequential()
        model.add(Embedding(p["num_words"], p["embedding"]))
        for layer in layers(p):
            model.add(layer)
        model.add(Dense(1, activation="sigmoid"))
        model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
        return model

    return build


def stack(p: dict) -> list:
    """Four SimpleRNNs, of which all but the last return their sequence."""
    lower = [SimpleRNN(p["units"], return_sequences=True) for _ in range(p["depth"] - 1)]
    return [*lower, SimpleRNN(p["units"])]


def conv_lstm(p: dict, shape: tuple) -> Sequential:
    """The network of `hsv-ai-2019` on IMDB."""
    model = Sequential()
    model.add(Embedding(p["num_words"], p["embedding"], input_length=p["maxlen"]))
    model.add(Dropout(p["dropout"]))
    model.add(Conv1D(p["filters"], p["kernel_size"], padding="valid", activation="relu", strides=1))
    model.add(MaxPooling1D(pool_size=p["pool_size"]))
    model.add(LSTM(p["units"]))
    model.add(Dense(1))
    model.add(Activation("sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def forecaster(layers):
    """The networks of `recurrent-overview`, and of the book that it follows, on Jena.

    `shape` is that of a window: timesteps, features.
    """

    def build(p: dict, shape: tuple) -> Sequential:
        model = Sequential()
        for layer in layers(p, shape):
            model.add(layer)
        model.add(Dense(1))
        model.compile(optimizer=RMSprop(), loss="mae")
        return model

    return build


def dense(p: dict, shape: tuple) -> list:
    """The whole window in one long row."""
    return [Flatten(input_shape=shape), Dense(p["units"], activation="relu")]


def gru(p: dict, shape: tuple) -> list:
    """One GRU."""
    return [GRU(p["units"], input_shape=(None, shape[-1]))]


def gru_dropout(p: dict, shape: tuple) -> list:
    """One GRU that drops inputs and states."""
    rates = {"dropout": p["dropout"], "recurrent_dropout": p["recurrent_dropout"]}
    return [GRU(p["units"], **rates, input_shape=(None, shape[-1]))]


BUILD = {
    "imdb-simple-rnn": recurrent_classifier(lambda p: [SimpleRNN(p["units"])]),
    "imdb-stacked-rnn": recurrent_classifier(stack),
    "imdb-lstm": recurrent_classifier(lambda p: [LSTM(p["units"])]),
    "imdb-gru": recurrent_classifier(lambda p: [GRU(p["units"])]),
    "imdb-conv-lstm": conv_lstm,
    "jena-dense": forecaster(dense),
    "jena-gru": forecaster(gru),
    "jena-gru-dropout": forecaster(gru_dropout),
}
