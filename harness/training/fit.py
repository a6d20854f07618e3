"""Fits a model the way every experiment does, and writes what it measures into the run."""

import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from harness.errors import RunError
from harness.records.run import Run
from harness.training.environment import accelerator
from harness.training.fast_layers import accelerate, accelerate_updates
from harness.training.optimizers import make_optimizer
from harness.training.tf_dataset import without_tuning

# Evaluation needs no gradients: large batches cost little memory and save most of the time.
EVALUATION_BATCH = 1000

# Keras's own work between two steps takes most of a millisecond: as long as a tenth of a short
# step. It is done once for so many steps.
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
        values = {name: float(value) for name, value in logs.items()}
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise RunError(f"{bad[0]} is {values[bad[0]]} after epoch {epoch + 1}; {ADVICE}")
        self.run.add_epoch({**values, "seconds": round(time.perf_counter() - self.began, 3)})


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch in memory, which takes less than a file each time.

    Args:
        run: its history decides, to which the recorder before this callback has added the epoch.
        monitor: column of the history.
        best: `max` or `min`.

    Attributes:
        weights: of the first epoch that no other one surpasses.
    """

    def __init__(self, run: Run, monitor: str, best: Callable):
        super().__init__()
        self.run, self.monitor, self.best = run, monitor, best

    def on_epoch_end(self, epoch, logs=None):
        curve = self.run.history[self.monitor]
        if curve.index(self.best(curve)) == epoch:
            self.weights = self.model.get_weights()


class Progress(keras.callbacks.Callback):
    """One line an epoch, of one among several networks that a study trains."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch, logs=None):
        values = ", ".join(f"{name} {value:.4f}" for name, value in logs.items())
        print(f"{self.name}, epoch {epoch + 1} of {self.params['epochs']}: {values}", flush=True)


def train_model(
    model: keras.Model,
    *,
    train: tuple | keras.utils.PyDataset,
    validation: tuple | keras.utils.PyDataset | None = None,
    optimizer: str,
    learning_rate: float,
    loss: str,
    metric: str,
    epochs: int,
    batch_size: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    name: str | None = None,
) -> str:
    """Compiles and trains a model.

    Args:
        callbacks: further ones; a training that becomes NaN is stopped in any case.
        name: of one among several networks that a study trains: one line an epoch is printed under
            it, in place of Keras's own.
        others: as in `fit`.

    Returns:
        Which layers computed: `fast` where some of this project's took Keras's place, or `keras`.

    Raises:
        RunError: the loss became NaN or infinite.
    """
    on_tensorflow = keras.backend.backend() == "tensorflow"
    on_tensorflow_cpu = on_tensorflow and accelerator() is None
    rule = make_optimizer(optimizer, learning_rate)
    computed_by = accelerate(model) if on_tensorflow_cpu else "keras"
    if on_tensorflow_cpu:
        accelerate_updates(rule)
    with warnings.catch_warnings():
        # of deterministic runs, which Keras does not compile
        warnings.filterwarnings("ignore", "Model doesn't support `jit_compile=True`")
        model.compile(
            optimizer=rule,
            loss=loss,
            metrics=[metric],
            # left to itself, Keras compiles with XLA on a GPU only
            jit_compile=True if on_tensorflow_cpu else "auto",
            steps_per_execution=STEPS_AT_ONCE if on_tensorflow_cpu else 1,
        )
    if validation is not None and on_tensorflow:
        validation = without_tuning(validation, EVALUATION_BATCH, shuffle=False)
    validation_batch = EVALUATION_BATCH if isinstance(validation, tuple) else None
    verbose = "auto" if sys.stdout.isatty() else 2
    if name is not None:
        callbacks, verbose = [*callbacks, Progress(name)], 0
    try:
        model.fit(
            **_inputs(train, batch_size, shuffle=True),
            shuffle=not on_tensorflow,  # there the dataset itself does
            epochs=epochs,
            validation_data=validation,
            validation_batch_size=validation_batch,
            callbacks=[keras.callbacks.TerminateOnNaN(raise_error=True), *callbacks],
            verbose=verbose,
        )
    except RuntimeError as error:
        if "NaN" not in str(error):
            raise
        epoch = len(model.history.epoch) + 1
        raise RunError(f"the loss became NaN or infinite in epoch {epoch}; {ADVICE}") from error
    return computed_by


