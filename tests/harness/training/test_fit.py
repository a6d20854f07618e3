"""What `fit` measures and how it stops."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from data.windows import Windows
from experiments.common.imdb import ReviewSplits
from harness.errors import DivergedError, RunError
from harness.records.files import read_json, sha256
from harness.records.run import Run
from harness.records.schema import MEASURES, pack_right, samples_of
from harness.training import environment
from harness.training.batches import DrawnBatches, EveryWindow, RandomWindows
from harness.training.fit import evaluate, fit, refuse_beyond_memory, train_model
from harness.training.tf_dataset import without_tuning
from models import imdb


def line(n, seed):
    """Points in the plane and whether they lie above a line."""
    x = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)  # (n, 2)
    return x, (x[:, 0] > x[:, 1]).astype(np.int32)


def toy_model(learning_rate=0.01):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    rule = keras.optimizers.RMSprop(learning_rate)
    model.compile(rule, loss="binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "toy" / "seed-0", seed=0, data_dir=None, sample=True)
    run.begin({})
    return run


SPLITS = ReviewSplits(train=line(200, 1), validation=line(100, 2), test=line(100, 3))


def train(run, epochs=3, learning_rate=0.01, **changes):
    """A whole run."""
    splits = dataclasses.replace(SPLITS, **changes)
    fit(run, toy_model(learning_rate), splits, epochs=epochs, batch_size=32)


def train_one(run, model=None, train=SPLITS.train, epochs=2, **changes):
    """One of several networks of a study."""
    own = {"validation": SPLITS.validation, "batch_size": 32, "name": "net"}
    train_model(run, model or toy_model(), train, epochs=epochs, **own | changes)


def read(run, part):
    return read_json(run.directory / f"{part}.json")


def test_history_has_keras_names_and_one_value_an_epoch(run):
    train(run)
    history = read(run, "history")
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert {len(column) for column in history.values()} == {3}


def test_best_last_and_both_tests_are_what_the_weights_give(run):
    # a learning rate so large that the validation goes up and down
    train(run, epochs=8, learning_rate=3.0)
    history, metrics = read(run, "history"), read(run, "metrics")
    curve = history["val_accuracy"]
    assert metrics["best_validation"] == max(curve)
    assert metrics["best_epoch"] == curve.index(max(curve)) + 1
    assert metrics["last_validation"] == curve[-1]
    assert 0 < metrics["best_epoch"] < 8  # or the last weights would be the best
    best = keras.models.load_model(run.directory / "best.keras")
    assert metrics["checkpoint_sha256"] == sha256(run.directory / "best.keras")
    assert not best.compiled  # whoever loads it chooses how it computes
    best.compile(loss="binary_crossentropy", metrics=["accuracy"])
    assert metrics["test_at_best"] == pytest.approx(evaluate(best, line(100, 3))["accuracy"])
    assert evaluate(best, line(100, 2))["accuracy"] == pytest.approx(metrics["best_validation"])


def test_predictions_of_the_best_and_of_the_last_epoch_are_kept(run):
    train(run, epochs=8, learning_rate=3.0)
    kept, metrics = read(run, "predictions"), read(run, "metrics")
    for measure in MEASURES.values():
        bits = samples_of(kept, measure, "accuracy")
        assert bits.count == 100
        assert bits.mean == pytest.approx(metrics[measure])
    x, y = line(100, 3)
    best = keras.models.load_model(run.directory / "best.keras")
    right = (best.predict(x, verbose=0)[:, 0] > 0.5) == (y > 0.5)
    assert kept["best"]["test"] == pack_right(right)


def test_the_record_says_which_layers_computed(run):
    train(run)
    assert read(run, "environment")["layers"] == "keras"  # nothing to be faster at


def test_training_that_becomes_nan_stops_with_advice_and_leaves_no_record(run):
    x, y = line(200, 1)
    x[150] = np.nan
    stopped = r"NaN or infinite in epoch 1, one of steps 1 to 7; .*--learning-rate"
    with pytest.raises(DivergedError, match=stopped):
        train(run, train=(x, y))
    assert not run.directory.exists()


def test_validation_that_becomes_nan_stops_too(run):
    x, y = line(100, 2)
    x[0] = np.nan
    with pytest.raises(RunError, match="val_loss is nan after epoch 1"):
        train(run, validation=(x, y))


def test_one_of_several_networks_prints_one_line_an_epoch_under_its_name(run, capsys):
    model = toy_model()
    train_one(run, model, name="LSTM, distance 10")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2  # nothing of Keras's own beside them
    for epoch, printed in enumerate(lines, start=1):
        assert printed.startswith(f"LSTM, distance 10, epoch {epoch} of 2: ")
    assert re.search(r"; (at most \d+ s|under a second) left$", lines[0])
    assert "left" not in lines[1]
    last = evaluate(model, line(100, 2))
    assert f"val_accuracy {last['accuracy']:.4f}" in lines[1]
    assert f"val_loss {last['loss']:.4f}" in lines[1]


def test_a_network_can_be_trained_without_validation(run, capsys):
    train_one(run, epochs=1, validation=None)
    (printed,) = capsys.readouterr().out.splitlines()
    assert "loss" in printed
    assert "val_" not in printed


def test_a_single_run_prints_one_line_an_epoch_with_the_time_left(run, capsys):
    train(run, epochs=3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 3" for n in (1, 2, 3)]
    assert ["left" in line for line in lines] == [True, True, False]


class Ruin(keras.callbacks.Callback):
    """Makes the weights NaN when an epoch is over."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            self.model.set_weights([np.full_like(w, np.nan) for w in self.model.get_weights()])


