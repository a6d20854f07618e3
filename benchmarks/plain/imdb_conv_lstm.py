"""Conv1D and LSTM on IMDB, 100 words, validated on the test reviews (`hsv-ai-2019`)."""

from keras import Sequential, layers

from benchmarks.plain.reviews import padded_reviews


def train(epochs: int = 2, sample: bool = False) -> None:
    """Trains as the script does."""
    (x_train, y_train), (x_test, y_test) = padded_reviews(20_000, 100, sample)

    model = Sequential()
    model.add(layers.Embedding(20_000, 128))
    model.add(layers.Dropout(0.25))
    model.add(layers.Conv1D(64, 5, padding="valid", activation="relu", strides=1))
    model.add(layers.MaxPooling1D(pool_size=4))
    model.add(layers.LSTM(70))
    model.add(layers.Dense(1))
    model.add(layers.Activation("sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])

    model.fit(x_train, y_train, batch_size=30, epochs=epochs, validation_data=(x_test, y_test))
