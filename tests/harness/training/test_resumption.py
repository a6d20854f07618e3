"""A training that is resumed goes on as the one that was never interrupted, bit for bit."""

import dataclasses
import itertools
import os
import shutil
import sys
import zipfile
from types import SimpleNamespace

import h5py
import pytest
import tensorflow as tf
from killing import DIED, child
from tensorflow.python.framework import config as tf_config

from harness import experiment
from harness.experiment import find_experiments, read_plan
from harness.processes import can_fork, forking
from harness.records.record import load_record
from harness.records.run import CHECKPOINT
from harness.training import checkpoints, fit
from harness.training.batches import without_tuning

INTERRUPTED = 2  # epochs that are done before
REVIEWS = ["--maxlen", 24, "--embedding", 8, "--units", 4, "--batch-size", 200]
CONVOLUTION = ["imdb-conv-lstm", *REVIEWS, "--filters", 4]
JENA = ["--lookback-hours", 4, "--batches-per-epoch", 7, "--batch-size", 16]
NETWORKS = {
    "Keras's layers, shuffled reviews": ["imdb-dense", *REVIEWS],
    "dropout and XLA, shuffled reviews": CONVOLUTION,
    "dropout and C, drawn windows": ["jena-gru-dropout", "--units", 16, *JENA],
    "plain Keras, shuffled reviews": [*CONVOLUTION, "--plain-keras"],
    "plain Keras, drawn windows": ["jena-gru-dropout", "--units", 4, *JENA, "--plain-keras"],
    "text generation": ["text-generation", "--units", 8, "--batch-size", 64, "--sample-length", 9],
}
LAYERS = dict(zip(NETWORKS, ("keras", "fast", "native", "keras", "keras", "fast"), strict=True))


def configuration(network: str, folder, *more):
    """A run of four epochs on the sample data, with every bit decided."""
    name, *arguments = NETWORKS[network]
    arguments += ["--epochs", 4, "--sample", "--deterministic", "--results-dir", folder, *more]
    return read_plan(find_experiments()[name], list(map(str, [*arguments, "--plots-dir", folder])))


def content(path) -> dict:
    """A record without what differs between any two runs, and the weights that it saved."""
    record = dataclasses.asdict(load_record(path))
    record["history"].pop("seconds")
    for name in ("wall_seconds", "seconds_per_epoch", "checkpoint_sha256"):
        record["metrics"].pop(name, None)
    del record["path"], record["environment"]
    (network,) = path.glob("*.keras")
    weights = {}

    def keep(name, entry):  # but no attributes, which count the layers of the process
        if isinstance(entry, h5py.Dataset):
            weights[name] = entry[()].tobytes()

    with zipfile.ZipFile(network) as archive, archive.open("model.weights.h5") as file:
        h5py.File(file).visititems(keep)
    assert weights
    return record | {"weights": weights}


def state(callback) -> list[bytes]:
    """All variables and what the other callback remembers."""
    values, arrays = callback.stateful.state()
    variables = [*callback.model.variables, *callback.model.optimizer.variables]
    return [v.numpy().tobytes() for v in variables] + [
        repr(values),
        *(array.tobytes() for array in arrays),
    ]


def run(configured, copy_to=None):
    """Carries a run out; returns its batches and its states after each epoch and when restored."""
    batches, states, restored = [], [], []

    def watched(samples, batch_size, shuffle, begun=0):
        dataset = without_tuning(samples, batch_size, shuffle, begun)
        if not shuffle:
            return dataset

        def note(x):
            batches.append(x.tobytes())
            return x

        def through_python(x, y):
            return tf.ensure_shape(tf.numpy_function(note, [x], x.dtype), x.shape), y

        return dataset.map(through_python)

    class Watched(checkpoints.Checkpoints):
        def restore(self, model, layers, epochs):
            done = super().restore(model, layers, epochs)
            if done:
                self.set_model(model)
                restored.extend(state(self))
            return done

        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            states.append(state(self))
            if copy_to and epoch + 1 == INTERRUPTED:
                shutil.copytree(self.run.unfinished, copy_to)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "SHARE", float("inf"))  # a checkpoint after every epoch
        patch.setattr(fit, "without_tuning", watched)
        for module in (checkpoints, fit):
            patch.setattr(module, "Checkpoints", Watched)
        patch.setattr(experiment, "show", lambda record, plan: None)
        patch.setattr(os, "environ", os.environ.copy())  # a process sets its flags once
        try:
            experiment.carry_out(configured)
        finally:
            tf_config.disable_op_determinism()
    return SimpleNamespace(batches=batches, states=states, restored=restored)