def fit(
    run: Run,
    model: keras.Model,
    *,
    train: tuple | keras.utils.PyDataset,
    validation: tuple | keras.utils.PyDataset,
    test: tuple | keras.utils.PyDataset,
    optimizer: str,
    learning_rate: float,
    loss: str,
    metric: str,
    epochs: int,
    batch_size: int | None = None,
    summarise: Callable[[str, np.ndarray], tuple[float, dict]],
    reference: dict,
    degrees_per_unit: float | None = None,
) -> None:
    """Trains a model, evaluates it on the test data twice, and finishes the run.

    The test data are evaluated with the weights of the best validation epoch and with those of the
    last one; neither takes part in choosing the epoch. What the predictions were is kept, for the
    validation data too.

    Args:
        run: the run to fill; its directory has been begun.
        model: uncompiled model.
        train: `(x, y)` arrays, or a dataset of batches.
        validation: likewise, evaluated whole after each epoch.
        test: likewise.
        optimizer: Keras's name of the optimizer.
        learning_rate: its step size.
        loss: name of the loss.
        metric: `accuracy` (higher is better) or `mae` (lower is better).
        epochs: passes over the training data.
        batch_size: samples a step, for arrays; a dataset brings its own.
        summarise: called with `validation` or `test` and the model's outputs on that split, shape
            (samples,); returns the metric, and what the record keeps of these predictions.
        reference: the trivial baseline, `{"label", "validation", "test"}`.
        degrees_per_unit: °C per unit of the metric, where the target is a normalised temperature.

    Raises:
        RunError: the loss became NaN or infinite.
    """
    best = max if metric == "accuracy" else min
    monitor = f"val_{metric}"
    keeper = BestWeights(run, monitor, best)
    computed_by = train_model(
        model,
        train=train,
        validation=validation,
        optimizer=optimizer,
        learning_rate=learning_rate,
        loss=loss,
        metric=metric,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=[EpochRecorder(run), keeper],
    )
    run.write("environment", {"layers": computed_by})
    curve = run.history[monitor]
    best_epoch = curve.index(best(curve)) + 1
    splits = {"validation": validation, "test": test}

    def predictions() -> tuple[float, dict]:
        found = {name: summarise(name, predict(model, x)) for name, x in splits.items()}
        return found["test"][0], {name: kept for name, (_, kept) in found.items()}

    test_at_end, last = predictions()
    test_at_best, at_best = test_at_end, last
    if best_epoch < len(curve):
        model.set_weights(keeper.weights)
        test_at_best, at_best = predictions()
    run.keep_predictions(last, at_best)
    save_network(model, run.checkpoint)
    run.finish(
        {
            "metric": metric,
            "parameters": model.count_params(),
            "best_epoch": best_epoch,
            "best_validation": best(curve),
            "last_validation": curve[-1],
            "test_at_best": test_at_best,
            "test_at_end": test_at_end,
            "seconds_per_epoch": statistics.median(run.history["seconds"]),
            "degrees_per_unit": degrees_per_unit,
            "reference": reference,
        }
    )


def save_network(model: keras.Model, path: Path) -> None:
    """Writes a network as a Keras archive, without how it was compiled and its optimizer's state.

    That state is of the last epoch, whatever the weights are; XLA suits this project's way to
    compute the layers, not Keras's own, which compute in whoever loads the file.
    """
    keras.Model(model.inputs, model.outputs, name=model.name).save(path)


def evaluate(model: keras.Model, samples: tuple | keras.utils.PyDataset) -> dict[str, float]:
    """Loss and metrics of a compiled model over all samples, by Keras's names."""
    samples = _inputs(samples, EVALUATION_BATCH, shuffle=False)
    return model.evaluate(**samples, verbose=0, return_dict=True)


def predict(model: keras.Model, samples: tuple | keras.utils.PyDataset) -> np.ndarray:
    """Outputs of a compiled model with one output a sample, shape (samples,), in their order."""
    samples = _inputs(samples, EVALUATION_BATCH, shuffle=False)
    samples.pop("y", None)
    return model.predict(**samples, verbose=0)[:, 0]


def _inputs(samples: tuple | keras.utils.PyDataset, batch_size: int | None, shuffle: bool) -> dict:
    """Samples as Keras's `fit` and `evaluate` take them, which shuffle and do not by themselves."""
    if keras.backend.backend() == "tensorflow":
        return {"x": without_tuning(samples, batch_size, shuffle)}
    if isinstance(samples, tuple):
        return {"x": samples[0], "y": samples[1], "batch_size": batch_size}
    return {"x": samples}
