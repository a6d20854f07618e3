"""The documents' networks in the Keras of their time, as the documents print them.

Numbers that a document writes into the call, such as 32 units, are taken from the protocol `p`;
`shape` is that of a window: timesteps, features. This module is imported in the process of an old
Keras, whose `keras` it means.
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


def classifier(p: dict, *layers) -> Sequential:
    """The networks of `recurrent-overview`, `simple-rnn-blog` and `r-slides` on IMDB."""
    model = Sequential()
    model.add(Embedding(p["num_words"], p["embedding"]))
    for layer in layers:
        model.add(layer)
    model.add(Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
    return model


def stack(p: dict, shape: tuple) -> Sequential:
    """Stacked SimpleRNNs, of which all but the last return their sequence."""
    lower = [SimpleRNN(p["units"], return_sequences=True) for _ in range(p["depth"] - 1)]
    return classifier(p, *lower, SimpleRNN(p["units"]))


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


def forecaster(*layers) -> Sequential:
    """The networks of `recurrent-overview`, and of the book that it follows, on Jena."""
    model = Sequential()
    for layer in layers:
        model.add(layer)
    model.add(Dense(1))
    model.compile(optimizer=RMSprop(), loss="mae")
    return model


def dense(p: dict, shape: tuple) -> Sequential:
    """The whole window in one long row."""
    return forecaster(Flatten(input_shape=shape), Dense(p["units"], activation="relu"))


def gru(p: dict, shape: tuple) -> Sequential:
    """One GRU, which may drop inputs and states."""
    rates = {name: p[name] for name in ("dropout", "recurrent_dropout") if name in p}
    return forecaster(GRU(p["units"], **rates, input_shape=(None, shape[-1])))


def gru_stack(p: dict, shape: tuple) -> Sequential:
    """Two GRUs, of which the lower returns its sequence."""
    rates = {name: p[name] for name in ("dropout", "recurrent_dropout")}
    lower = GRU(p["units"], **rates, return_sequences=True, input_shape=(None, shape[-1]))
    return forecaster(lower, GRU(p["upper_units"], activation="relu", **rates))


BUILD = {
    "imdb-simple-rnn": lambda p, shape: classifier(p, SimpleRNN(p["units"])),
    "imdb-stacked-rnn": stack,
    "imdb-lstm": lambda p, shape: classifier(p, LSTM(p["units"])),
    "imdb-gru": lambda p, shape: classifier(p, GRU(p["units"])),
    "imdb-conv-lstm": conv_lstm,
    "jena-dense": dense,
    "jena-gru": gru,
    "jena-gru-dropout": gru,
    "jena-gru-stacked": gru_stack,
}
