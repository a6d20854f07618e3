"""Trains a model the way every experiment does, and records what it measures."""

import math
import operator
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from harness.errors import DivergedError, UnwritableError
from harness.records.atomic_files import sha256
from harness.records.run import BEST, Run
from harness.training.batches import ShuffledArrays, batch_shape
from harness.training.checkpoints import Checkpoints
from harness.training.durations import span
from harness.training.environment import accelerator, computes_plainly
from harness.training.fast_layers import accelerate, accelerate_updates
from harness.training.memory import refuse_large_steps
from harness.training.native_layers import use_native_layers
from harness.training.optimizers import adds_repeated_words, make_optimizer
from harness.training.tf_dataset import without_tuning

# Evaluation needs no gradients, so large batches cost little memory and save most of the time.
EVALUATION_BATCH = 1000

# Amortise Keras's overhead per call, most of a millisecond, over several steps. A short step takes
# ten times as long.
STEPS_AT_ONCE = 10

ADVICE = (
    "the run was stopped and no record was made. Try a lower --learning-rate or another --seed."
)


class EpochRecorder(keras.callbacks.Callback):
    """Writes each epoch's values to the run, and its seconds (training and validation)."""

    def __init__(self, run: Run):
        super().__init__()
        self.run = run

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        record_epoch(self.run, logs, time.perf_counter() - self.began)


def record_epoch(run: Run, logs: dict[str, float], seconds: float) -> None:
    """Writes the values and the seconds of the next epoch to the run.

    Raises:
        DivergedError: a value is NaN or infinite.
    """
    values = {name: float(value) for name, value in logs.items()}
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        epoch = len(run.history.get("seconds", [])) + 1
        raise DivergedError(f"{bad[0]} is {values[bad[0]]} after epoch {epoch}; {ADVICE}")
    run.add_epoch({**values, "seconds": round(seconds, 3)})


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch in memory; of equally good ones, the first.

    Args:
        metric: `accuracy` (higher is better) or `mae` (lower is better), taken on validation.

    Attributes:
        weights: of the best epoch so far.
        epoch: its number, counted from 1.
        value: its validation metric.
    """

    def __init__(self, metric: str):
        super().__init__()
        self.monitor = f"val_{metric}"
        self.is_better = operator.gt if metric == "accuracy" else operator.lt
        self.value = None

    def on_epoch_end(self, epoch, logs=None):
        value = float(logs[self.monitor])
        if self.value is None or self.is_better(value, self.value):
            self.weights, self.epoch, self.value = self.model.get_weights(), epoch + 1, value

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
    """Prints one line an epoch: what was measured, and the time left for the other epochs.

    Args:
        name: of one among several networks that a study trains, to which the time left refers.
    """

    def __init__(self, name: str | None = None):
        super().__init__()
        self.name = name

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.began
        line = progress_line(epoch + 1, self.params["epochs"], logs, seconds)
        print(f"{self.name}, {line}" if self.name else line, flush=True)


def progress_line(epoch: int, epochs: int, logs: dict[str, float], seconds: float) -> str:
    """What was measured in an epoch, counted from 1, which took so many seconds."""
    values = ", ".join(f"{name} {value:.4f}" for name, value in logs.items())
    line = f"epoch {epoch} of {epochs}: {values}"
    if epoch < epochs:
        left = (epochs - epoch) * seconds
        estimate = "at most" if epoch == 1 else "about"  # the first epoch also compiles
        line += f"; {estimate} {span(left)} left" if left >= 0.5 else "; under a second left"
    return line


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes:
        optimizer: one of `harness.protocol.OPTIMIZERS`.
        learning_rate: its step size.
        loss: Keras's name of the loss.
        metric: `accuracy` (higher is better) or `mae` (lower is better).
        epochs: passes over the training data.
        batch_size: samples a step, for arrays; a dataset brings its own.
    """

    optimizer: str
    learning_rate: float
    loss: str
    metric: str
    epochs: int = 1
    batch_size: int | None = None


def training_of(protocol, loss: str, metric: str) -> Training:
    """The training of a protocol that has all the other values."""
    names = ("optimizer", "learning_rate", "epochs", "batch_size")
    return Training(loss=loss, metric=metric, **{name: getattr(protocol, name) for name in names})


