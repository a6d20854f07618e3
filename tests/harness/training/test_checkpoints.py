"""When checkpoints are written, and when one is not used."""

import resource
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from experiments.common.imdb import ReviewSplits
from harness.errors import UnwritableError
from harness.records.files import read_json
from harness.records.run import BEST, Run, read_checkpoint, write_checkpoint
from harness.training import checkpoints, fit

ENVIRONMENT = {"started": "then", "code": "c", "packages": {"keras": "3"}, "threads": 1}


class Killed(BaseException):
    """Ends a training as nothing else does."""


def points(n, seed):
    x = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)  # (n, 2)
    return x, (x[:, 0] > x[:, 1]).astype(np.int32)


class Runs:
    """Begins the runs of one directory one after the other, each as if in a process of its own."""

    def __init__(self, folder):
        self.directory = folder / "toy" / "seed-0"
        self.run = None

    def __call__(self, config=(), data=(), environment=(), resume=True):
        if self.run:
            self.run._lock.release()  # as the system does when a process dies
        self.run = Run(self.directory, seed=0, data_dir=None, sample=True)
        self.run.begin(dict(config), resume)
        self.run.write("environment", {**ENVIRONMENT, **dict(environment)})
        self.run.write("data", {"files": [{"sha256": "d"}], **dict(data)})
        return self.run


@pytest.fixture
def begin(tmp_path):
    return Runs(tmp_path)


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoints, "SHARE", float("inf"))
    monkeypatch.setattr(fit, "choose_layers", lambda *_: "native")  # XLA would compile for seconds


def network():
    keras.utils.set_random_seed(0)
    hidden = keras.layers.Dense(40, activation="relu")
    output = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((2,)), hidden, output])
    model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def train(run, epochs=4, kill_after=None, patience=0):
    """Trains a small network; returns the run."""

    class Progress(fit.Progress):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == kill_after:
                raise Killed
            super().on_epoch_begin(epoch, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "Progress", Progress)
        splits = ReviewSplits(points(200, 1), points(50, 2), points(50, 3))
        fit.fit(run, network(), splits, epochs=epochs, batch_size=50, patience=patience)
    return run


