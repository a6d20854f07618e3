"""What studies compute, apart from their training: words, sequences, lengths, gradients."""

import os
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from data.errors import DataError
from experiments import (
    any_length,
    negation,
    next_letter,
    next_word,
    padding,
    parallel,
    recall,
    recall_training,
    training_size,
    word_order,
)
from experiments.common.imdb import ImdbProtocol, ReviewSplits, train_for_study
from experiments.gradient_flow import gradient_norms, state_norms
from harness.errors import DivergedError
from harness.records.run import Run
from harness.training import fit
from harness.training.fit import choose_layers, evaluate
from harness.training.gradients import decay_rate, gradients
from harness.training.optimizers import make_optimizer
from models import networks
from models.baselines import Ngrams
from models.cells import CELLS
from models.learning_numpy import backpropagate
from models.recurrent_numpy import SimpleRNN


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


def test_words_become_one_hot_letters_and_the_letters_after_them():
    x, following, weights = next_letter.one_hot(["abc", "ba"], ["a", "b", "c"])
    a, b, none = [1, 0, 0], [0, 1, 0], [0, 0, 0]
    np.testing.assert_array_equal(x, [[a, b], [b, none]])
    np.testing.assert_array_equal(weights, [[1, 1], [1, 0]])  # nothing follows "ba"
    np.testing.assert_array_equal(following[weights > 0], [1, 2, 0])


def test_the_last_letter_alone_tells_five_of_seven_next_letters():
    # "a" is followed by three different letters, each of the others by one
    assert next_letter.without_memory(["namaskar"]) == 5 / 7


def test_a_word_that_the_training_part_holds_once_is_unknown():
    words = next_word.words_of("the cat's hat, the cat's 2nd — 'tis the hat. l’art pour")
    assert " ".join(words) == "the cat's hat the cat's nd tis the hat l’art pour"
    ids, known = next_word.numbered(words, known=8)  # up to the third "the"
    assert known == 3  # unknown, cat's, the
    assert ids.tolist() == [2, 1, 0, 2, 1, 0, 0, 2, 0, 0, 0]


def test_counts_are_smoothed_as_suits_the_tenth_that_chooses():
    ids = np.random.default_rng(0).integers(0, 4, 400)
    ids[300:] = ids[:100]  # what is measured repeats the training, which no smoothing would suit
    found, kept = (Ngrams(ids[:200], 4, 4, k).evaluate(ids, 300) for k in (1000, 1))
    assert next_word.counted(ids, 4, 4, 200, 300) == found
    assert found > kept


def test_the_symbol_stands_at_its_distance_and_only_there():
    distances, symbols, fillers = np.array([0, 3, 9, 3]), 2, 3
    ids, answers = recall.sequences(np.random.default_rng(0), distances, 10, symbols, fillers)
    assert ids.shape == (4, 10)
    # read backwards from the end, the last id is at distance 0
    places = [np.flatnonzero(row[::-1] < symbols).tolist() for row in ids]
    assert places == [[0], [3], [9], [3]]
    assert answers.tolist() == ids[ids < symbols].tolist()
    assert ids.max() < symbols + fillers


def test_fillers_say_nothing_about_the_symbol():
    """Within each symbol's sequences, each filler is as frequent as in all."""
    ids, answers = recall.sequences(np.random.default_rng(0), np.full(8000, 4), 10, 2, 2)
    shares = [(ids[answers == symbol] == 3).sum() / (answers == symbol).sum() for symbol in (0, 1)]
    # nine fillers of two kinds: 4.5 a sequence, standard error sqrt(9 / 4 / 4000) = 0.024
    assert shares == pytest.approx([4.5, 4.5], abs=0.1)