def train_model(
    model: keras.Model,
    training: Training,
    *,
    train: tuple | keras.utils.PyDataset,
    validation: tuple | keras.utils.PyDataset | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoints: Checkpoints | None = None,
    name: str | None = None,
) -> str:
    """Compiles and trains a model.

    Args:
        model: uncompiled model.
        training: how it is trained.
        train: `(x, y)` arrays, or a dataset of batches.
        validation: likewise; all of it is evaluated after each epoch.
        callbacks: additional ones; a training that becomes NaN is stopped in any case.
        checkpoints: of the run, which resumes after its last one; a study of several networks has
            none, and a backend other than TensorFlow makes none.
        name: of one among several networks that a study trains; it begins the line of each epoch.

    Returns:
        Which layers computed, as `choose_layers` says; `keras` on other backends, on a GPU, and in
        a process that computes plainly.

    Raises:
        DivergedError: the loss became NaN or infinite.
        RunError: there is too little memory for a training step.
    """
    own_batches, on_cpu = _makes_own_batches(), accelerator() is None
    own_layers = own_batches and on_cpu
    if on_cpu:
        refuse_large_steps(model, batch_shape(train, training.batch_size))
    optimizer = make_optimizer(training.optimizer, training.learning_rate)
    computed_by = choose_layers(model, optimizer) if own_layers else "keras"
    with warnings.catch_warnings():
        # it warns of this in deterministic runs
        warnings.filterwarnings("ignore", "Model doesn't support `jit_compile=True`")
        model.compile(
            optimizer=optimizer,
            loss=training.loss,
            metrics=[training.metric],
            # left to itself, Keras compiles with XLA on a GPU only
            jit_compile=computed_by != "native" if own_layers else "auto",
            steps_per_execution=STEPS_AT_ONCE if own_layers else 1,
        )
    if validation is not None and own_batches:
        validation = without_tuning(validation, EVALUATION_BATCH, shuffle=False)
    validation_batch = EVALUATION_BATCH if isinstance(validation, tuple) else None
    resumable = [checkpoints] if checkpoints and keras.backend.backend() == "tensorflow" else []
    begun = sum(one.restore(model, computed_by, training.epochs) for one in resumable)
    # Keras's bar shows the progress within an epoch; it is useful in a terminal only.
    with_bar = sys.stdout.isatty() and name is None
    bar = [keras.callbacks.ProgbarLogger()] if with_bar else []
    model.fit(
        **_inputs(train, training.batch_size, shuffle=True, begun=begun),
        shuffle=False,  # the batches are shuffled already
        epochs=training.epochs,
        initial_epoch=begun,
        validation_data=validation,
        validation_batch_size=validation_batch,
        callbacks=[
            StopAtNaN(),
            *callbacks,
            *bar,
            Progress(name),
            *resumable,
        ],
        verbose=1 if with_bar else 0,
    )
    return computed_by


def choose_layers(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> str:
    """Replaces how a model's layers compute on a CPU by the fastest way that gives Keras's results.

    Returns:
        `native` where the recurrent layers are computed in C, `fast` where this project's layers
        are compiled by XLA, `keras` where Keras's own compute.
    """
    if use_native_layers(model, adds_repeated_words(optimizer)):
        return "native"
    accelerate_updates(optimizer)
    return accelerate(model)


def fit(
    run: Run,
    model: keras.Model,
    training: Training,
    *,
    train: tuple | keras.utils.PyDataset,
    validation: tuple | keras.utils.PyDataset,
    test: tuple | keras.utils.PyDataset,
    summarise: Callable[[str, np.ndarray], tuple[float, dict]],
    reference: dict,
    degrees_per_unit: float | None = None,
) -> None:
    """Trains a model, evaluates it on the test data twice, and finishes the run.

    The test data are evaluated with the weights of the best validation epoch and with those of the
    last one; they take no part in the choice. The predictions on both splits are kept.

    Args:
        run: the run to fill; its directory has been begun.
        model, training, train, validation: as for `train_model`.
        test: test data, likewise.
        summarise: called with `validation` or `test` and the model's outputs on that split, shape
            (samples,); returns the metric, and what the record keeps of these predictions.
        reference: the trivial baseline, `{"label", "validation", "test"}`.
        degrees_per_unit: °C per unit of the metric, where the target is a normalised temperature.

    Raises:
        DivergedError: the loss became NaN or infinite.
        UnwritableError: a file cannot be written, as on a full disk.
    """
    best = BestWeights(training.metric)
    computed_by = train_model(
        model,
        training,
        train=train,
        validation=validation,
        callbacks=[EpochRecorder(run), best],
        checkpoints=Checkpoints(run, best),
    )
    run.add_layers(computed_by)
    splits = {"validation": validation, "test": test}

    def judge() -> dict[str, tuple[float, dict]]:
        return {name: summarise(name, predict(model, x)) for name, x in splits.items()}

    at_best = last = judge()
    if best.epoch < training.epochs:
        model.set_weights(best.weights)
        at_best = judge()
    save_network(model, run.unfinished / BEST)
    run.finish_network(
        training.metric,
        best_epoch=best.epoch,
        best=at_best,
        last=last,
        parameters=model.count_params(),
        degrees_per_unit=degrees_per_unit,
        reference=reference,
        checkpoint_sha256=sha256(run.unfinished / BEST),
    )


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

    With `begun`, they go on after so many epochs of a process that died.
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
    """Whether `tf_dataset` makes the batches; Keras does elsewhere, and where it is to be plain."""
    return keras.backend.backend() == "tensorflow" and not computes_plainly()
