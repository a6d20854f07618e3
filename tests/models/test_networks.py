"""Shapes and parameter counts of the networks."""

from functools import partial

import keras
import numpy as np
import pytest

from models import networks
from models.cells import CELLS
from models.keras_cells import keras2_hard_sigmoid

IDS = np.random.default_rng(0).integers(
    0, 10_000, size=(3, 40), dtype=np.int32
)  # (batch, timesteps)


def sums(gates: int, features: int, units: int) -> int:
    """Weights of the sums inside a recurrent layer's gates."""
    return gates * (features + units + 1) * units


@pytest.mark.parametrize(
    ("build", "recurrent"),
    [
        (partial(networks.recurrent_classifier, "simple-rnn"), sums(1, 32, 32)),
        (partial(networks.recurrent_classifier, "simple-rnn", depth=4), 4 * sums(1, 32, 32)),
        (partial(networks.recurrent_classifier, "lstm"), sums(4, 32, 32)),
        (partial(networks.recurrent_classifier, "gru"), sums(3, 32, 32) + 3 * 32),  # a second bias
        (partial(networks.recurrent_classifier, "lstm-document"), sums(4, 32, 32) + 32 * 32),  # V
        (partial(networks.recurrent_classifier, "lstm-1997"), sums(3, 32, 32)),
        (
            partial(networks.recurrent_classifier, "lstm-peephole"),
            sums(4, 32, 32) + 3 * 32,
        ),  # peepholes
    ],
)
def test_classifiers_have_an_embedding_their_recurrent_layers_and_one_output(build, recurrent):
    assert build().count_params() == 10_000 * 32 + recurrent + 32 + 1


@pytest.mark.parametrize(
    ("build", "recurrent"),
    [
        (networks.gru_forecaster, sums(3, 14, 32) + 3 * 32),
        (partial(networks.gru_forecaster, reset_after=False), sums(3, 14, 32)),
        (
            partial(networks.gru_forecaster, dropout=0.2, recurrent_dropout=0.2),
            sums(3, 14, 32) + 3 * 32,
        ),
    ],
)
def test_forecasters_have_a_gru_and_one_output(build, recurrent):
    assert build().count_params() == recurrent + 32 + 1


def test_the_convolution_has_its_own_embedding_filters_and_lstm():
    expected = 20_000 * 128 + (5 * 128 + 1) * 64 + sums(4, 64, 70) + 70 + 1
    assert networks.conv_lstm_classifier().count_params() == expected


@pytest.mark.parametrize(
    "build",
    [
        *(partial(networks.recurrent_classifier, cell) for cell in CELLS),
        networks.conv_lstm_classifier,
    ],
)
def test_recurrent_classifiers_give_a_probability_for_reviews_of_any_length(build):
    model = build()
    for timesteps in (8, 40):
        probability = np.asarray(model(IDS[:, :timesteps]))
        assert probability.shape == (3, 1)
        assert ((probability > 0) & (probability < 1)).all()


def test_the_feed_forward_classifier_reads_one_length_only():
    model = networks.dense_classifier(maxlen=40)
    assert model(IDS).shape == (3, 1)
    with pytest.raises(ValueError, match="shape"):
        model(IDS[:, :39])


def test_the_stack_returns_the_sequence_of_all_layers_but_the_last():
    stack = networks.recurrent_classifier("simple-rnn", depth=3).layers[2:5]
    assert [layer.return_sequences for layer in stack] == [True, True, False]


def test_forecasters_give_one_temperature_a_window():
    window = np.zeros((5, 24, 14), np.float32)  # (batch, timesteps, features)
    assert networks.gru_forecaster()(window).shape == (5, 1)
    assert networks.dense_forecaster(timesteps=24)(window).shape == (5, 1)


def test_dropout_acts_on_inputs_and_state_in_training_alone():
    model = networks.gru_forecaster(features=2, units=8, dropout=0.5, recurrent_dropout=0.5)
    window = np.ones((4, 6, 2), np.float32)  # (batch, timesteps, features)
    calm = [np.asarray(model(window, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    shaken = [np.asarray(model(window, training=True)) for _ in range(2)]
    assert not np.allclose(*shaken)


def test_builders_return_uncompiled_models():
    assert not networks.recurrent_classifier("lstm").compiled
    assert isinstance(networks.gru_forecaster(), keras.Model)


def test_keras2_hard_sigmoid_is_the_line_between_its_ends():
    x = np.array([-9, -2.5, -1, 0, 2, 2.5, 9], np.float32)
    found = keras.ops.convert_to_numpy(keras2_hard_sigmoid(x))
    np.testing.assert_allclose(found, [0, 0, 0.3, 0.5, 0.9, 1, 1], atol=1e-7)


LSTM, GRU = (partial(networks.recurrent_classifier, cell) for cell in ("lstm", "gru"))
GATED = [LSTM, GRU, networks.conv_lstm_classifier, networks.gru_forecaster]


def opens_gates(model):
    gated = (layer for layer in model.layers if hasattr(layer, "recurrent_activation"))
    return next(gated).recurrent_activation


@pytest.mark.parametrize("build", GATED)
def test_gates_open_by_the_function_that_is_asked_for(build):
    assert opens_gates(build()) is keras.activations.sigmoid
    assert opens_gates(build(gates="keras2-hard-sigmoid")) is keras2_hard_sigmoid
    with pytest.raises(ValueError, match="gates must be one of sigmoid, keras2-hard-sigmoid"):
        build(gates="hard_sigmoid")


@pytest.mark.parametrize("build", GATED)
def test_a_saved_model_with_hard_gates_comes_back(build, tmp_path):
    model = build(units=4, gates="keras2-hard-sigmoid")
    window = np.random.default_rng(0).normal(size=(3, 24, 14))  # (batch, timesteps, features)
    x = window if build is networks.gru_forecaster else IDS
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert opens_gates(loaded) is keras2_hard_sigmoid
    np.testing.assert_array_equal(model.predict(x, verbose=0), loaded.predict(x, verbose=0))