def killed(run, after=2):
    with pytest.raises(Killed):
        train(run, kill_after=after)
    assert run.can_resume


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The checkpoint that a run leaves that is killed after two epochs of four."""
    with pytest.MonkeyPatch.context() as patch:
        every_epoch.__wrapped__(patch)
        run = Runs(tmp_path_factory.mktemp("killed"))({"deterministic": False})
        killed(run)
    return run.checkpoint


def restore(run) -> int:
    """Epochs that are taken up by a network that has not been trained."""
    callback = checkpoints.Checkpoints(run, fit.BestWeights("accuracy"))
    return callback.restore(network(), "native", 4)


def test_a_run_that_is_killed_twice_resumes_twice_and_says_so(begin, capsys):
    killed(begin(), after=1)
    killed(begin(environment={"started": "later"}), after=3)
    capsys.readouterr()
    run = train(begin())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "resuming after epoch 3 of 4"
    assert [line.split(":")[0] for line in lines[1:]] == ["epoch 4 of 4"]
    environment = read_json(run.directory / "environment.json")
    assert environment["resumed_after"] == [1, 3]
    assert environment["started"] == "then"


@pytest.mark.parametrize(
    ("deterministic", "changes", "words"),
    [
        (False, {"config": {"seed": 3}}, "the configuration changed"),
        (False, {"data": {"files": [{"sha256": "e"}]}}, "the data changed"),
        (False, {"environment": {"code": "other"}}, "code changed"),
        (False, {"environment": {"floatx": "f", "packages": {}}}, "packages and floatx changed"),
        (False, {"environment": {"threads": 2}}, None),  # the last bits may change
        (True, {"environment": {"threads": 2}}, "threads changed"),
        (True, {}, None),
    ],
)
def test_a_run_that_would_go_another_way_starts_anew_and_says_why(
    deterministic, changes, words, checkpoint, begin, capsys
):
    before = {"deterministic": deterministic}
    run = begin(**{**changes, "config": before | changes.get("config", {})})
    values, arrays = read_checkpoint(checkpoint)
    values["identity"]["the configuration"] = before
    write_checkpoint(run.checkpoint, values, arrays)
    assert restore(run) == (0 if words else 2)
    said = f"starting anew: since the interruption, {words}" if words else "resuming after epoch 2"
    assert capsys.readouterr().out.startswith(said)
    assert bool(run.history) == (words is None)


@pytest.mark.parametrize("place", [0, 50, -1])
@pytest.mark.parametrize("cut", [False, True])
def test_a_damaged_checkpoint_is_named_and_not_used(place, cut, checkpoint, begin, capsys):
    run = begin({"deterministic": False})
    content = bytearray(checkpoint.read_bytes())
    content[place] ^= 1
    run.checkpoint.write_bytes(content[:place] if cut else content)
    assert restore(run) == 0
    assert capsys.readouterr().out == f"starting anew: {run.checkpoint} is damaged.\n"


@pytest.mark.parametrize("kills", [[1], pytest.param([-1, 0, 2], marks=pytest.mark.faults)])
def test_patience_ends_a_training_and_a_resumed_one_at_the_same_epoch(
    kills, begin, monkeypatch, capsys
):
    """Killed so many epochs after the best one."""
    whole = train(begin(), epochs=30).history
    curve = whole["val_accuracy"]
    best, waited = next(
        (best, 3) for best in range(1, 30) if max(curve[best : best + 3]) <= curve[best - 1]
    )
    stop = best + waited
    assert 1 < best < stop < 30

    def check(run):
        kept = run.history
        assert {**kept, "seconds": 0} == {**{n: v[:stop] for n, v in whole.items()}, "seconds": 0}
        metrics = read_json(run.directory / "metrics.json")
        assert (metrics["best_epoch"], metrics["stopped_epoch"]) == (best, stop)
        assert f"stopped after epoch {stop}: no better val_accuracy since epoch {best}" in said()
        return keras.models.load_model(run.directory / BEST).get_weights()

    def said():
        return capsys.readouterr().out

    weights = check(train(begin(), epochs=30, patience=waited))
    for after in kills:
        with pytest.raises(Killed):
            train(begin(), epochs=30, patience=waited, kill_after=best + after)
        again = check(train(begin(), epochs=30, patience=waited))
        assert all(map(np.array_equal, weights, again))
    # and one that was killed after its last epoch trains no more
    run = begin()
    with monkeypatch.context() as patch:
        patch.setattr(fit, "save_network", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            train(run, epochs=30, patience=waited)
    said()
    run = train(begin(), epochs=30, patience=waited)
    assert said() == f"resuming after epoch {stop} of 30\n"
    assert len(run.history["loss"]) == read_json(run.directory / "metrics.json")["stopped_epoch"]


def test_a_new_beginning_keeps_the_checkpoint_and_nothing_else(begin):
    run = begin()
    run.save_checkpoint({}, [])
    (run.unfinished / ".history.json.abc").write_text("half")
    run = begin()
    assert run.can_resume
    assert not list(run.unfinished.glob(".*"))
    assert not begin(resume=False).can_resume


def test_every_kind_of_array_comes_back_from_a_checkpoint(tmp_path):
    arrays = [np.arange(3, dtype=np.float32), np.array(7, np.int64)]
    write_checkpoint(tmp_path / "checkpoint", {"epochs": 2, "x": 0.1}, arrays)
    values, found = read_checkpoint(tmp_path / "checkpoint")
    assert values == {"epochs": 2, "x": 0.1}
    assert [array.dtype for array in found] == [array.dtype for array in arrays]
    assert all(map(np.array_equal, found, arrays))


def test_a_full_disk_at_the_end_costs_nothing_but_the_end(begin, monkeypatch, capsys):
    """A limit on the size of files stands for the disk: the system refuses to write on."""
    whole = read_json(train(begin()).directory / "history.json")
    save, limits = fit.save_network, resource.getrlimit(resource.RLIMIT_FSIZE)

    def on_a_full_disk(model, path):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            save(model, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    run = begin()
    with monkeypatch.context() as patch:
        patch.setattr(fit, "save_network", on_a_full_disk)
        with pytest.raises(UnwritableError) as caught:
            train(run)
    assert str(caught.value) == f"cannot write {run.unfinished / BEST}: File too large."
    assert run.can_resume
    capsys.readouterr()
    finished = train(begin())
    assert capsys.readouterr().out == "resuming after epoch 4 of 4\n"
    history = read_json(finished.directory / "history.json")
    assert {**history, "seconds": 0} == {**whole, "seconds": 0}


def test_checkpoints_take_a_hundredth_of_the_time(begin, monkeypatch):
    monkeypatch.setattr(checkpoints, "SHARE", 0.01)
    now, saved = 0.0, []
    monkeypatch.setattr(checkpoints, "time", SimpleNamespace(perf_counter=lambda: now))

    def slow(run, values, arrays):
        nonlocal now
        now += 2
        saved.append(values["epochs"])

    monkeypatch.setattr(Run, "save_checkpoint", slow)
    model = network()
    best = fit.BestWeights("accuracy")
    best.weights, best.epoch, best.value = [], 1, 0.5
    callback = checkpoints.Checkpoints(begin(), best)
    callback.restore(model, "keras", 30)
    callback.set_model(model)
    callback.set_params({"epochs": 30})
    for epoch in range(30):
        now += 25
        callback.on_epoch_end(epoch)
    assert saved == [1, 9, 17, 25, 30]  # 2 seconds in 200, and after the last epoch