def test_a_gradient_that_is_cut_off_does_not_reach_earlier_words():
    protocol = recall.Protocol(symbols=4, fillers=4, units=6)
    whole, cut = (recall.build(protocol, CELLS["gru"].make, 0, unfolded=n) for n in (0, 3))
    ids = np.array([[0, 1, 2, 3, 4, 5, 6, 7]])
    np.testing.assert_allclose(cut(ids), whole(ids), rtol=1e-6)  # forward they are one network
    for model, reached in ((whole, range(8)), (cut, (5, 6, 7))):
        of_words, *_ = gradients(
            model, ids, np.array([2]), "sparse_categorical_crossentropy"
        ).values()
        assert np.flatnonzero(np.abs(of_words).max(axis=1)).tolist() == list(reached)


def test_a_network_whose_loss_is_no_number_answers_nothing(monkeypatch):
    def diverge(*_, clipnorm):
        if clipnorm is None:
            raise DivergedError("the loss became NaN.")
        return [0.75]

    monkeypatch.setattr(recall, "accuracies", diverge)
    protocol = recall_training.Protocol(units=4)
    run = SimpleNamespace(seed=0)
    rows = recall_training.scaled(protocol, run, slice(-1, None))
    assert rows == {"adam-keras-2.0, recurrent weights × 2": [0, 1, 0.75, 0]}


def test_the_newest_symbol_of_a_stream_is_asked_for():
    protocol = recall_training.Protocol(episode=5, symbols=3)
    ids, newest = recall_training.stream(np.random.default_rng(0), 50, 4, protocol)
    assert ids.shape == (50, 20)
    symbols = [row[row < 3] for row in ids]
    assert {len(row) for row in symbols} == {4}
    assert newest.tolist() == [row[-1] for row in symbols]


def test_any_length_compares_a_review_read_alone_with_the_same_one_padded():
    rng = np.random.default_rng(0)
    reviews = [rng.integers(1, 20, length) for length in rng.integers(1, 8, 60)]
    labels = rng.integers(0, 2, 60)  # they have nothing to do with the words
    keras.utils.set_random_seed(0)
    reader = networks.recurrent_classifier("lstm", num_words=20, embedding=4, units=3)
    # large weights, which are not equally unsure of every review
    reader.set_weights([20 * weights for weights in reader.get_weights()])
    reader.compile(loss="binary_crossentropy", metrics=["accuracy"])
    padded = np.stack([np.concatenate([np.zeros(12 - len(r), int), r]) for r in reviews])
    at_12 = keras.ops.convert_to_numpy(reader(padded))[:, 0]
    alone = np.array([float(reader(review[None])[0, 0]) for review in reviews])
    assert np.abs(at_12 - alone).max() > 0.1  # else the study would compare a network with itself
    right, right_at_12 = (((p > 0.5) == labels).mean() for p in (alone, at_12))
    # one that ignores its input would be right in all reviews of one label
    assert right not in (labels.mean(), 1 - labels.mean(), 1)
    assert any_length.accuracy_at_own_length(reader, reviews, labels) == right
    assert any_length.accuracy_at(reader, reviews, labels, 12) == pytest.approx(right_at_12)
    dense = networks.dense_classifier(20, 4, 3, 5)
    dense.compile(loss="binary_crossentropy", metrics=["accuracy"])
    found = [any_length.accuracy_at(dense, reviews, labels, n) for n in (4, 5, 10)]
    assert [accuracy is None for accuracy in found] == [True, False, True]


def test_a_network_of_a_study_keeps_the_weights_of_its_best_epoch(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fit, "choose_layers", lambda *_: "native")  # XLA would compile for seconds
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


def test_gradient_norms_are_those_by_hand_from_the_last_word_backwards():
    keras.utils.set_random_seed(0)
    model = networks.recurrent_classifier("simple-rnn", num_words=9, embedding=3, units=4)
    rng = np.random.default_rng(0)
    x = rng.integers(1, 9, (3, 5), np.int32)  # (reviews, timesteps)
    y = np.array([0, 1, 1], np.float32)
    before = [weights.copy() for weights in model.get_weights()]
    words, kernel, recurrent, bias, classifier, _ = (w.astype(np.float64) for w in before)
    cell = SimpleRNN.from_keras(kernel, recurrent, bias)
    norms = []
    for ids, label, p in zip(x, y, np.asarray(model(x))[:, 0], strict=True):
        at_outputs = np.zeros((5, 4))
        at_outputs[-1] = (p - label) * classifier[:, 0]  # of the cross-entropy
        norms.append(np.linalg.norm(backpropagate(cell, words[ids], at_outputs).x, axis=-1)[::-1])
    expected = np.median(norms, axis=0)  # (timesteps,)
    assert len(set(expected.round(4))) == 5  # backwards and forwards are not the same
    np.testing.assert_allclose(gradient_norms(model, x, y), expected, rtol=1e-5)
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


