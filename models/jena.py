"""Networks that read a window of weather and predict the temperature some hours after it.

All take normalised quantities of shape (batch, timesteps, features), and return the normalised
temperature, shape (batch, 1).
"""

import keras
from keras import layers

from models.activations import gate_function
from models.cells import CELLS


def gru(
    features: int = 14,
    units: int = 32,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    reset_after: bool = True,
    gates: str = "sigmoid",
) -> keras.Model:
    """One GRU whose last state gives the temperature.

    Args:
        features: quantities of a timestep.
        units: units of the recurrent layer.
        dropout: share of the inputs dropped in training; one mask a window, the same at all steps.
        recurrent_dropout: share of the previous state dropped in training, likewise.
        reset_after: apply the reset gate after the matrix product, Keras 3's default; False is what
            Keras 2.0 does, and so the documents.
        gates: what opens the gates: `sigmoid`, or `keras2-hard-sigmoid` as in Keras before 2.3.

    Source: `recurrent-overview`.
    """
    window = keras.Input((None, features), name="window")  # (batch, timesteps, features)
    state = CELLS["gru"].make(
        units,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        reset_after=reset_after,
        recurrent_activation=gate_function(gates),
    )(window)  # (batch, units)
    return keras.Model(window, layers.Dense(1)(state), name="gru")


def dense(timesteps: int = 240, features: int = 14, units: int = 32) -> keras.Model:
    """The feed-forward alternative: the whole window in one long row, one hidden layer.

    Args:
        timesteps: timesteps of every window.
        features: quantities of a timestep.
        units: units of the hidden layer.

    Source: the book that `recurrent-overview` follows, where this network is the first baseline.
    """
    window = keras.Input((timesteps, features), name="window")  # (batch, timesteps, features)
    row = layers.Flatten()(window)  # (batch, timesteps * features)
    hidden = layers.Dense(units, activation="relu")(row)  # (batch, units)
    return keras.Model(window, layers.Dense(1)(hidden), name="dense")