def test_a_network_of_a_study_that_becomes_nan_stops_and_names_the_epoch(run):
    with pytest.raises(DivergedError, match="NaN or infinite in epoch 3, one of steps 1 to 7;"):
        train_one(run, epochs=5, callback=Ruin(epoch=2))


def draw_four(rng):
    return rng.integers(1000, size=4), rng.integers(1000, size=4)


def test_drawn_batches_depend_on_seed_epoch_and_number_alone():
    one, same = (DrawnBatches(draw_four, 5, seed=1) for _ in range(2))
    assert len(one) == 5
    backwards = {batch: same[batch] for batch in reversed(range(5))}
    for batch in range(5):
        np.testing.assert_array_equal(one[batch], backwards[batch])
    seen = {np.array(one[batch]).tobytes() for batch in range(5)}
    assert len(seen) == 5
    assert np.array(DrawnBatches(draw_four, 5, seed=2)[3]).tobytes() not in seen
    one.on_epoch_end()
    assert not seen & {np.array(one[batch]).tobytes() for batch in range(5)}
    same.on_epoch_end()
    np.testing.assert_array_equal(one[3], same[3])


def train_on_drawn_batches(run, seed):
    """Two epochs of three batches; returns the final weights and each batch that was drawn."""
    drawn = []

    def draw(rng):
        x = rng.normal(size=(8, 2)).astype(np.float32)  # (batch, 2)
        drawn.append(x.tobytes())
        return x, (x[:, 0] > x[:, 1]).astype(np.int32)

    model = toy_model()
    train_one(run, model, DrawnBatches(draw, 3, seed), validation=None)
    return model.get_weights(), set(drawn)


def test_training_sees_other_drawn_batches_in_each_epoch(run):
    _, drawn = train_on_drawn_batches(run, seed=4)
    assert len(drawn) >= 6  # Keras looks at some more before it starts


def test_training_on_drawn_batches_repeats_with_their_seed(run):
    one, same, other = (train_on_drawn_batches(run, seed)[0] for seed in (4, 4, 5))
    for weights, again in zip(one, same, strict=True):
        np.testing.assert_array_equal(weights, again)
    assert not np.allclose(one[0], other[0])


def windows(n=50, timesteps=4, horizon=3):
    series = np.arange(2 * (n + timesteps + horizon), dtype=np.float32).reshape(-1, 2)
    return Windows(series, np.arange(timesteps - 1, n), np.arange(1 - timesteps, 1), horizon, 1)


