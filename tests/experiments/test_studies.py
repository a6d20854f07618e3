"""What studies compute, apart from their training: words, sequences, lengths, gradients."""

import os
from fractions import Fraction
from itertools import pairwise, product

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import DataError
from experiments import any_length, negation, next_letter, recall
from experiments.common.imdb import ImdbProtocol, ReviewSplits, train_for_study
from experiments.gradient_flow import gradient_norms
from harness.records.run import Run
from harness.training.fit import choose_layers, evaluate
from harness.training.gradients import decay_rate, gradients
from harness.training.optimizers import make_optimizer
from models import networks
from models.recurrent_numpy import SimpleRNN, unfold


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "'a' has 1 letters"),
        ("hello,", "'' has 0 letters"),
        ("hello," + "ab" * 1500, "'abababababababababab…' has 3,000 letters"),
        ("namaskar,namaste", "'namas' goes on with 'k' in namaskar and with 't' in namaste"),
        ("xy,abcd,abce", "'abc' goes on with 'd' in abcd and with 'e' in abce"),
        ("aa,aaaa", "in aa,aaaa nothing but 'a' can follow"),
    ],
)
def test_words_that_no_network_can_learn_are_refused(text, message):
    with pytest.raises(DataError, match=message):
        next_letter.different_letters(next_letter.different_words(text))


WORDS = st.lists(st.text("abc", min_size=2, max_size=6), min_size=1, max_size=4)


@given(words=WORDS)
def test_words_are_refused_if_and_only_if_a_beginning_continues_in_two_ways(words):
    continuations = {}
    for word in words:
        for end in range(1, len(word)):
            continuations.setdefault(word[:end], set()).add(word[end])
    if max(map(len, continuations.values())) == 1:
        assert next_letter.different_words(",".join(words)) == list(dict.fromkeys(words))
    else:
        with pytest.raises(DataError, match="goes on with"):
            next_letter.different_words(",".join(words))


def test_words_become_one_hot_letters_and_the_letters_after_them():
    x, following, weights = next_letter.one_hot(["abc", "ba"], ["a", "b", "c"])
    a, b, none = [1, 0, 0], [0, 1, 0], [0, 0, 0]
    np.testing.assert_array_equal(x, [[a, b], [b, none]])
    np.testing.assert_array_equal(weights, [[1, 1], [1, 0]])  # nothing follows "ba"
    np.testing.assert_array_equal(following[weights > 0], [1, 2, 0])


@given(words=WORDS)
def test_no_bigram_rule_is_right_more_often(words):
    pairs = [pair for word in words for pair in pairwise(word)]
    rules = (dict(zip("abc", following, strict=True)) for following in product("abc", repeat=3))
    right = max(sum(rule[first] == second for first, second in pairs) for rule in rules)
    assert next_letter.without_memory(words) == pytest.approx(Fraction(right, len(pairs)))


@st.composite
def recall_tasks(draw):
    timesteps = draw(st.integers(1, 40))
    distances = draw(st.lists(st.integers(0, timesteps - 1), min_size=1, max_size=20))
    return np.array(distances), timesteps, draw(st.integers(2, 9)), draw(st.integers(1, 9))


@given(task=recall_tasks(), seed=st.integers(0, 99))
def test_the_symbol_stands_at_its_distance_and_only_there(task, seed):
    distances, timesteps, symbols, fillers = task
    ids, answers = recall.sequences(np.random.default_rng(seed), *task)
    assert ids.shape == (len(distances), timesteps)
    for row, distance, answer in zip(ids, distances, answers, strict=True):
        # read backwards from the end, the last id is at distance 0
        backwards = row[::-1].tolist()
        assert backwards[distance] == answer
        assert 0 <= answer < symbols
        others = backwards[:distance] + backwards[distance + 1 :]
        assert all(symbols <= other < symbols + fillers for other in others)


def test_fillers_say_nothing_about_the_symbol():
    """Within each symbol's sequences, each filler is as frequent as in all."""
    ids, answers = recall.sequences(np.random.default_rng(0), np.full(8000, 4), 10, 2, 2)
    shares = [(ids[answers == symbol] == 3).sum() / (answers == symbol).sum() for symbol in (0, 1)]
    # nine fillers of two kinds: 4.5 a sequence, standard error sqrt(9 / 4 / 4000) = 0.024
    assert shares == pytest.approx([4.5, 4.5], abs=0.1)


@pytest.fixture(scope="module")
def short_reviews():
    """Reviews of one to seven words, and labels that have nothing to do with them."""
    rng = np.random.default_rng(0)
    reviews = [rng.integers(1, 20, length) for length in rng.integers(1, 8, 60)]
    return reviews, rng.integers(0, 2, 60)


@pytest.fixture(scope="module")
def reader():
    """An untrained network of large weights, which is not equally unsure of every review."""
    keras.utils.set_random_seed(0)
    model = networks.recurrent_classifier("lstm", num_words=20, embedding=4, units=3)
    model.set_weights([20 * weights for weights in model.get_weights()])
    model.compile(loss="binary_crossentropy", metrics=["accuracy"])
    return model


