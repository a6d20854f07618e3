"""Computes on an old Keras, which needs a process of its own, and says how it went.

`original` sends a task and receives what is said: each epoch of a training and its end, the losses
of single steps, or the weights of an example.
"""

import operator
import platform
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from experiments.originals.compatibility import TRIED, import_keras

TODAY = {"acc": "accuracy", "val_acc": "val_accuracy"}  # columns of the history by their names then
EVALUATION_BATCH = 1000


class Reviews:
    """Padded reviews: of each split, ids (reviews, timesteps) and labels (reviews,)."""

    metric = "acc"
    is_better = operator.gt
    shape = ()

    def __init__(self, task: dict):
        self.splits = task["splits"]

    def fit(self, model, p: dict, recorder) -> None:
        """As the documents call it; the parent has split off their `validation_split`."""
        model.fit(
            *self.splits["train"],
            epochs=p["epochs"],
            batch_size=p["batch_size"],
            validation_data=self.splits["validation"],
            callbacks=[recorder],
            verbose=0,
        )

    def predict(self, model, split: str) -> np.ndarray:
        """Outputs of the model, shape (reviews,)."""
        return model.predict(self.splits[split][0], batch_size=EVALUATION_BATCH)[:, 0]


class Weather:
    """Windows over a weather series, `data.windows.Windows` of each split.

    `draws` are the numbers of the training windows, shape (steps, batch), for all epochs in turn.
    """

    metric = "loss"  # the documents compile without a metric, and the loss is the error
    is_better = operator.lt

    def __init__(self, task: dict):
        self.splits, self.draws = task["splits"], task["draws"]
        train = self.splits["train"]
        self.shape = len(train.offsets), train.series.shape[1]

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
        numbers = np.arange(len(self.splits[split]))
        return np.split(numbers, range(EVALUATION_BATCH, len(numbers), EVALUATION_BATCH))

    def generator(self, split: str, batches):
        """Inputs and targets of the batches, again and again."""
        windows = self.splits[split]
        while True:
            for index in batches:
                yield windows.inputs(index), windows.targets(index)

    def predict(self, model, split: str) -> np.ndarray:
        """Outputs of the model, shape (windows,)."""
        inputs = map(self.splits[split].inputs, self.every_window(split))
        return np.concatenate([model.predict_on_batch(x)[:, 0] for x in inputs])


def recorder_of(keras, samples, say: Callable):
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
            say({"epoch": values, "seconds": time.perf_counter() - self.began})

    return Recorder()


def train(keras, task: dict, say: Callable) -> None:
    """Trains, and predicts validation and test by the weights of the best and the last epoch."""
    from experiments.originals.networks import BUILD

    p = task["protocol"]
    samples = Weather(task) if "draws" in task else Reviews(task)
    model = BUILD[task["experiment"]](p, samples.shape)
    recorder = recorder_of(keras, samples, say)
    samples.fit(model, p, recorder)
    end = {"best_epoch": recorder.epoch, "parameters": int(model.count_params())}
    end["last"] = {split: samples.predict(model, split) for split in ("validation", "test")}
    model.set_weights(recorder.weights)
    end["best"] = {split: samples.predict(model, split) for split in ("validation", "test")}
    say(end)


def take_steps(keras, task: dict, say: Callable) -> None:
    """Trains on the batches `x` and `y`, one step each, from the `weights` if there are any.

    Says the losses, which are those before each update, and the seconds of each step.
    """
    from experiments.originals.networks import BUILD

    model = BUILD[task["experiment"]](task["protocol"], task["x"].shape[2:])
    if "weights" in task:
        model.set_weights(task["weights"])
    losses, seconds = [], []
    for x, y in zip(task["x"], task["y"], strict=True):
        began = time.perf_counter()
        loss = np.ravel(model.train_on_batch(x, y))[0]  # metrics may follow it
        seconds.append(time.perf_counter() - began)
        losses.append(float(loss))
    say({"losses": losses, "seconds": seconds})


def step_embedding(keras, task: dict, say: Callable) -> None:
    """Says the weights of the small embedding of the study `update-rules`, step by step."""
    from experiments.common.update_rules_child import embedding_steps

    weights = {}
    for name in ("RMSprop", "Adam"):
        optimizer = getattr(keras.optimizers, name)(lr=task["learning_rate"])
        weights[name] = embedding_steps(keras, keras.backend.sum, optimizer)
    say(weights)


def main() -> None:
    """Does the task that comes through the connection whose descriptor is the argument."""
    connection = Connection(int(sys.argv[1]))
    task = connection.recv()
    try:
        keras = import_keras(Path(task["wheels"]), task["seed"], task["floatx"])
    except Exception as error:
        sys.exit(f"it does not start on Python {platform.python_version()} ({error}); {TRIED}.")
    kinds = {"train": train, "steps": take_steps, "embedding": step_embedding}
    kinds[task["kind"]](keras, task, connection.send)


if __name__ == "__main__":
    main()
