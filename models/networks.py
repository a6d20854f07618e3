"""All networks of this project: hyper-parameters in, an uncompiled Keras model out.

The classifiers read a movie review, ids of shape (batch, timesteps) with 0 for padding, and return
the probability that it is positive, shape (batch, 1). Padding is not masked, as in the documents:
the networks see it as one more word, unless a mask is asked for. The forecasters read a window of
normalised weather, shape (batch, timesteps, features), and return the normalised temperature, shape
(batch, 1). The character models read and write text. Only the dense networks fix the number of
timesteps.

Which recurrent layers there are says `models.cells`. A model of layers or gates that Keras lacks
can be loaded by `keras.saving.load_model` once this module is imported.
"""

import functools
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from models.cells import CELLS
from models.keras_cells import gate_function, lagged_rnn

# --- reviews: classifiers --------------------------------------------------------------------
# Arguments that all have:
#     num_words: size of the vocabulary, ids 0 to `num_words` - 1.
#     embedding: features of a word vector.
#     units: units of each hidden layer.

POOLINGS = {"mean": layers.GlobalAveragePooling1D, "largest": layers.GlobalMaxPooling1D}


def recurrent_classifier(
    cell: str,
    num_words: int = 10_000,
    embedding: int = 32,
    units: int = 32,
    *,
    depth: int = 1,
    gates: str | None = None,
    reset_after: bool = True,
    pooling: str = "last",
    masked: bool = False,
    lags: int = 1,
) -> keras.Model:
    """Recurrent layers, of which the last one's last output is classified.

    Args:
        cell: one of `models.cells.CELLS`, such as `lstm`.
        depth: number of recurrent layers; all but the last return their sequence.
        gates: what opens the gates of an LSTM or GRU of Keras: `sigmoid` (the default), or
            `keras2-hard-sigmoid` as in Keras before 2.3.
        reset_after: of a GRU, as for `gru_forecaster`.
        pooling: what is classified: the `last` output, or the `mean` or the `largest` of all.
        masked: skip the padding, where the state then stays as it is; Keras's own loop does that.
        lags: of a SimpleRNN, how many earlier outputs each step reads.

    Source: `simple-rnn-blog`, `recurrent-overview`, `r-slides`; the older LSTMs `hsv-ai-2019`.
    """
    options = {} if gates is None else {"recurrent_activation": gate_function(gates)}
    if not reset_after:
        options["reset_after"] = False
    make = CELLS[cell].make if lags == 1 else functools.partial(lagged_rnn, lags=lags)
    lower = [make(units, return_sequences=True, **options) for _ in range(depth - 1)]
    pools = [POOLINGS[pooling]()] if pooling in POOLINGS else []
    stack = [*lower, make(units, return_sequences=bool(pools), **options), *pools]
    return _classifier(num_words, embedding, stack, cell.replace("-", "_"), masked=masked)


def conv_classifier(
    num_words: int = 10_000, embedding: int = 32, filters: int = 64, *, kernel_size: int = 5
) -> keras.Model:
    """A convolution looks for short phrases, and the strongest of each kind in the review counts.

    Args:
        filters: kinds of phrases.
        kernel_size: words of a phrase; fewer at both ends of the review.

    Source: `noobs-guide` and `hsv-ai-2019` speak of such networks; neither has one alone.
    """
    phrases = layers.Conv1D(filters, kernel_size, padding="same", activation="relu")
    stack = [phrases, layers.GlobalMaxPooling1D()]
    return _classifier(num_words, embedding, stack, "conv")


