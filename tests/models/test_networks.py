"""Shapes, parameter counts and gates of the networks."""

from functools import partial

import keras
import numpy as np
import pytest

from models import networks
from models.cells import CELLS
from models.keras_cells import keras2_hard_sigmoid
from models.networks import (
    conv_lstm_classifier,
    gru_forecaster,
    recurrent_classifier,
    recurrent_forecaster,
)

IDS = np.random.default_rng(0).integers(0, 10_000, size=(3, 40), dtype=np.int32)
WINDOW = np.random.default_rng(0).normal(size=(3, 24, 14)).astype(np.float32)


def sums(gates: int, features: int, units: int) -> int:
    """Weights of the sums inside a recurrent layer's gates."""
    return gates * (features + units + 1) * units


CLASSIFIERS = {  # parameters of the recurrent layers
    "simple-rnn": sums(1, 32, 32),
    "lstm": sums(4, 32, 32),
    "gru": sums(3, 32, 32) + 3 * 32,  # a second bias
    "lstm-document": sums(4, 32, 32) + 32 * 32,  # V
    "lstm-1997": sums(3, 32, 32),
    "lstm-peephole": sums(4, 32, 32) + 3 * 32,  # peepholes
}


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_classifiers_have_their_parameters_and_read_any_length(cell):
    model = recurrent_classifier(cell)
    assert model.count_params() == 10_000 * 32 + CLASSIFIERS[cell] + 32 + 1
    assert not model.compiled
    for timesteps in (8, 40):
        probability = np.asarray(model(IDS[:, :timesteps]))
        assert probability.shape == (3, 1)
        assert ((probability > 0) & (probability < 1)).all()


def test_the_stack_returns_the_sequence_of_all_layers_but_the_last():
    model = recurrent_classifier("simple-rnn", depth=4)
    assert model.count_params() == 10_000 * 32 + 4 * sums(1, 32, 32) + 32 + 1
    assert [layer.return_sequences for layer in model.layers[2:6]] == [True, True, True, False]


def test_the_convolution_has_its_own_embedding_filters_and_lstm():
    model = conv_lstm_classifier()
    expected = 20_000 * 128 + (5 * 128 + 1) * 64 + sums(4, 64, 70) + 70 + 1
    assert model.count_params() == expected
    assert model(IDS).shape == model(IDS[:, :8]).shape == (3, 1)


def test_a_convolution_counts_the_strongest_phrase_and_reads_any_length():
    model = networks.conv_classifier()
    assert model.count_params() == 10_000 * 32 + (5 * 32 + 1) * 64 + 64 + 1
    twice, often = (np.asarray(model(np.tile(IDS[:, :8], n))) for n in (2, 6))
    assert twice.shape == (3, 1)
    np.testing.assert_allclose(twice, often, rtol=1e-6)  # the same phrases


@pytest.mark.parametrize(("pooling", "pool"), [("mean", np.mean), ("largest", np.max)])
def test_all_outputs_can_be_pooled(pooling, pool):
    model = recurrent_classifier("lstm", pooling=pooling)
    outputs = keras.Model(model.inputs, model.layers[2].output)(IDS)  # (batch, timesteps, units)
    weights, bias = model.layers[-1].get_weights()
    expected = 1 / (1 + np.exp(-(pool(np.asarray(outputs), axis=1) @ weights + bias)))
    np.testing.assert_allclose(np.asarray(model(IDS)), expected, rtol=1e-5)


def test_a_mask_skips_the_padding_wherever_it_stands():
    words, zeros = IDS[:, :9] + 1, np.zeros((3, 6), np.int32)
    for masked in (True, False):
        model = recurrent_classifier("gru", 10_001, masked=masked)
        model.set_weights([10 * weights for weights in model.get_weights()])
        alone, front, behind = (
            np.asarray(model(np.concatenate(parts, axis=1)))
            for parts in ([words], [zeros, words], [words, zeros])
        )
        apart = np.abs(np.stack([front, behind]) - alone).max(axis=(1, 2))
        assert (apart < 1e-6).all() == masked


def test_the_feed_forward_classifier_reads_one_length_only():
    model = networks.dense_classifier(maxlen=40)
    assert model(IDS).shape == (3, 1)
    with pytest.raises(ValueError, match="shape"):
        model(IDS[:, :39])


@pytest.mark.parametrize(
    ("build", "options", "parameters"),
    [
        (gru_forecaster, {}, sums(3, 14, 32) + 3 * 32 + 33),
        (gru_forecaster, {"reset_after": False}, sums(3, 14, 32) + 33),
        (gru_forecaster, {"dropout": 0.2, "recurrent_dropout": 0.2}, sums(3, 14, 32) + 3 * 32 + 33),
        (
            gru_forecaster,
            {"reset_after": False, "upper_units": 64},
            sums(3, 14, 32) + sums(3, 32, 64) + 65,
        ),
        (recurrent_forecaster, {"cell": "lstm"}, sums(4, 14, 32) + 33),
        (recurrent_forecaster, {"cell": "simple-rnn"}, sums(1, 14, 32) + 33),
    ],
)
def test_forecasters_have_their_parameters_and_one_output(build, options, parameters):
    model = build(**options)
    assert model.count_params() == parameters
    assert model(WINDOW).shape == networks.dense_forecaster(timesteps=24)(WINDOW).shape == (3, 1)


def test_the_upper_of_two_grus_has_a_relu():
    lower, upper = gru_forecaster(upper_units=64).layers[1:3]
    assert [lower.return_sequences, upper.return_sequences] == [True, False]
    assert (lower.activation, upper.activation) == (keras.activations.tanh, keras.activations.relu)


def test_dropout_acts_on_inputs_and_state_in_training_alone():
    model = gru_forecaster(features=2, units=8, dropout=0.5, recurrent_dropout=0.5)
    window = np.ones((4, 6, 2), np.float32)  # (batch, timesteps, features)
    calm = [np.asarray(model(window, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    shaken = [np.asarray(model(window, training=True)) for _ in range(2)]
    assert not np.allclose(*shaken)


def test_keras2_hard_sigmoid_is_the_line_between_its_ends():
    x = np.array([-9, -2.5, -1, 0, 2, 2.5, 9], np.float32)
    found = keras.ops.convert_to_numpy(keras2_hard_sigmoid(x))
    np.testing.assert_allclose(found, [0, 0, 0.3, 0.5, 0.9, 1, 1], atol=1e-7)


def opens_gates(model):
    gated = (layer for layer in model.layers if hasattr(layer, "recurrent_activation"))
    return next(gated).recurrent_activation


GATED = [
    *(partial(recurrent_classifier, cell) for cell in ("lstm", "gru")),
    conv_lstm_classifier,
    gru_forecaster,
]


@pytest.mark.parametrize("build", GATED)
def test_gates_open_by_the_function_that_is_asked_for_also_when_loaded(build, tmp_path):
    assert opens_gates(build()) is keras.activations.sigmoid
    with pytest.raises(ValueError, match="gates must be one of sigmoid, keras2-hard-sigmoid"):
        build(gates="hard_sigmoid")
    model = build(units=4, gates="keras2-hard-sigmoid")
    assert opens_gates(model) is keras2_hard_sigmoid
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert opens_gates(loaded) is keras2_hard_sigmoid
    x = WINDOW if build is gru_forecaster else IDS
    np.testing.assert_array_equal(np.asarray(model(x)), np.asarray(loaded(x)))