@pytest.mark.parametrize(
    ("cell", "factor"), [("lstm-1997", 1), ("lstm", 1 / (1 + np.exp(3))), ("simple-rnn", 0.5)]
)
def test_the_gradient_of_a_state_is_the_product_of_its_factors(cell, factor):
    model = networks.recurrent_classifier(cell, num_words=9, embedding=3, units=4)
    kernel, recurrent, bias = model.layers[2].get_weights()
    if cell == "simple-rnn":
        recurrent, bias = 0.5 * np.eye(4), 0 * bias  # and a tanh at 0
    else:
        recurrent, bias = 0 * recurrent, -3 * bias  # no way but the carry; a shut forget gate
    model.layers[2].set_weights([0 * kernel, recurrent, bias])
    norms = state_norms(model, np.ones((2, 150), np.int32))  # to 1e-199
    np.testing.assert_allclose(norms, float(factor) ** np.arange(150), rtol=1e-6)


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


def test_zeros_behind_take_the_place_of_timesteps_in_front():
    x = np.array([[0, 0, 5, 6], [7, 8, 9, 4]])
    np.testing.assert_array_equal(padding.with_zeros_behind(x, 0), x)
    found = padding.with_zeros_behind(x, 2)
    np.testing.assert_array_equal(found, [[5, 6, 0, 0], [9, 4, 0, 0]])


def test_a_reordered_review_has_the_same_words_behind_its_start_mark():
    rng, review = np.random.default_rng(0), np.array([1, *range(4, 40)])
    assert word_order.reordered(review, "reversed", rng).tolist() == [1, *range(39, 3, -1)]
    shuffled = word_order.reordered(review, "shuffled", rng).tolist()
    assert shuffled[0] == 1
    assert sorted(shuffled) == review.tolist() != shuffled
    cut = review[-3:]  # the mark is no longer there
    assert word_order.reordered(cut, "reversed", rng).tolist() == cut[::-1].tolist()


def test_vectors_are_alike_within_groups_by_hand_and_by_chance():
    vectors = np.array([[3, 0], [2, 1], [0, 2], [-1, 0]], float)
    groups, root = np.array([0, 0, 1, 1]), np.sqrt(5)
    orders = np.array([[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2]])  # the three partitions
    within, between = (2 / root + 0) / 2, (0 - 1 + 1 / root - 2 / root) / 4
    # the third is nearest to the second; no other partition is as much alike
    expected = [within - between, 3 / 4, (1 + 1) / (1 + 3)]
    assert word_order.likeness(vectors, groups, orders) == pytest.approx(expected)


def test_fewer_reviews_are_read_as_often_as_all_of_them():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    some, labels = training_size.part_of((x, y), 4)
    np.testing.assert_array_equal(some, [[0, 1], [2, 3]] * 4)
    assert labels.tolist() == [0, 1] * 4


def test_activations_of_a_recurrent_network_wait_for_each_other():
    assert parallel.longest_chains(9) == [9, 1]


@pytest.mark.skipif("RNN_DATA_DIR" not in os.environ, reason="RNN_DATA_DIR is not set")
def test_the_networks_know_every_word_whose_vector_is_compared():
    class Real:
        data_dir, sample = None, False

    kinds = word_order.read_words(Real, ImdbProtocol().num_words)
    assert {kind: (len(ids), len(set(groups))) for kind, (ids, groups) in kinds.items()} == {
        "sentiment": (40, 2),
        "related pairs": (40, 20),
    }
