"""Checkpoints: a run that was killed goes on where it was, and ends as if it never had been.

After an epoch, all that the rest of the training depends on is written: the weights, the optimizer,
the generators of the dropout masks, the best weights so far, the history. The order of the batches
follows from the seed and from how many epochs have begun.
"""

from __future__ import annotations

import json
import random
import time
from typing import Protocol

import keras
import numpy as np

from harness.cli import say
from harness.errors import RunError
from harness.records.run import Run, read_checkpoint

SHARE = 0.01  # of a run's time, which checkpoints take at most

# What must be as it was, beside configuration and data: parts of `environment.json`.
SAME = ("code", "packages", "backend", "device", "floatx")
LAST_BITS = ("cpu", "threads", "flags")  # these, only where every bit counts


class Stateful(Protocol):
    """A callback that remembers something from epoch to epoch."""

    def state(self) -> tuple[dict, list[np.ndarray]]:
        """What it remembers: values that JSON can hold, and arrays."""

    def restore(self, values: dict, arrays: list[np.ndarray]) -> None:
        """Takes up what `state` gave in the process that died."""


class Checkpoints(keras.callbacks.Callback):
    """Writes checkpoints of a run on the TensorFlow backend, and resumes it after the last one.

    There is one after the first epoch and one after the last, also of a training that another
    callback stopped. Between them, an epoch goes without
    if the checkpoints took more than `SHARE` of the time otherwise.
    """

    def __init__(self, run: Run, stateful: Stateful):
        super().__init__()
        self.run = run
        self.stateful = stateful  # the one other callback that remembers something; it comes first
        self.stopped = False  # whether the training that is resumed had been stopped
        self.due = time.perf_counter()

    def restore(self, model: keras.Model, layers: str, epochs: int) -> int:
        """Gives a compiled model, the run and the other callback the state of the checkpoint.

        A checkpoint that is damaged, or of a run that would have gone another way, is not used;
        a line says why. Returns the number of epochs that are done, 0 without a checkpoint.
        """
        self.identity = self._identity(layers)
        if not self.run.can_resume:
            return 0
        try:
            values, arrays = read_checkpoint(self.run.checkpoint)
        except RunError as error:
            say(f"starting anew: {error}")
            return 0
        free = () if self.run.part("config").get("deterministic") else LAST_BITS
        before = values["identity"]
        changed = [n for n, now in self.identity.items() if n not in free and before[n] != now]
        if changed:
            say(f"starting anew: since the interruption, {' and '.join(changed)} changed")
            return 0
        model.optimizer.build(model.trainable_variables)
        variables = self._variables(model)
        for variable, array in zip(variables, arrays[: len(variables)], strict=True):
            variable.assign(array)
        self.stateful.restore(values["stateful"], arrays[len(variables) :])
        version, numbers, gauss = values["random"]
        random.setstate((version, tuple(numbers), gauss))
        self.run.resume(values)
        self.stopped = values["stopped"]
        done, environment = values["epochs"], values["environment"]
        resumed = [*environment.get("resumed_after", []), done]
        self.run.write("environment", {**environment, "resumed_after": resumed})
        say(f"resuming after epoch {done} of {epochs}")
        return done

    def on_epoch_end(self, epoch, logs=None):
        began = time.perf_counter()
        stopped = self.model.stop_training
        if epoch + 1 < self.params["epochs"] and not stopped and began < self.due:
            return
        environment, kept = self.run.part("environment"), ("started", "resumed_after")
        values, arrays = self.stateful.state()
        self.run.save_checkpoint(
            {
                "identity": self.identity,
                "epochs": epoch + 1,
                "stopped": stopped,
                "environment": {name: environment[name] for name in kept if name in environment},
                "stateful": values,
                "random": random.getstate(),  # by which plain Keras shuffles a dataset's batches
            },
            [*(variable.numpy() for variable in self._variables(self.model)), *arrays],
        )
        ended = time.perf_counter()
        self.due = ended + (ended - began) / SHARE

    @staticmethod
    def _variables(model: keras.Model) -> list:
        """Weights, generators of dropout masks, and the optimizer's variables."""
        return [*model.variables, *model.optimizer.variables]

    def _identity(self, layers: str) -> dict:
        """What decides how the training goes, in the form in which JSON gives it back."""
        environment = self.run.part("environment")
        own = {name: environment.get(name) for name in (*SAME, *LAST_BITS)}
        parts = {"the configuration": self.run.part("config"), "the data": self.run.part("data")}
        return json.loads(json.dumps({**parts, "layers": layers, **own}))
