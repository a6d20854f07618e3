"""The recurrent layers of this project by name: the one table that all networks choose from.

A new kind of recurrent layer is one more row. Keras is imported when a layer is made, so that
command lines can list the names at once.
"""

from collections.abc import Callable
from typing import NamedTuple


class Cell(NamedTuple):
    """One kind of recurrent layer.

    Attributes:
        title: its name in tables and plots.
        make: makes the layer from its units and from options of the Keras layer.
    """

    title: str
    make: Callable


def _keras_layer(name: str) -> Callable:
    def make(units: int, **options):
        import keras

        return getattr(keras.layers, name)(units, **options)

    return make


def _own_cell(name: str) -> Callable:
    """A cell of `models.lstm_cells`, which `keras.layers.RNN` runs over the sequence."""

    def make(units: int, **options):
        import keras

        from models import lstm_cells

        return keras.layers.RNN(getattr(lstm_cells, name)(units), **options)

    return make


CELLS = {
    "simple-rnn": Cell("SimpleRNN", _keras_layer("SimpleRNN")),
    "lstm": Cell("LSTM", _keras_layer("LSTM")),
    "gru": Cell("GRU", _keras_layer("GRU")),
    "lstm-document": Cell("LSTM as the documents write it", _own_cell("DocumentLSTMCell")),
    "lstm-1997": Cell("LSTM of 1997, no forget gate", _own_cell("LSTM1997Cell")),
    "lstm-peephole": Cell("LSTM of 2000, peepholes", _own_cell("PeepholeLSTMCell")),
}
# the cells that the studies compare
COMPARED = ("simple-rnn", "lstm", "gru")
