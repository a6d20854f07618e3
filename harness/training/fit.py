"""Trains a model the way every experiment does, and records what it measures."""

import math
import operator
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from harness.cli import say
from harness.errors import DivergedError, RunError, UnwritableError
from harness.records.files import sha256
from harness.records.run import BEST, Run
from harness.training.batches import ShuffledArrays, batch_shape, without_tuning
from harness.training.checkpoints import Checkpoints, Stateful
from harness.training.events import write_events
from harness.training.machine import accelerator, computes_plainly, memory, span
from harness.training.optimizers import adds_repeated_words

# Evaluation needs no gradients, so large batches cost little memory and save most of the time.
EVALUATION_BATCH = 1000

# Amortise Keras's overhead per call, most of a millisecond, over several steps. A short step takes
# ten times as long.
STEPS_AT_ONCE = 10

ADVICE = (
    "the run was stopped and no record was made. Try a lower --learning-rate or another --seed."
)


class Splits(Protocol):
    """What a network is trained, validated and tested on."""

    train: tuple | keras.utils.PyDataset  # `(x, y)` arrays, or a dataset of batches
    validation: tuple | keras.utils.PyDataset
    test: tuple | keras.utils.PyDataset
    metric: str  # `accuracy` or `mae`, by which the best epoch is chosen
    reference: dict  # the trivial baseline, `{"label", "validation", "test"}`
    degrees_per_unit: float | None  # °C per unit of the metric, for a normalised temperature

    def summarise(self, split: str, outputs: np.ndarray) -> tuple[float, dict]:
        """The metric of outputs (samples,) on `validation` or `test`, and what a record keeps."""


def fit(
    run: Run,
    model: keras.Model,
    splits: Splits,
    *,
    epochs: int,
    batch_size: int | None = None,
    patience: int = 0,
) -> None:
    """Trains a compiled model, evaluates it on the test data twice, and finishes the run.

    The test data are evaluated with the weights of the best validation epoch and with those of the
    last one; they take no part in the choice. The predictions on both splits are kept.

    Args:
        run: the run to fill; its directory has been begun.
        model: compiled with the splits' metric, not trained.
        splits: what it is trained, validated and tested on.
        epochs, batch_size: as for Keras's `fit`; a dataset has batches of its own.
        patience: epochs without a better validation after which the training stops; 0 for all.

    Raises:
        DivergedError: the loss became NaN or infinite.
        UnwritableError: a file cannot be written, as on a full disk.
    """
    best = BestWeights(splits.metric, patience)
    train_model(
        run,
        model,
        splits.train,
        validation=splits.validation,
        epochs=epochs,
        batch_size=batch_size,
        callback=best,
    )
    trained = len(run.history["seconds"])
    samples = {"validation": splits.validation, "test": splits.test}
    at_best = last = {name: predict(model, x) for name, x in samples.items()}
    if best.epoch < trained:
        model.set_weights(best.weights)
        at_best = {name: predict(model, x) for name, x in samples.items()}
    save_network(model, run.unfinished / BEST)
    run.finish_model(
        splits,
        at_best,
        last,
        best_epoch=best.epoch,
        parameters=model.count_params(),
        checkpoint_sha256=sha256(run.unfinished / BEST),
        **({"stopped_epoch": trained if trained < epochs else None} if patience else {}),
    )