# those without dropout or this project's layers are left to `make test-faults`
AT_LENGTH = [name for name in NETWORKS if "Keras" in name]


@pytest.mark.parametrize(
    "network",
    [pytest.param(n, marks=pytest.mark.faults if n in AT_LENGTH else ()) for n in NETWORKS],
)
def test_a_resumed_training_has_the_states_batches_and_record_of_an_uninterrupted_one(
    network, tmp_path
):
    whole, half = (configuration(network, tmp_path / name) for name in ("whole", "half"))
    one = run(whole, copy_to=half.directory.with_name("seed-0.unfinished"))
    other = run(half)
    assert len(one.states[0]) > 6
    assert other.restored == one.states[INTERRUPTED - 1] != one.states[INTERRUPTED]
    assert other.states == one.states[INTERRUPTED:]

    if "plain Keras" not in network:  # there Keras makes the batches, and the states show them
        batches = len(one.batches) // 4
        assert batches > 1
        assert other.batches == one.batches[INTERRUPTED * batches :]
        epochs = {tuple(one.batches[e * batches : (e + 1) * batches]) for e in range(4)}
        assert len(epochs) == 4  # each has an order of its own

    for plan in (whole, half):
        assert not (plan.directory / CHECKPOINT).exists()
        assert [path.name for path in plan.directory.parent.iterdir()] == ["seed-0"]
    whole, half = (load_record(plan.directory) for plan in (whole, half))
    assert content(half.path) == content(whole.path)
    assert len(half.history["seconds"]) == 4
    assert half.environment["resumed_after"] == [INTERRUPTED]
    assert half.environment["started"] == whole.environment["started"]
    assert "resumed_after" not in whole.environment
    assert half.environment["layers"] == LAYERS[network]
    assert half.metrics["wall_seconds"] > sum(half.history["seconds"]) - 0.1


EVERY = 11  # changes of files from one kill to the next; `test_killed_runs` has all of them


def kill_and_start_again(network, folder):
    """Ends as an error if a killed training ends otherwise than one that was left alone."""
    sys.stderr = folder.with_name("errors").open("w")
    checkpoints.SHARE = float("inf")
    experiment.show = lambda record, plan: None
    plan = configuration(network, folder)

    def start(die_at=None):
        folder.mkdir(exist_ok=True)
        status, _, output = child(lambda: experiment.carry_out(plan), folder, die_at)
        assert status in (0, DIED), output
        return status, output

    def finished():
        assert [entry.name for entry in plan.directory.parent.iterdir()] == ["seed-0"]
        found = content(plan.directory)
        shutil.rmtree(folder)
        return found

    start()
    whole, resumed = finished(), 0
    for at in itertools.count(0, EVERY):
        if start(at)[0] != DIED:
            break
        status, output = start()
        assert status == 0
        resumed += "resuming after epoch" in output
        assert finished() == whole, f"killed at change {at}"
    assert at > 8 * EVERY
    assert resumed >= 2


@pytest.mark.faults
@pytest.mark.skipif(not can_fork(), reason="cannot fork")
@pytest.mark.parametrize("network", [name for name in NETWORKS if name not in AT_LENGTH])
def test_a_killed_training_ends_with_the_same_bits(network, tmp_path):
    # in a process that has TensorFlow and none of its threads, so that it can be forked
    killing = forking({}).Process(target=kill_and_start_again, args=(network, tmp_path / "results"))
    killing.start()
    killing.join()
    assert killing.exitcode == 0, (tmp_path / "errors").read_text()
