"""Characters: the counting baselines, the networks, and the drawing of a text."""

import keras
import numpy as np
import pytest

from models.baselines import Ngrams
from models.networks import character_model, continue_text, sample_character


def brute_force(text, context, character, characters, smoothing):
    """The formula of the baselines, by searching the text for every count."""
    after = [
        text[i + len(context)]
        for i in range(len(text) - len(context))
        if text[i : i + len(context)] == context
    ]
    shorter = (
        brute_force(text, context[1:], character, characters, smoothing)
        if context
        else 1 / characters
    )
    return (after.count(character) + smoothing * shorter) / (len(after) + smoothing)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_ngrams_are_what_the_formula_says(n):
    text, smoothing = [0, 1, 2, 0, 1, 3, 0, 1, 2, 2, 0, 0, 1], 0.5
    tail = [2, 0, 3, 1]
    model = Ngrams(np.array(text), 4, n, smoothing)
    everything, bits, hits = text + tail, 0, 0
    for position in range(len(text), len(everything)):
        context = everything[position - n + 1 : position]
        expected = [brute_force(text, context, c, 4, smoothing) for c in range(4)]
        np.testing.assert_allclose(model.probabilities(tuple(context)), expected)
        bits -= np.log2(expected[everything[position]])
        hits += int(np.argmax(expected)) == everything[position]
    measured = model.evaluate(np.array(everything), len(text))
    assert measured == pytest.approx((bits / len(tail), hits / len(tail)))


PROBABILITIES = np.array([0.5, 0.3, 0.2, 0.0])


def shares(temperature, draws=4000):
    rng = np.random.default_rng(1)
    drawn = [sample_character(PROBABILITIES, temperature, rng) for _ in range(draws)]
    return np.bincount(drawn, minlength=4) / draws


@pytest.mark.parametrize("temperature", [0.5, 1, 2])
def test_temperature_raises_probabilities_to_its_inverse(temperature):
    expected = PROBABILITIES ** (1 / temperature)
    np.testing.assert_allclose(shares(temperature), expected / expected.sum(), atol=0.03)


@pytest.mark.parametrize("temperature", [0, 1e-3, 1e-320])
def test_the_likeliest_character_wins_at_low_temperatures(temperature):
    assert shares(temperature, draws=50).tolist() == [1, 0, 0, 0]


class Successor:
    """Stands in for a network: the next character of the alphabet, and a note of what it read."""

    def __init__(self):
        self.read = []

    def predict_on_batch(self, numbers):
        self.read.append(numbers[0].tolist())
        return np.eye(4)[(numbers[:, -1] + 1) % 4]


def test_what_was_added_is_read_again_up_to_the_window():
    network = Successor()
    added = continue_text(network, "abcd", "ab", 4, 0, np.random.default_rng(0), window=3)
    assert added == "cdab"
    assert network.read == [[0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 0]]


@pytest.mark.parametrize(
    ("prompt", "temperature", "message"),
    [("", 1, "empty"), ("abe", 1, r"\['e'\]"), ("ab", -1, "0 or more")],
)
def test_a_prompt_that_cannot_be_read_is_refused(prompt, temperature, message):
    with pytest.raises(ValueError, match=message):
        continue_text(Successor(), "abcd", prompt, 4, temperature, np.random.default_rng(0), 3)


@pytest.mark.parametrize(("cell", "gates"), [("simple-rnn", 1), ("lstm", 4), ("gru", 3)])
def test_networks_have_the_documented_parameters_and_a_fixed_one_hot_layer(cell, gates):
    model = character_model(cell, characters=50, units=128)
    biases = 2 if cell == "gru" else 1  # Keras 3's reset gate after the matrix product
    recurrent = gates * 128 * (50 + 128 + biases)
    trained = sum(np.prod(w.shape) for w in model.trainable_weights)
    assert trained == recurrent + (128 + 1) * 50
    one_hot = model.get_layer("one_hot")(np.array([[3, 0]]))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(one_hot), np.eye(50)[[[3, 0]]])


def test_networks_read_any_length_and_survive_saving(tmp_path):
    model = character_model("simple-rnn", characters=5, units=4)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for length in (1, 7):
        numbers = np.arange(3 * length).reshape(3, length) % 5  # (batch, timesteps)
        probabilities = model.predict_on_batch(numbers)
        assert probabilities.shape == (3, 5)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(again.predict_on_batch(numbers), probabilities, rtol=1e-6)
