"""The experiments on plain Keras, written as the documents' scripts are.

`python -m benchmarks.plain imdb-lstm` trains one: their networks, `compile` and `fit` with default
settings, their generator for Jena. The files are read by this project's loaders: how files are read
is not what is compared. Keras is loaded by the functions, so that `--help` answers at once.
"""

import sys
from collections.abc import Iterator

import numpy as np

from data.imdb import load_imdb
from data.jena import PUBLISHED_CADENCE_MINUTES, TEMPERATURE, load_jena
from harness.cli import Parser, add_sample, run_command

LOOKBACK_HOURS, DELAY_HOURS, BATCH = 240, 24, 128
# of the file with one row every ten minutes; the two sample years have fewer
ENDS = {False: (200_000, 300_000), True: (50_000, 75_000)}


def simple_rnn(sample: bool, epochs: int = 10) -> None:
    """SimpleRNN on IMDB, 500 words (`recurrent-overview`)."""
    from keras import layers

    train_reviews([layers.SimpleRNN(32)], sample, epochs)


def stacked_rnn(sample: bool, epochs: int = 10) -> None:
    """Four stacked SimpleRNNs on IMDB, 500 words (`recurrent-overview`, `simple-rnn-blog`)."""
    from keras import layers

    stack = [layers.SimpleRNN(32, return_sequences=True) for _ in range(3)]
    train_reviews([*stack, layers.SimpleRNN(32)], sample, epochs)


def lstm(sample: bool, epochs: int = 10) -> None:
    """LSTM on IMDB, 500 words (`recurrent-overview`)."""
    from keras import layers

    train_reviews([layers.LSTM(32)], sample, epochs)


def conv_lstm(sample: bool, epochs: int = 2) -> None:
    """Conv1D and LSTM on IMDB, 100 words, validated on the test reviews (`hsv-ai-2019`)."""
    from keras import Sequential, layers

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


def gru(sample: bool, epochs: int = 20) -> None:
    """GRU on the Jena climate series (`recurrent-overview`)."""
    from keras import layers

    train_weather(layers.GRU(32), sample, epochs)


def gru_dropout(sample: bool, epochs: int = 40) -> None:
    """GRU with dropout on the Jena climate series (`recurrent-overview`)."""
    from keras import layers

    train_weather(layers.GRU(32, dropout=0.2, recurrent_dropout=0.2), sample, epochs)


SCRIPTS = {
    "imdb-simple-rnn": simple_rnn,
    "imdb-stacked-rnn": stacked_rnn,
    "imdb-lstm": lstm,
    "imdb-conv-lstm": conv_lstm,
    "jena-gru": gru,
    "jena-gru-dropout": gru_dropout,
}


def train_reviews(recurrent: list, sample: bool, epochs: int) -> None:
    """The script that the networks of 500 words share; `recurrent` are its recurrent layers."""
    from keras import Sequential, layers

    (x_train, y_train), _ = padded_reviews(10_000, 500, sample)

    model = Sequential()
    model.add(layers.Embedding(10_000, 32))
    for layer in recurrent:
        model.add(layer)
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])

    model.fit(x_train, y_train, epochs=epochs, batch_size=128, validation_split=0.2)


def train_weather(recurrent, sample: bool, epochs: int) -> None:
    """The script that the networks on Jena share; `recurrent` is its recurrent layer."""
    from keras import Input, Sequential, layers

    train_windows, validation_windows, validation_steps, quantities = climate_generators(sample)

    model = Sequential()
    model.add(Input((None, quantities)))
    model.add(recurrent)
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mae")

    model.fit(
        train_windows,
        steps_per_epoch=500,
        epochs=epochs,
        validation_data=validation_windows,
        validation_steps=validation_steps,
    )


def padded_reviews(num_words: int, maxlen: int, sample: bool) -> tuple[tuple, tuple]:
    """Ids of shape (reviews, maxlen) and labels, for training and for testing."""
    from keras.utils import pad_sequences

    imdb = load_imdb(num_words=num_words, sample=sample)
    x_train = pad_sequences(imdb.x_train, maxlen=maxlen)
    x_test = pad_sequences(imdb.x_test, maxlen=maxlen)
    return (x_train, imdb.y_train), (x_test, imdb.y_test)


def climate_generators(sample: bool) -> tuple[Iterator, Iterator, int, int]:
    """Generators of training and validation batches, validation steps, and the quantities.

    One thing is not the documents': they ask for as many validation *batches* as there are windows.
    Here each window is read once an epoch, as they meant; 128 times as many would only make their
    scripts slower.
    """
    climate = load_jena(sample=sample)
    data, hour = climate.values, 60 // climate.cadence_minutes  # rows of an hour
    train_end, validation_end = (
        end * PUBLISHED_CADENCE_MINUTES // climate.cadence_minutes for end in ENDS[sample]
    )
    data = data - data[:train_end].mean(axis=0)
    data = data / data[:train_end].std(axis=0)

    column = climate.quantities.index(TEMPERATURE)
    lookback, delay = LOOKBACK_HOURS * hour, DELAY_HOURS * hour
    common = {"lookback": lookback, "delay": delay, "step": hour, "column": column}
    train = climate_windows(data, 0, train_end, shuffle=True, **common)
    validation = climate_windows(data, train_end + 1, validation_end, shuffle=False, **common)
    validation_steps = (validation_end - train_end - 1 - lookback) // BATCH
    return train, validation, validation_steps, data.shape[1]


def climate_windows(
    data: np.ndarray,
    first: int,
    end: int,
    *,
    shuffle: bool,
    lookback: int,
    delay: int,
    step: int,
    column: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end: windows at random rows, or at one row after the other.

    Args:
        data: normalised readings, shape (rows, quantities).
        first, end: rows of the split, from the first up to the one that ends it.
        shuffle: draw the rows at random.
        lookback, delay, step: rows that a window reaches back, from its end to its target, and from
            one timestep to the next.
        column: quantity that is predicted.

    Yields:
        Windows of shape (batch, timesteps, quantities) and targets of shape (batch,).
    """
    rng = np.random.default_rng()
    at = first + lookback
    while True:
        if shuffle:
            rows = rng.integers(first + lookback, end, size=BATCH)
        else:
            if at >= end:
                at = first + lookback
            rows = np.arange(at, min(at + BATCH, end))
            at += len(rows)
        samples = np.zeros((len(rows), lookback // step, data.shape[-1]))
        targets = np.zeros((len(rows),))
        for place, row in enumerate(rows):
            samples[place] = data[range(row - lookback, row, step)]
            targets[place] = data[row + delay][column]
        yield samples, targets


def main(argv: list[str] | None = None) -> int:
    """Trains one of the documents' networks; returns the exit status."""
    parser = Parser("benchmarks.plain", __doc__)
    parser.add_argument("experiment", choices=list(SCRIPTS))
    parser.add_argument("--epochs", type=int, help="(default: the documents')")
    add_sample(parser, "use the built-in sample data")
    options = parser.parse_args(argv)
    epochs = {} if options.epochs is None else {"epochs": options.epochs}
    return run_command(lambda: SCRIPTS[options.experiment](options.sample, **epochs))


if __name__ == "__main__":
    sys.exit(main())
