"""The Keras cells of the LSTM's kinds: how they start, are trained and saved."""

import keras
import numpy as np
import pytest
from keras import layers

from models import networks
from models.keras_cells import DocumentLSTMCell, LSTM1997Cell, PeepholeLSTMCell, lagged_rnn

CELLS = {"documents": DocumentLSTMCell, "1997": LSTM1997Cell, "peepholes": PeepholeLSTMCell}


@pytest.mark.parametrize("name", CELLS)
def test_every_weight_is_trained(name):
    layer = built(CELLS[name])
    model = keras.Sequential([layer, layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)  # nothing to compile for one step
    before = layer.get_weights()
    model.fit(np.ones((2, 5, 2)), np.ones((2, 1)), verbose=0)
    assert all((new != old).any() for new, old in zip(layer.get_weights(), before, strict=True))


@pytest.mark.parametrize("cell", ["lstm-document", "lstm-1997", "lstm-peephole"])
def test_a_saved_model_comes_back(cell, tmp_path):
    model = networks.recurrent_classifier(cell, num_words=20, embedding=3, units=4)
    ids = np.random.default_rng(0).integers(0, 20, size=(5, 9))  # (batch, timesteps)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(model(ids)), np.asarray(loaded(ids)))


def test_without_a_forget_gate_every_bias_starts_at_zero():
    np.testing.assert_array_equal(built(LSTM1997Cell).get_weights()[2], np.zeros(9))


def test_weights_start_as_those_of_keras_lstm_do():
    """A seed gives the cell the very numbers that it gives the layer."""
    keras.utils.set_random_seed(0)
    lstm = layers.LSTM(3)
    lstm.build((None, None, 2))
    keras.utils.set_random_seed(0)
    ours = built(DocumentLSTMCell).get_weights()
    for start, expected in zip(ours, lstm.get_weights(), strict=False):  # ours has V_o besides
        np.testing.assert_array_equal(start, expected)


@pytest.mark.parametrize("lags", [1, 2, 3])
def test_a_step_with_lags_reads_as_many_earlier_outputs(lags):
    network = networks.recurrent_classifier("simple-rnn", 20, 3, 4, lags=lags)
    layer = lagged_rnn(4, lags, return_sequences=True)
    x = np.random.default_rng(0).normal(size=(1, 6, 3)).astype(np.float32)
    found = np.asarray(layer(x))[0]  # (timesteps, units)
    kernel, recurrent, bias = layer.get_weights()
    assert [w.shape for w in network.layers[2].get_weights()] == [
        w.shape for w in (kernel, recurrent, bias)
    ]
    h = [np.zeros(4)] * lags  # before the first step
    for x_t in x[0]:
        past = np.concatenate(h[: -lags - 1 : -1])  # the newest first
        h.append(np.tanh(x_t @ kernel + past @ recurrent + bias))
    np.testing.assert_allclose(found, h[lags:], rtol=1e-5)


def built(make) -> layers.RNN:
    layer = layers.RNN(make(3))
    layer.build((None, None, 2))
    return layer
