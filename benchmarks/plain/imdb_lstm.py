"""LSTM on IMDB, 500 words (`recurrent-overview`)."""

from keras import Sequential, layers

from benchmarks.plain.reviews import padded_reviews


def train(epochs: int = 10, sample: bool = False, maxlen: int = 500) -> None:
    """Trains as the script does."""
    (x_train, y_train), _ = padded_reviews(10_000, maxlen, sample)

    model = Sequential()
    model.add(layers.Embedding(10_000, 32))
    model.add(layers.LSTM(32))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])

    model.fit(x_train, y_train, epochs=epochs, batch_size=128, validation_split=0.2)