def test_random_windows_repeat_with_the_seed_and_differ_between_epochs():
    one, same, other = (RandomWindows(windows(), 8, 5, seed) for seed in (1, 1, 2))
    assert len(one) == 5
    np.testing.assert_array_equal(one[3][0], same[3][0])
    assert not np.array_equal(one[3][0], other[3][0])
    before = one[3][0]
    one.on_epoch_end()
    assert not np.array_equal(before, one[3][0])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="Keras batches by itself")
def test_tensorflow_trains_on_the_windows_that_were_drawn():
    drawn, same = (RandomWindows(windows(), 8, 5, seed=1) for _ in range(2))
    dataset = without_tuning(drawn, batch_size=None, shuffle=False)
    assert [spec.shape.as_list() for spec in dataset.element_spec] == [[None, 4, 2], [None]]
    for _ in range(3):
        batches = list(dataset.take(5).as_numpy_iterator())  # like Keras, which then stops
        assert len(batches) == 5
        for number, (inputs, targets) in enumerate(batches):
            np.testing.assert_array_equal(inputs, same[number][0])
            np.testing.assert_array_equal(targets, same[number][1])
        same.on_epoch_end()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="Keras batches by itself")
def test_each_epoch_takes_its_own_windows_once(run):
    class Recorded(RandomWindows):
        def index(self, batch):
            taken.append((self.epoch, batch))
            return super().index(batch)

    taken = []
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("rmsprop", loss="mae", metrics=["mae"])
    validation = EveryWindow(windows(), 20)
    train_one(run, model, Recorded(windows(), 8, 5, seed=1), 3, validation=validation)
    assert taken == [(epoch, batch) for epoch in range(3) for batch in range(5)]


def test_every_window_is_evaluated_exactly_once():
    all_windows = windows()
    batches = EveryWindow(all_windows, batch_size=20)
    inputs, targets = zip(*(batches[i] for i in range(len(batches))), strict=True)
    assert [len(t) for t in targets] == [20, 20, 7]
    everything = np.arange(len(all_windows))
    np.testing.assert_array_equal(np.concatenate(inputs), all_windows.inputs(everything))
    np.testing.assert_array_equal(np.concatenate(targets), all_windows.targets(everything))


def orders_of_epochs(run, monkeypatch, plain):
    """Numbers of the samples of each epoch, in the order in which a seeded model reads them."""
    monkeypatch.setattr(environment, "_plain_keras", plain)
    read = []

    class Reader(keras.layers.Layer):
        def call(self, x):
            tf.py_function(lambda batch: read.append(batch.numpy()[:, 0].tolist()), [x], [])
            return x

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), Reader(), keras.layers.Dense(1)])
    monkeypatch.setattr("harness.training.fit.choose_layers", lambda *_: "native")  # not by XLA
    numbers = np.arange(20, dtype=np.float32)[:, None]
    model.compile(keras.optimizers.SGD(1e-6), loss="mse")
    train_one(run, model, (numbers, numbers), epochs=3, batch_size=20, validation=None)
    assert all(sorted(epoch) == list(range(20)) for epoch in read)
    return read


@pytest.mark.parametrize("plain", [False, True])
def test_samples_are_drawn_in_another_order_each_epoch(run, monkeypatch, plain):
    first, second, third = orders_of_epochs(run, monkeypatch, plain)
    assert first != second != third != first


@pytest.mark.parametrize(
    ("build", "inputs", "numbers"),
    [
        (lambda: imdb.recurrent("lstm", 100, 8, 16), (128, 500), 128 * 500 * 16),
        (lambda: imdb.recurrent("simple-rnn", 100, 8, 16, depth=3), (2, 9), 3 * 2 * 9 * 16),
        (lambda: imdb.dense(100, 8, 16, 50), (128, 50), 0),
    ],
)
def test_a_training_beyond_the_memory_is_refused(build, inputs, numbers, monkeypatch):
    """Three numbers a weight and the recurrent states, each of four bytes."""
    model = build()
    needed = 12 * model.count_params() + 4 * numbers
    monkeypatch.setattr("harness.training.fit.memory", lambda: needed)
    refuse_beyond_memory(model, inputs)
    monkeypatch.setattr("harness.training.fit.memory", lambda: needed - 1)
    with pytest.raises(RunError, match=r"needs at least .* GB, and there are .* GB; choose"):
        refuse_beyond_memory(model, inputs)