def train_model(
    run: Run,
    model: keras.Model,
    train: tuple | keras.utils.PyDataset,
    *,
    validation: tuple | keras.utils.PyDataset | None = None,
    epochs: int = 1,
    batch_size: int | None = None,
    callback: Stateful | None = None,
    name: str | None = None,
) -> None:
    """Trains a compiled model.

    Args:
        run: receives which layers computed and, of a network without a name, the values of each
            epoch and the checkpoints from which it resumes.
        model: compiled, not trained.
        train: `(x, y)` arrays, or a dataset of batches.
        validation: likewise; all of it is evaluated after each epoch.
        epochs, batch_size: as for Keras's `fit`; a dataset has batches of its own.
        callback: one of the experiment's own, whose memory the checkpoints keep.
        name: of one among several networks that a study trains; it begins the line of each epoch.

    Raises:
        DivergedError: the loss became NaN or infinite.
        RunError: there is too little memory for the training.
    """
    computed_by, own_batches, on_cpu = "keras", _makes_own_batches(), accelerator() is None
    if on_cpu:
        refuse_beyond_memory(model, batch_shape(train, batch_size))
    if on_cpu and own_batches:
        computed_by = choose_layers(model, model.optimizer)
        # what `compile` would have set; Keras reads it when the training begins
        model.steps_per_execution = STEPS_AT_ONCE
        with warnings.catch_warnings():
            # it warns of this in deterministic runs
            warnings.filterwarnings("ignore", "Model doesn't support `jit_compile=True`")
            model.jit_compile = computed_by != "native"
    if validation is not None and own_batches:
        validation = without_tuning(validation, EVALUATION_BATCH, shuffle=False)
    begun, checkpoints = 0, []
    if name is None and keras.backend.backend() == "tensorflow":
        checkpoints = [Checkpoints(run, callback)]
        begun = checkpoints[0].restore(model, computed_by, epochs)
        if checkpoints[0].stopped:
            epochs = begun
    # Keras's bar shows the progress within an epoch; it is useful in a terminal only.
    with_bar = sys.stdout.isatty() and name is None
    model.fit(
        **_inputs(train, batch_size, shuffle=True, begun=begun),
        shuffle=False,  # the batches are shuffled already
        epochs=epochs,
        initial_epoch=begun,
        validation_data=validation,
        validation_batch_size=EVALUATION_BATCH if isinstance(validation, tuple) else None,
        callbacks=[
            StopAtNaN(),
            *([keras.callbacks.ProgbarLogger()] if with_bar else []),
            Progress(None if name else run, name, may_stop=getattr(callback, "patience", 0) > 0),
            *([callback] if callback else []),
            *checkpoints,
        ],
        verbose=1 if with_bar else 0,
    )
    run.add_layers(computed_by)


def choose_layers(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> str:
    """Replaces how a model's layers compute on a CPU by the fastest way that gives Keras's results.

    Returns `native` where the recurrent layers are computed in C, `fast` where this project's
    layers are compiled by XLA, `keras` where Keras's own compute.
    """
    from harness.training import native, xla  # both need TensorFlow

    if native.use_native_layers(model, adds_repeated_words(optimizer)):
        return "native"
    xla.accelerate_updates(optimizer)
    return xla.accelerate(model)


def refuse_beyond_memory(model: keras.Model, inputs: tuple[int, ...]) -> None:
    """Raises a RunError if the machine's memory is too small to train a built model.

    `inputs` is the shape of a batch's inputs. The first that one would notice otherwise is that the
    system kills the process. Training needs three numbers a weight (with its gradient and the
    update rule's average) and the outputs of the recurrent layers at each timestep; how much more
    depends on how a layer computes.
    """
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.RNN)]
    states = math.prod(inputs[:2]) * sum(getattr(layer.cell, "units", 0) for layer in layers)
    needed = 12 * model.count_params() + 4 * states
    if needed > memory():
        raise RunError(
            f"the training needs at least {needed / 1e9:,.1f} GB, and there are "
            f"{memory() / 1e9:,.1f} GB; choose a smaller --batch-size, --units or --embedding."
        )


def evaluate(model: keras.Model, samples: tuple | keras.utils.PyDataset) -> dict[str, float]:
    """Loss and metrics of a compiled model over all samples, by Keras's names."""
    samples = _inputs(samples, EVALUATION_BATCH, shuffle=False)
    return model.evaluate(**samples, verbose=0, return_dict=True)


def predict(model: keras.Model, samples: tuple | keras.utils.PyDataset) -> np.ndarray:
    """Outputs of a compiled model with one output a sample, shape (samples,), in their order."""
    samples = _inputs(samples, EVALUATION_BATCH, shuffle=False)
    samples.pop("y", None)
    return model.predict(**samples, verbose=0)[:, 0]


def _inputs(
    samples: tuple | keras.utils.PyDataset, batch_size: int | None, shuffle: bool, begun: int = 0
) -> dict:
    """The arguments of Keras's `fit`, `evaluate` or `predict` that pass these samples.

    They go on after the `begun` epochs of a process that died.
    """
    if _makes_own_batches():
        return {"x": without_tuning(samples, batch_size, shuffle, begun)}
    if isinstance(samples, tuple) and shuffle:
        samples = ShuffledArrays(*samples, batch_size)
    if isinstance(samples, tuple):
        return {"x": samples[0], "y": samples[1], "batch_size": batch_size}
    for _ in range(begun):
        samples.on_epoch_end()
    return {"x": samples}


