"""Shapes and parameter counts of the networks."""

import keras
import numpy as np
import pytest

from models import climate, sentiment
from models.activations import keras2_hard_sigmoid

IDS = np.random.default_rng(0).integers(
    0, 10_000, size=(3, 40), dtype=np.int32
)  # (batch, timesteps)


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (sentiment.simple_rnn, 322_113),
        (sentiment.stacked_rnn, 328_353),
        (sentiment.lstm, 328_353),
        (sentiment.gru, 326_369),
        (sentiment.document_lstm, 329_377),
        (sentiment.lstm_1997, 326_273),
        (sentiment.peephole_lstm, 328_449),
        (sentiment.conv_lstm, 2_638_895),
        (climate.gru, 4_641),
        (lambda: climate.gru(reset_after=False), 4_545),
        (lambda: climate.gru(dropout=0.2, recurrent_dropout=0.2), 4_641),
    ],
)
def test_parameter_counts_are_the_documented_ones(model, parameters):
    assert model().count_params() == parameters


def test_simple_rnn_without_its_dense_layer_has_the_parameters_of_the_printed_summary():
    embedding, recurrent = sentiment.simple_rnn().layers[1:3]
    assert embedding.count_params() == 320_000
    assert recurrent.count_params() == 2_080
    assert embedding.count_params() + recurrent.count_params() == 322_080


@pytest.mark.parametrize(
    "build",
    [
        sentiment.simple_rnn,
        sentiment.stacked_rnn,
        sentiment.lstm,
        sentiment.gru,
        sentiment.document_lstm,
        sentiment.lstm_1997,
        sentiment.peephole_lstm,
        sentiment.conv_lstm,
    ],
)
def test_recurrent_classifiers_give_a_probability_for_reviews_of_any_length(build):
    model = build()
    for timesteps in (8, 40):
        probability = np.asarray(model(IDS[:, :timesteps]))
        assert probability.shape == (3, 1)
        assert ((probability > 0) & (probability < 1)).all()


def test_the_feed_forward_classifier_reads_one_length_only():
    model = sentiment.dense(maxlen=40)
    assert model(IDS).shape == (3, 1)
    with pytest.raises(ValueError, match="shape"):
        model(IDS[:, :39])


def test_the_stack_returns_the_sequence_of_all_layers_but_the_last():
    stack = sentiment.stacked_rnn(depth=3).layers[2:5]
    assert [layer.return_sequences for layer in stack] == [True, True, False]


def test_forecasters_give_one_temperature_a_window():
    window = np.zeros((5, 24, 14), np.float32)  # (batch, timesteps, features)
    assert climate.gru()(window).shape == (5, 1)
    assert climate.dense(timesteps=24)(window).shape == (5, 1)


def test_dropout_acts_on_inputs_and_state_in_training_alone():
    model = climate.gru(features=2, units=8, dropout=0.5, recurrent_dropout=0.5)
    window = np.ones((4, 6, 2), np.float32)  # (batch, timesteps, features)
    calm = [np.asarray(model(window, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    shaken = [np.asarray(model(window, training=True)) for _ in range(2)]
    assert not np.allclose(*shaken)


def test_builders_return_uncompiled_models():
    assert not sentiment.lstm().compiled
    assert isinstance(climate.gru(), keras.Model)


def test_keras2_hard_sigmoid_is_the_line_between_its_ends():
    x = np.array([-9, -2.5, -1, 0, 2, 2.5, 9], np.float32)
    found = keras.ops.convert_to_numpy(keras2_hard_sigmoid(x))
    np.testing.assert_allclose(found, [0, 0, 0.3, 0.5, 0.9, 1, 1], atol=1e-7)


GATED = [sentiment.lstm, sentiment.gru, sentiment.conv_lstm, climate.gru]


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
    x = window if build is climate.gru else IDS
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert opens_gates(loaded) is keras2_hard_sigmoid
    np.testing.assert_array_equal(model.predict(x, verbose=0), loaded.predict(x, verbose=0))