def test_accuracy_at_own_length_is_that_of_each_review_read_alone(reader, short_reviews):
    reviews, labels = short_reviews
    alone = [float(reader(review[None])[0, 0]) for review in reviews]
    predicted = np.array(alone) > 0.5
    right = int((predicted == labels).sum())
    assert 0 < predicted.sum() < len(labels)
    # one that ignores its input would be right in all reviews of one label
    assert right not in (labels.sum(), len(labels) - labels.sum(), len(labels))
    assert any_length.accuracy_at_own_length(reader, reviews, labels) == right / len(labels)


def test_padding_changes_what_the_network_says_and_a_feed_forward_one_reads_one_length(
    reader, short_reviews
):
    """Otherwise the study would compare a network with itself."""
    reviews, labels = short_reviews
    x = np.stack([np.concatenate([np.zeros(12 - len(r), int), r]) for r in reviews])
    p = keras.ops.convert_to_numpy(reader(x))[:, 0]
    accuracy = ((p > 0.5) == labels).mean()
    assert any_length.accuracy_at(reader, reviews, labels, 12) == pytest.approx(accuracy)
    alone = [float(reader(review[None])[0, 0]) for review in reviews]
    assert np.abs(p - alone).max() > 0.1
    dense = networks.dense_classifier(20, 4, 3, 5)
    dense.compile(loss="binary_crossentropy", metrics=["accuracy"])
    found = {n: any_length.accuracy_at(dense, reviews, labels, n) for n in (4, 5, 10)}
    expected = evaluate(dense, (keras.utils.pad_sequences(reviews, 5), labels))["accuracy"]
    assert found == {4: None, 5: expected, 10: None}


def test_a_network_of_a_study_keeps_the_weights_of_its_best_epoch(tmp_path, capsys):
    run = Run(tmp_path / "seed-0", seed=0, data_dir=None, sample=True)
    run.begin({})
    rng = np.random.default_rng(0)
    x, y = rng.integers(1, 20, (120, 6), np.int32), rng.integers(0, 2, 120)
    splits = (x[:80], y[:80]), (x[80:], y[80:])
    keras.utils.set_random_seed(0)
    model = networks.dense_classifier(20, 4, 8, 6)
    # labels that cannot be learned: the validation goes up and down
    protocol = ImdbProtocol(epochs=8, batch_size=16, learning_rate=0.1)
    train_for_study(protocol, run, ReviewSplits(*splits, splits[1]), model, "Dense")
    curve = model.history.history["val_accuracy"]
    assert len(curve) == 8
    assert curve[-1] < max(curve)
    assert evaluate(model, splits[1])["accuracy"] == pytest.approx(max(curve))
    assert capsys.readouterr().out.count("Dense, epoch ") == 8


DISTANCES = np.arange(40)
FALLING = 2.0 ** (-3.0 * DISTANCES)  # halves three times a step


@pytest.mark.parametrize(
    ("norms", "rate"),
    [
        (0.02 * 2.0 ** (-DISTANCES / 3.25), 1 / 3.25),
        (2.0 ** (DISTANCES / 400), -1 / 400),
        (np.where(FALLING < 1e-30, 0, FALLING), 3),  # the end cannot be measured
        (np.ones(10), 0),
        (np.array([0.5]), None),
        (np.zeros(10), None),
        (np.array([0.5, 0, 0]), None),
    ],
)
def test_the_decay_rate_of_an_exponential_is_its_own(norms, rate):
    found = decay_rate(norms)
    assert found == rate if rate is None else found == pytest.approx(rate, abs=1e-12)


def reading_loss(model: keras.Model, vectors: np.ndarray, label: float) -> float:
    """Binary cross-entropy of one review of word vectors, in float64, by the textbook's loop."""
    cell = SimpleRNN.from_keras(*(w.astype(np.float64) for w in model.layers[2].get_weights()))
    kernel, bias = (w.astype(np.float64) for w in model.layers[3].get_weights())
    logit = float((unfold(cell, vectors)[-1] @ kernel + bias)[0])
    p = 1 / (1 + np.exp(-logit))
    return float(-(label * np.log(p) + (1 - label) * np.log(1 - p)))


def slopes(function, place, epsilon=1e-5):
    """Central finite differences of a number with respect to every entry of an array."""
    found = np.zeros_like(place)
    for index in np.ndindex(place.shape):
        kept = place[index]
        place[index] = kept + epsilon
        above = function()
        place[index] = kept - epsilon
        found[index] = (above - function()) / (2 * epsilon)
        place[index] = kept
    return found


