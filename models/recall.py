"""The network of the recall task: it reads ids and names one symbol when all are read."""

import keras
from keras import layers

from models.cells import CELLS


def recall_model(
    cell: str, symbols: int = 8, fillers: int = 8, embedding: int = 16, units: int = 32
) -> keras.Model:
    """One recurrent layer whose last state is classified.

    Args:
        cell: one of `models.cells.CELLS`.
        symbols: number of symbols, which are the classes.
        fillers: number of ids that are no symbols.
        embedding: features of an id's vector.
        units: units of the recurrent layer.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")  # (batch, timesteps)
    x = layers.Embedding(symbols + fillers, embedding)(ids)  # (batch, timesteps, embedding)
    state = CELLS[cell].make(units)(x)  # (batch, units)
    return keras.Model(ids, layers.Dense(symbols, activation="softmax")(state), name="recall")