def conv_lstm_classifier(
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
        gates: what opens the LSTM's gates, as for `recurrent_classifier`.

    Source: `hsv-ai-2019`.
    """
    stack = [
        layers.Dropout(dropout),
        layers.Conv1D(filters, kernel_size, padding="valid", activation="relu"),
        layers.MaxPooling1D(pool_size),
        layers.LSTM(units, recurrent_activation=gate_function(gates)),
    ]
    return _classifier(num_words, embedding, stack, "conv_lstm")


def dense_classifier(
    num_words: int = 10_000, embedding: int = 32, units: int = 32, maxlen: int = 500
) -> keras.Model:
    """The feed-forward alternative: the word vectors of the padded review in one long row.

    Every position has weights of its own. What is learnt about a word at one place says nothing
    about it at another, and a review of another length than `maxlen` cannot be read.

    Source: `simple-rnn-blog`, `noobs-guide` (the "naive approach").
    """
    stack = [layers.Flatten(), layers.Dense(units, activation="relu")]
    return _classifier(num_words, embedding, stack, "dense", maxlen)


def _classifier(
    num_words: int,
    embedding: int,
    stack: list,
    name: str,
    maxlen: int | None = None,
    masked: bool = False,
) -> keras.Model:
    ids = keras.Input((maxlen,), dtype="int32", name="ids")  # (batch, timesteps)
    # (batch, timesteps, embedding)
    x = layers.Embedding(num_words, embedding, mask_zero=masked)(ids)
    for layer in stack:
        x = layer(x)  # the last one: (batch, units)
    probability = layers.Dense(1, activation="sigmoid")(x)  # (batch, 1)
    return keras.Model(ids, probability, name=name)


# --- weather: forecasters --------------------------------------------------------------------


def recurrent_forecaster(cell: str, features: int = 14, units: int = 32) -> keras.Model:
    """One recurrent layer, of `models.cells.CELLS`, whose last state gives the temperature.

    Source: `recurrent-overview`, which trains a GRU in its place.
    """
    return _forecaster(None, features, [CELLS[cell].make(units)], cell.replace("-", "_"))


def gru_forecaster(
    features: int = 14,
    units: int = 32,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    reset_after: bool = True,
    gates: str = "sigmoid",
    upper_units: int = 0,
) -> keras.Model:
    """One GRU, or two, whose last state gives the temperature.

    Args:
        features: quantities of a timestep.
        units: units of the recurrent layer.
        dropout: share of the inputs dropped in training; one mask a window, the same at all steps.
        recurrent_dropout: share of the previous state dropped in training, likewise.
        reset_after: apply the reset gate after the matrix product, Keras 3's default; False is what
            Keras 2.0 does, and so the documents.
        gates: what opens the gates, as for `recurrent_classifier`.
        upper_units: units of a second GRU, which has a relu and reads the states of the first; 0
            for none.

    Source: `recurrent-overview`, and the book that it follows for the stack of two.
    """
    make = functools.partial(
        CELLS["gru"].make,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        reset_after=reset_after,
        recurrent_activation=gate_function(gates),
    )
    stack = [make(units, return_sequences=upper_units > 0)]
    if upper_units:
        stack.append(make(upper_units, activation="relu"))
    return _forecaster(None, features, stack, "gru")


def dense_forecaster(timesteps: int = 240, features: int = 14, units: int = 32) -> keras.Model:
    """The feed-forward alternative: the whole window in one long row, one hidden layer.

    Source: the book that `recurrent-overview` follows, where this network is the first baseline.
    """
    hidden = layers.Dense(units, activation="relu")
    return _forecaster(timesteps, features, [layers.Flatten(), hidden], "dense")


def _forecaster(timesteps: int | None, features: int, stack: list, name: str) -> keras.Model:
    window = x = keras.Input((timesteps, features), name="window")  # (batch, timesteps, features)
    for layer in stack:
        x = layer(x)  # the last one: (batch, units)
    return keras.Model(window, layers.Dense(1)(x), name=name)  # (batch, 1)


# --- text: character models, and what they write ---------------------------------------------


def character_model(cell: str, characters: int, units: int = 128) -> keras.Model:
    """One recurrent layer whose last state gives the probabilities of the next character.

    Args:
        cell: one of `models.cells.CELLS`.
        characters: number of different characters.
        units: units of the recurrent layer.

    Returns:
        A model from numbers of characters, shape (batch, timesteps) with any number of timesteps,
        to probabilities of shape (batch, characters). It makes one-hot vectors of the numbers
        itself: those of a book would fill gigabytes.

    Source: `noobs-guide`.
    """
    numbers = keras.Input((None,), dtype="int32", name="characters")  # (batch, timesteps)
    # One-hot vectors by a fixed identity matrix: a plain layer, which any Keras can load again.
    one_hot = layers.Embedding(
        characters, characters, embeddings_initializer="identity", trainable=False, name="one_hot"
    )(numbers)  # (batch, timesteps, characters)
    state = CELLS[cell].make(units)(one_hot)  # (batch, units)
    probabilities = layers.Dense(characters, activation="softmax")(state)  # (batch, characters)
    return keras.Model(numbers, probabilities, name=cell.replace("-", "_"))


def sample_character(
    probabilities: np.ndarray, temperature: float, rng: np.random.Generator
) -> int:
    """Draws the number of a character; the temperature sharpens or flattens the probabilities.

    Args:
        probabilities: shape (characters,).
        temperature: the probabilities are raised to the power 1 / temperature. 1 leaves them as
            they are; lower values favour the most probable character, and 0 always takes it.
        rng: the generator of the draws.

    Raises:
        ValueError: the temperature is negative or not a number.
    """
    if not temperature >= 0:
        raise ValueError(f"the temperature must be 0 or more, got {temperature}")
    if temperature == 0:
        return int(np.argmax(probabilities))
    with np.errstate(divide="ignore", over="ignore"):  # a probability of 0 stays one
        logarithms = np.log(np.asarray(probabilities, np.float64))  # (characters,)
        # the largest becomes 0 before the division, which a small temperature would make overflow
        weights = np.exp((logarithms - logarithms.max()) / temperature)
    return int(rng.choice(len(weights), p=weights / weights.sum()))


def continue_text(
    model: keras.Model,
    characters: Sequence[str],
    prompt: str,
    length: int,
    temperature: float,
    rng: np.random.Generator,
    window: int,
) -> str:
    """Continues a text one character at a time; each character is read before the next is drawn.

    Args:
        model: as `character_model` makes it.
        characters: the characters by their numbers.
        prompt: the text to continue; a prompt shorter than the window is read as it is.
        length: characters to add.
        temperature: as in `sample_character`.
        rng: draws the characters.
        window: last characters that the network reads at each step.

    Returns:
        The added characters, without the prompt.

    Raises:
        ValueError: the prompt is empty or holds a character that is not in the list, or the
            temperature is negative.
    """
    if not prompt:
        raise ValueError("the prompt is empty")
    number = {character: i for i, character in enumerate(characters)}
    unknown = sorted(set(prompt) - set(number))
    if unknown:
        raise ValueError(f"the prompt holds unknown characters {unknown}")
    text = [number[character] for character in prompt]
    for _ in range(length):
        recent = np.array([text[-window:]], np.int32)  # (1, timesteps)
        # `predict` would prepare a data pipeline at each call, and calling the model itself would
        # run the recurrent loop uncompiled.
        probabilities = np.asarray(model.predict_on_batch(recent))[0]  # (characters,)
        text.append(sample_character(probabilities, temperature, rng))
    return "".join(characters[i] for i in text[len(prompt) :])
