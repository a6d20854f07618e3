"""Trains a network on an old Keras, which needs a process of its own, and says how it went.

The argument is a folder with `task.json` and `data.npz`, which `original` writes. Each epoch, and
the end, is one line of JSON on standard output. Predictions go into the folder. With batches `x`
and `y` for data, it trains step by step.
"""

import json
import operator
import platform
import sys
import time
from pathlib import Path

import numpy as np

from data.windows import Windows
from experiments.originals.compatibility import TRIED, import_keras

TODAY = {"acc": "accuracy", "val_acc": "val_accuracy"}  # columns of the history by their names then
EVALUATION_BATCH = 1000


class Reviews:
    """Padded reviews: arrays `x_SPLIT` of shape (reviews, timesteps), `y_SPLIT` (reviews,)."""

    metric = "acc"
    is_better = operator.gt
    shape = ()

    def __init__(self, data: dict):
        self.data = data

    def fit(self, model, p: dict, recorder) -> None:
        """As the documents call it; the parent has split off their `validation_split`."""
        model.fit(
            *(self.data["x_train"], self.data["y_train"]),
            epochs=p["epochs"],
            batch_size=p["batch_size"],
            validation_data=(self.data["x_validation"], self.data["y_validation"]),
            callbacks=[recorder],
            verbose=0,
        )

    def predict(self, model, split: str) -> np.ndarray:
        """Outputs of the model, shape (reviews,)."""
        return model.predict(self.data[f"x_{split}"], batch_size=EVALUATION_BATCH)[:, 0]


class Weather:
    """Windows over a weather series, whose fields and splits the arrays hold.

    `draws` are the numbers of the training windows, shape (steps, batch), for all epochs in turn.
    """

    metric = "loss"  # the documents compile without a metric, and the loss is the error
    is_better = operator.lt

    def __init__(self, data: dict):
        shared = {name: data[name] for name in ("series", "offsets")}
        shared |= {name: int(data[name]) for name in ("horizon", "target_column")}
        splits = ("train", "validation", "test")
        self.windows = {split: Windows(last_rows=data[split], **shared) for split in splits}
        self.draws = data["draws"]
        self.shape = len(shared["offsets"]), shared["series"].shape[1]

    def fit(self, model, p: dict, recorder) -> None:
        """As the documents call it, but with every validation window once an epoch."""
        validation = self.every_window("validation")
        model.fit_generator(
            self.generator("train", self.draws),
            steps_per_epoch=p["batches_per_epoch"],
            epochs=p["epochs"],
            validation_data=self.generator("validation", validation),
            validation_steps=len(validation),
            callbacks=[recorder],
            verbose=0,
        )

    def every_window(self, split: str) -> list[np.ndarray]:
        """The numbers of a split's windows, batch by batch."""
        numbers = np.arange(len(self.windows[split]))
        return np.split(numbers, range(EVALUATION_BATCH, len(numbers), EVALUATION_BATCH))

    def generator(self, split: str, batches):
        """Inputs and targets of the batches, again and again."""
        windows = self.windows[split]
        while True:
            for index in batches:
                yield windows.inputs(index), windows.targets(index)

    def predict(self, model, split: str) -> np.ndarray:
        """Outputs of the model, shape (windows,)."""
        inputs = map(self.windows[split].inputs, self.every_window(split))
        return np.concatenate([model.predict_on_batch(x)[:, 0] for x in inputs])


def say(**message) -> None:
    """Sends the parent a line."""
    print(json.dumps(message), flush=True)


def recorder_of(keras, samples):
    """A callback of this Keras that reports each epoch, and keeps the weights of the best one."""

    class Recorder(keras.callbacks.Callback):
        best = None

        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            values = {name: float(value) for name, value in logs.items()}
            value = values[f"val_{samples.metric}"]
            if self.best is None or samples.is_better(value, self.best):
                self.best, self.epoch, self.weights = value, epoch + 1, self.model.get_weights()
            if samples.metric == "loss":
                values |= {"mae": values["loss"], "val_mae": values["val_loss"]}
            # by today's names, in today's order
            names = sorted(values, key=lambda name: name.startswith("val_"))
            values = {TODAY.get(name, name): values[name] for name in names}
            say(epoch=values, seconds=time.perf_counter() - self.began)

    return Recorder()


def train(keras, task: dict, data: dict, folder: Path) -> None:
    """Trains, and predicts validation and test by the last and by the best weights."""
    from experiments.originals.networks import BUILD

    p = task["protocol"]
    samples = Weather(data) if "series" in data else Reviews(data)
    model = BUILD[task["experiment"]](p, samples.shape)
    recorder = recorder_of(keras, samples)
    samples.fit(model, p, recorder)
    for epoch in ("last", "best"):
        if epoch == "best":
            model.set_weights(recorder.weights)
        for split in ("validation", "test"):
            np.save(folder / f"{epoch}-{split}.npy", samples.predict(model, split))
    say(best_epoch=recorder.epoch, parameters=int(model.count_params()))


def take_steps(keras, learning_rate: float) -> None:
    """Says the weights of the small embedding of the study `update-rules`, step by step."""
    from experiments.common.update_rules_child import embedding_steps

    weights = {}
    for name in ("RMSprop", "Adam"):
        optimizer = getattr(keras.optimizers, name)(lr=learning_rate)
        weights[name] = embedding_steps(keras, keras.backend.sum, optimizer)
    say(**weights)


def step(task: dict, data: dict) -> None:
    """Trains on the batches `x` and `y`, one step each, from the weights `w00`, `w01`, ... if any.

    Says the losses, which are those before each update, and the seconds of each step.
    """
    from experiments.originals.networks import BUILD

    model = BUILD[task["experiment"]](task["protocol"], data["x"].shape[2:])
    if weights := [data[name] for name in sorted(data) if name.startswith("w")]:
        model.set_weights(weights)
    losses, seconds = [], []
    for x, y in zip(data["x"], data["y"], strict=True):
        began = time.perf_counter()
        loss = np.ravel(model.train_on_batch(x, y))[0]  # metrics may follow it
        seconds.append(time.perf_counter() - began)
        losses.append(float(loss))
    say(losses=losses, seconds=seconds)


def main() -> None:
    """Does the task in the folder that the argument names."""
    folder = Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    with np.load(folder / "data.npz") as arrays:
        data = dict(arrays)
    try:
        keras = import_keras(Path(task["wheels"]), task["seed"], task["floatx"])
    except Exception as error:
        sys.exit(f"it does not start on Python {platform.python_version()} ({error}); {TRIED}.")
    if "x" in data:
        step(task, data)
    elif "example" in task:
        take_steps(keras, **task["example"])
    else:
        train(keras, task, data, folder)


if __name__ == "__main__":
    main()
