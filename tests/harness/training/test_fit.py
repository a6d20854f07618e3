"""What `fit` measures and how it stops; the batches that a network reads."""

import dataclasses
import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from data.windows import Windows
from experiments.common.imdb import ReviewSplits
from harness.errors import DivergedError, RunError
from harness.experiment import find_experiments
from harness.records.files import read_json, sha256
from harness.records.run import Run
from harness.records.schema import Predictions, pack_right, validated
from harness.training import machine
from harness.training.batches import DrawnBatches, EveryWindow, RandomWindows, without_tuning
from harness.training.fit import evaluate, fit, refuse_beyond_memory, train_model
from models import networks


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


@pytest.fixture
def without_xla(monkeypatch):
    """It would compile for seconds."""
    monkeypatch.setattr("harness.training.fit.choose_layers", lambda *_: "native")


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


def test_each_script_shows_how_its_network_is_compiled_and_fitted():
    declared = find_experiments().values()
    networks = [one for one in declared if one.role != "study" and one.uses_keras]
    assert len(networks) > 9
    for one in networks:
        source = inspect.getsource(one.train)
        assert "model.compile(" in source, one.name
        assert " fit(run, model," in source, one.name


def test_history_has_keras_names_and_one_value_an_epoch(run, capsys):
    train(run)
    history = read(run, "history")
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert {len(column) for column in history.values()} == {3}
    assert read(run, "environment")["layers"] == "keras"  # nothing to be faster at
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 3" for n in (1, 2, 3)]
    assert ["left" in line for line in lines] == [True, True, False]


@pytest.mark.usefixtures("without_xla")
def test_tensorboard_gets_each_epoch_under_the_tags_of_keras(run, tmp_path):
    run.events = tmp_path / "events"
    train(run)
    history = read(run, "history")
    for part, prefix in {"train": "", "validation": "val_"}.items():
        (path,) = (run.events / part).iterdir()
        found = [
            (value.tag, event.step, value.simple_value)
            for event in tf.compat.v1.train.summary_iterator(str(path))
            for value in event.summary.value
        ]
        for name in ("loss", "accuracy"):
            steps = [(step, value) for tag, step, value in found if tag == f"epoch_{name}"]
            values = map(pytest.approx, history[prefix + name])
            assert steps == list(enumerate(values, start=1))


@pytest.mark.usefixtures("without_xla")
def test_best_last_and_both_tests_are_what_the_weights_give(run):
    # a learning rate so large that the validation goes up and down
    train(run, epochs=8, learning_rate=3.0)
    history, metrics, kept = (read(run, part) for part in ("history", "metrics", "predictions"))
    curve = history["val_accuracy"]
    assert metrics["best_validation"] == max(curve)
    assert metrics["best_epoch"] == curve.index(max(curve)) + 1
    assert metrics["last_validation"] == curve[-1]
    assert 0 < metrics["best_epoch"] < 8  # or the last weights would be the best
    best = keras.models.load_model(run.directory / "best.keras")
    assert metrics["checkpoint_sha256"] == sha256(run.directory / "best.keras")
    assert not best.compiled  # whoever loads it chooses how it computes
    best.compile(loss="binary_crossentropy", metrics=["accuracy"])
    assert metrics["test_at_best"] == pytest.approx(evaluate(best, SPLITS.test)["accuracy"])
    validation = evaluate(best, SPLITS.validation)["accuracy"]
    assert validation == pytest.approx(metrics["best_validation"])
    for measure, bits in validated("run", Predictions, kept).by_measure.items():
        assert bits.count == 100
        assert bits.mean == pytest.approx(metrics[measure])
    x, y = SPLITS.test
    right = (best.predict(x, verbose=0)[:, 0] > 0.5) == (y > 0.5)
    assert kept["best"]["test"] == pack_right(right)


@pytest.mark.usefixtures("without_xla")
@pytest.mark.parametrize(
    ("split", "row", "words"),
    [
        ("train", 150, r"NaN or infinite in epoch 1, one of steps 1 to 7; .*--learning-rate"),
        ("validation", 0, "val_loss is nan after epoch 1"),
    ],
)
def test_training_that_becomes_nan_stops_and_leaves_no_record(split, row, words, run):
    x, y = getattr(SPLITS, split)
    x = x.copy()
    x[row] = np.nan
    with pytest.raises(DivergedError, match=words):
        train(run, **{split: (x, y)})
    assert not run.directory.exists()


