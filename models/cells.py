"""The recurrent layers of this project by name: the one table that all networks choose from.

A new kind of recurrent layer is one more row. Keras is imported when a layer is made, so that
command lines can list the names at once.
"""

from typing import NamedTuple


class RecurrentLayer(NamedTuple):
    """One kind of recurrent layer."""

    title: str  # its name in tables and plots
    layer: str  # a layer of Keras, or a cell of `models.keras_cells` that Keras runs over sequences
    twin: str  # the class in `models.recurrent_numpy` that computes the same
    options: tuple = ()  # names and values of options that the kind always has

    def make(self, units: int, **options):
        """Makes the layer from its units and from options of the Keras layer."""
        import keras

        options |= dict(self.options)
        if hasattr(keras.layers, self.layer):
            return getattr(keras.layers, self.layer)(units, **options)
        from models import keras_cells

        return keras.layers.RNN(getattr(keras_cells, self.layer)(units), **options)

    def in_numpy(self, weights: list):
        """The NumPy cell with the weights of a layer, in the order of `layer.get_weights()`."""
        from models import recurrent_numpy

        return getattr(recurrent_numpy, self.twin).from_keras(*weights)


CELLS = {
    "simple-rnn": RecurrentLayer("SimpleRNN", "SimpleRNN", "SimpleRNN"),
    "lstm": RecurrentLayer("LSTM", "LSTM", "LSTM"),
    "gru": RecurrentLayer("GRU", "GRU", "GRUResetAfter"),
    "lstm-document": RecurrentLayer(
        "LSTM as the documents write it", "DocumentLSTMCell", "DocumentLSTM"
    ),
    "lstm-1997": RecurrentLayer("LSTM of 1997, no forget gate", "LSTM1997Cell", "LSTM1997"),
    "lstm-peephole": RecurrentLayer("LSTM of 2000, peepholes", "PeepholeLSTMCell", "PeepholeLSTM"),
}
# the cells that the studies compare
COMPARED = ("simple-rnn", "lstm", "gru")