def test_gradient_norms_are_those_of_finite_differences_from_the_last_word_backwards():
    keras.utils.set_random_seed(0)
    model = networks.recurrent_classifier("simple-rnn", num_words=9, embedding=3, units=4)
    rng = np.random.default_rng(0)
    x = rng.integers(1, 9, (3, 5), np.int32)  # (reviews, timesteps)
    y = np.array([0, 1, 1], np.float32)
    table = model.layers[1].get_weights()[0].astype(np.float64)  # (words, embedding)
    norms = []
    for ids, label in zip(x, y, strict=True):
        vectors = table[ids]  # (timesteps, embedding)

        def loss(vectors=vectors, label=label):
            return reading_loss(model, vectors, label)

        norms.append(np.linalg.norm(slopes(loss, vectors), axis=-1)[::-1])
    expected = np.median(norms, axis=0)  # (timesteps,)
    assert len(set(expected.round(4))) == 5  # backwards and forwards are not the same
    before = [weights.copy() for weights in model.get_weights()]
    np.testing.assert_allclose(gradient_norms(model, x, y), expected, rtol=1e-3)
    for weights, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, kept)
    assert len(model.trainable_weights) == len(before)  # it is trained afterwards


def test_gradients_too_small_for_float32_are_measured():
    model = networks.recurrent_classifier("simple-rnn", num_words=20, embedding=4, units=3)
    kernel, recurrent, bias = model.layers[2].get_weights()
    model.layers[2].set_weights([kernel, 0.01 * recurrent / np.linalg.norm(recurrent, 2), bias])
    norms = gradient_norms(model, np.full((2, 60), 7), np.ones(2, np.float32))
    assert 0 < norms[-1] < 1e-100
    assert decay_rate(norms) >= np.log2(100)  # each step back multiplies by 0.01 at most


def test_gradient_norms_do_not_depend_on_how_the_layers_computed_in_training():
    rng = np.random.default_rng(0)
    model = networks.recurrent_classifier("lstm", 30, 16, 16)
    x, y = rng.integers(1, 30, (6, 12), np.int32), rng.integers(0, 2, 6).astype(np.float32)
    expected = gradient_norms(model, x, y)
    optimizer = make_optimizer("rmsprop-keras-2.0", 0.0)
    choose_layers(model, optimizer)
    model.compile(optimizer, "binary_crossentropy", jit_compile=False)
    model.fit(x, y, verbose=0)
    np.testing.assert_allclose(gradient_norms(model, x, y), expected, rtol=1e-5)


@pytest.fixture
def linear():
    """A linear model of two features, a batch, and the residuals of its predictions."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="line")])
    model.set_weights([np.array([[0.5], [-1.5]], np.float32), np.array([0.25], np.float32)])
    x = np.array([[1, 2], [3, -1], [0, 4], [-2, 1]], np.float32)  # (batch, features)
    y = np.array([[1], [0], [-2], [3]], np.float32)  # (batch, 1)
    return model, x, y, x @ model.get_weights()[0] + model.get_weights()[1] - y


def test_gradients_of_a_linear_model_are_those_of_least_squares_or_of_any_function(linear):
    model, x, y, residuals = linear
    found = gradients(model, x, y, "mean_squared_error")
    kernel, bias = found.values()
    np.testing.assert_allclose(kernel, 2 / len(x) * x.T @ residuals, rtol=1e-5)
    np.testing.assert_allclose(bias, [2 * residuals.mean()], rtol=1e-5)
    assert list(found) == [weights.path for weights in model.trainable_weights]
    # where the loss of a sample is y (w x + b)
    kernel, bias = gradients(model, x, y, weighted_sum).values()
    np.testing.assert_allclose(kernel, x.T @ y / len(x), rtol=1e-5)
    np.testing.assert_allclose(bias, [y.mean()], rtol=1e-5)


def weighted_sum(y, p):
    return keras.ops.sum(y * p, axis=-1)


def test_pairs_are_counted_by_kind():
    kinds = [
        negation.Kind("a", lowers=[("yes", "not yes")], raises=[("no", "not no")]),
        negation.Kind("b", raises=[("no", "not no")]),
    ]
    assert kinds[0].pairs == [("yes", "not yes"), ("not no", "no")]
    # right twice; right way on one side of one half; no difference
    probabilities = np.array([0.9, 0.5, 0.4, 0.3, 0.6, 0.6])
    moves, both_right = negation.outputs(kinds, {"model": probabilities})
    assert moves.columns == both_right.columns == ["a (2)", "b (1)", "all (3)"]
    assert moves.rows == {"model": [1, 0, 2 / 3]}
    assert both_right.rows == {"model": [0.5, 0, 1 / 3]}


def test_reordered_pairs_hold_the_same_words():
    kinds = [kind for sample in (False, True) for kind in negation.read_kinds(sample)]
    reordered = [kind for kind in kinds if "another order" in kind.name]
    assert len(reordered) == 2
    for first, second in (pair for kind in reordered for pair in kind.pairs):
        assert first != second
        assert sorted(first.split()) == sorted(second.split())


@pytest.mark.skipif("RNN_DATA_DIR" not in os.environ, reason="RNN_DATA_DIR is not set")
def test_the_networks_know_every_word_of_the_pairs():
    kinds = negation.read_kinds(sample=False)
    ids = negation.encode_pairs(kinds, None, False, ImdbProtocol().num_words)
    assert len(ids) == 2 * sum(len(kind.pairs) for kind in kinds)
