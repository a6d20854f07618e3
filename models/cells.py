"""The recurrent layers of this project by name: the one table that all networks choose from.

A new kind of recurrent layer is one more row. Keras is imported when a layer is made, so that
command lines can list the names at once.
"""

from collections.abc import Callable
from typing import NamedTuple


class RecurrentLayer(NamedTuple):
    """One kind of recurrent layer.

    Attributes:
        title: its name in tables and plots.
        make: makes the layer from its units and from options of the Keras layer.
        twin: name of the class in `models.recurrent_numpy` that computes the same.
    """

    title: str
    make: Callable
    twin: str

    def in_numpy(self, weights: list):
        """The NumPy cell with the weights of a layer, in the order of `layer.get_weights()`."""
        from models import recurrent_numpy

        return getattr(recurrent_numpy, self.twin).from_keras(*weights)


def _keras_layer(name: str) -> Callable:
    def make(units: int, **options):
        import keras

        return getattr(keras.layers, name)(units, **options)

    return make


def _own_cell(name: str) -> Callable:
    """A cell of `models.keras_cells`, which `keras.layers.RNN` runs over the sequence."""

    def make(units: int, **options):
        import keras

        from models import keras_cells

        return keras.layers.RNN(getattr(keras_cells, name)(units), **options)

    return make


CELLS = {
    "simple-rnn": RecurrentLayer("SimpleRNN", _keras_layer("SimpleRNN"), "SimpleRNN"),
    "lstm": RecurrentLayer("LSTM", _keras_layer("LSTM"), "LSTM"),
    "gru": RecurrentLayer("GRU", _keras_layer("GRU"), "GRUResetAfter"),
    "lstm-document": RecurrentLayer(
        "LSTM as the documents write it", _own_cell("DocumentLSTMCell"), "DocumentLSTM"
    ),
    "lstm-1997": RecurrentLayer(
        "LSTM of 1997, no forget gate", _own_cell("LSTM1997Cell"), "LSTM1997"
    ),
    "lstm-peephole": RecurrentLayer(
        "LSTM of 2000, peepholes", _own_cell("PeepholeLSTMCell"), "PeepholeLSTM"
    ),
}
# the cells that the studies compare
COMPARED = ("simple-rnn", "lstm", "gru")