def _makes_own_batches() -> bool:
    """Whether `without_tuning` makes them; Keras does elsewhere, and where it is to be plain."""
    return keras.backend.backend() == "tensorflow" and not computes_plainly()


def save_network(model: keras.Model, path: Path) -> None:
    """Writes a network as a Keras archive, without its optimizer and without how it was compiled.

    The optimizer's state is that of the last epoch, whatever the weights are. Compiling with XLA
    suits this project's layers, but the one who loads the file computes with Keras's own.

    Raises:
        UnwritableError: the file cannot be written, as on a full disk.
    """
    try:
        keras.Model(model.inputs, model.outputs, name=model.name).save(path)
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise UnwritableError(f"cannot write {path}: {error.strerror or error}.") from error


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch in memory; of equally good ones, the first.

    The metric is taken on validation: a higher `accuracy` or a lower `mae` is better. With some
    `patience`, the training stops after so many epochs without a better one.
    """

    def __init__(self, metric: str, patience: int = 0):
        super().__init__()
        self.patience = patience
        self.monitor = f"val_{metric}"
        self.is_better = operator.gt if metric == "accuracy" else operator.lt
        self.value = None  # of the metric, in the epoch of that number, counted from 1

    def on_epoch_end(self, epoch, logs=None):
        value = float(logs[self.monitor])
        if self.value is None or self.is_better(value, self.value):
            self.weights, self.epoch, self.value = self.model.get_weights(), epoch + 1, value
        done = epoch + 1
        if self.patience and self.epoch + self.patience <= done < self.params["epochs"]:
            self.model.stop_training = True
            say(f"stopped after epoch {done}: no better {self.monitor} since epoch {self.epoch}")

    def state(self) -> tuple[dict, list[np.ndarray]]:
        """What a checkpoint keeps."""
        return {"epoch": self.epoch, "value": self.value}, self.weights

    def restore(self, values: dict, weights: list[np.ndarray]) -> None:
        """Takes up what `state` gave in the process that died."""
        self.weights, self.epoch, self.value = weights, values["epoch"], values["value"]


class StopAtNaN(keras.callbacks.Callback):
    """Ends a training whose loss is NaN or infinite, and says since which step."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.finite = epoch + 1, 0  # steps after which the loss was still finite

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            # Keras counts on to the end of the steps that it takes at once
            first, last = self.finite + 1, min(batch + 1, self.params["steps"])
            steps = f"step {last}" if first == last else f"one of steps {first} to {last}"
            raise DivergedError(
                f"the loss became NaN or infinite in epoch {self.epoch}, {steps}; {ADVICE}"
            )
        self.finite = batch + 1


class Progress(keras.callbacks.Callback):
    """Prints each epoch's values and seconds (training and validation); a run records them.

    The name is that of one among several networks that a study trains; it begins the line. A
    training that may stop early takes no longer than the line says.
    """

    def __init__(self, run: Run | None = None, name: str | None = None, may_stop: bool = False):
        super().__init__()
        self.run, self.name, self.may_stop = run, name, may_stop

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.began
        if self.run:
            record_epoch(self.run, logs, seconds)
        line = progress_line(epoch + 1, self.params["epochs"], logs, seconds, self.may_stop)
        say(f"{self.name}, {line}" if self.name else line)


def record_epoch(run: Run, logs: dict[str, float], seconds: float) -> None:
    """Writes the next epoch's values and seconds to the run; NaN or inf is a DivergedError."""
    values = {name: float(value) for name, value in logs.items()}
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        epoch = len(run.history.get("seconds", [])) + 1
        raise DivergedError(f"{bad[0]} is {values[bad[0]]} after epoch {epoch}; {ADVICE}")
    run.add_epoch({**values, "seconds": round(seconds, 3)})
    if run.events:
        write_events(run.events, run.history)


def progress_line(
    epoch: int, epochs: int, logs: dict[str, float], seconds: float, may_stop: bool = False
) -> str:
    """What was measured in an epoch, counted from 1, which took so many seconds."""
    values = ", ".join(f"{name} {value:.4f}" for name, value in logs.items())
    line = f"epoch {epoch} of {epochs}: {values}"
    if epoch < epochs:
        left = (epochs - epoch) * seconds
        # the first epoch also compiles
        estimate = "at most" if epoch == 1 or may_stop else "about"
        line += f"; {estimate} {span(left)} left" if left >= 0.5 else "; under a second left"
    return line
