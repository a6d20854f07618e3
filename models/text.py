"""Networks that predict the next character, and the text that they write.

Characters are numbers: their positions in a fixed list. The networks turn them into one-hot
vectors themselves. The windows of a book fill megabytes as numbers, and would fill gigabytes as
one-hot vectors.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from models.cells import CELLS


def character_model(cell: str, characters: int, units: int = 128) -> keras.Model:
    """One recurrent layer whose last state gives the probabilities of the next character.

    Args:
        cell: one of `models.cells.CELLS`.
        characters: number of different characters.
        units: units of the recurrent layer.

    Returns:
        A model from numbers of characters, shape (batch, timesteps) with any number of timesteps,
        to probabilities of shape (batch, characters).

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
    """Draws a character; the temperature sharpens or flattens the probabilities.

    Args:
        probabilities: shape (characters,).
        temperature: the probabilities are raised to the power 1 / temperature. 1 leaves them as
            they are; lower values favour the most probable character, and 0 always takes it.
        rng: the generator of the draws.

    Returns:
        Number of the character.

    Raises:
        ValueError: the temperature is negative or not a number.
    """
    if not temperature >= 0:
        raise ValueError(f"the temperature must be 0 or more, got {temperature}")
    if temperature == 0:
        return int(np.argmax(probabilities))
    with np.errstate(divide="ignore"):  # a probability of 0 stays one
        logarithms = np.log(np.asarray(probabilities, np.float64))  # (characters,)
    # The largest becomes 0 before the division, which a small temperature would make overflow.
    with np.errstate(over="ignore"):
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


def letter_model(letters: int, units: int = 16) -> keras.Model:
    """A SimpleRNN that says after each letter which comes next: `p_t = softmax(V h_t + c)`.

    Args:
        letters: number of different letters.
        units: units of the recurrent layer.

    Returns:
        A model from one-hot letters, shape (batch, timesteps, letters), to probabilities of the
        same shape.

    Source: `noobs-guide`.
    """
    x = keras.Input((None, letters), name="letters")  # (batch, timesteps, letters)
    h = layers.SimpleRNN(units, return_sequences=True)(x)  # (batch, timesteps, units)
    return keras.Model(x, layers.Dense(letters, activation="softmax")(h), name="letters")