@pytest.mark.usefixtures("without_xla")
def test_one_of_several_networks_prints_one_line_an_epoch_under_its_name(run, capsys):
    model = toy_model()
    train_one(run, model, name="LSTM, distance 10")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2  # nothing of Keras's own beside them
    for epoch, printed in enumerate(lines, start=1):
        assert printed.startswith(f"LSTM, distance 10, epoch {epoch} of 2: ")
    assert re.search(r"; (at most \d+ s|under a second) left$", lines[0])
    last = evaluate(model, SPLITS.validation)
    assert f"val_accuracy {last['accuracy']:.4f}" in lines[1]
    assert f"val_loss {last['loss']:.4f}" in lines[1]
    train_one(run, epochs=1, validation=None)
    assert "val_" not in capsys.readouterr().out


@pytest.mark.parametrize(("depth", "inputs"), [(1, (128, 500)), (3, (2, 9))])
def test_a_training_beyond_the_memory_is_refused(depth, inputs, monkeypatch):
    """Three numbers a weight and the recurrent states, each of four bytes."""
    model = networks.recurrent_classifier("simple-rnn", 100, 8, units=16, depth=depth)
    needed = 12 * model.count_params() + 4 * depth * inputs[0] * inputs[1] * 16
    monkeypatch.setattr("harness.training.fit.memory", lambda: needed)
    refuse_beyond_memory(model, inputs)
    monkeypatch.setattr("harness.training.fit.memory", lambda: needed - 1)
    with pytest.raises(RunError, match=r"needs at least .* GB, and there are .* GB; choose"):
        refuse_beyond_memory(model, inputs)


def windows(n=50, timesteps=4, horizon=3):
    series = np.arange(2 * (n + timesteps + horizon), dtype=np.float32).reshape(-1, 2)
    return Windows(series, np.arange(timesteps - 1, n), np.arange(1 - timesteps, 1), horizon, 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: RandomWindows(windows(), 8, 5, seed),
        lambda seed: DrawnBatches(lambda rng: tuple(rng.integers(1000, size=(2, 4))), 5, seed),
    ],
)
def test_batches_depend_on_seed_epoch_and_number_alone(make):
    one, same, other = make(1), make(1), make(2)
    backwards = {batch: same[batch] for batch in reversed(range(len(same)))}
    seen = set()
    for batch in range(len(one)):
        for array, again in zip(one[batch], backwards[batch], strict=True):
            np.testing.assert_array_equal(array, again)
        seen.add(one[batch][0].tobytes())
    assert len(seen) == 5
    assert other[3][0].tobytes() not in seen
    one.on_epoch_end()
    assert not seen & {one[batch][0].tobytes() for batch in range(5)}
    np.testing.assert_array_equal(one[3][0], same.at(1, 3)[0])


@pytest.mark.parametrize("begun", [0, 2])
def test_tensorflow_reads_the_windows_that_were_drawn(begun):
    drawn = RandomWindows(windows(), 8, 5, seed=1)
    dataset = without_tuning(drawn, batch_size=None, shuffle=False, begun=begun)
    assert [spec.shape.as_list() for spec in dataset.element_spec] == [[None, 4, 2], [None]]
    for epoch in range(begun, begun + 3):
        batches = list(dataset.take(5).as_numpy_iterator())  # like Keras, which then stops
        assert len(batches) == 5
        for number, (inputs, targets) in enumerate(batches):
            expected = drawn.at(epoch, number)
            np.testing.assert_array_equal(inputs, expected[0])
            np.testing.assert_array_equal(targets, expected[1])


def test_every_window_is_evaluated_exactly_once():
    all_windows = windows()
    batches = EveryWindow(all_windows, batch_size=20)
    inputs, targets = zip(*(batches[i] for i in range(len(batches))), strict=True)
    assert [len(t) for t in targets] == [20, 20, 7]
    everything = np.arange(len(all_windows))
    np.testing.assert_array_equal(np.concatenate(inputs), all_windows.inputs(everything))
    np.testing.assert_array_equal(np.concatenate(targets), all_windows.targets(everything))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.usefixtures("without_xla")
def test_samples_are_drawn_in_another_order_each_epoch(plain, run, monkeypatch):
    monkeypatch.setattr(machine, "_plain_keras", plain)
    read = []

    class Reader(keras.layers.Layer):
        def call(self, x):
            tf.py_function(lambda batch: read.append(batch.numpy()[:, 0].tolist()), [x], [])
            return x

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), Reader(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-6), loss="mse")
    numbers = np.arange(20, dtype=np.float32)[:, None]
    train_one(run, model, (numbers, numbers), epochs=3, batch_size=20, validation=None)
    assert all(sorted(epoch) == list(range(20)) for epoch in read)
    first, second, third = read
    assert first != second != third != first
