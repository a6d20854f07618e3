"""Callbacks that let a training go on when they are told to, and time it.

Nothing else of the training changes: it runs through its own epochs and stands still between two
steps whenever the steps that were ordered are done. The last order ends the epoch early: validation
follows as after any epoch, and the training ends.
"""

import itertools
import json
import os
import statistics
import sys
import time

import keras


class Link:
    """Takes orders from the standard input and reports to a pipe, both line by line."""

    def __init__(self, descriptor: int):
        self._reports = os.fdopen(descriptor, "w", buffering=1)

    def order(self) -> int:
        """How many steps to train, 0 to come to an end. Ends the process if nobody orders."""
        line = sys.stdin.readline()
        if not line:
            os._exit(1)
        return int(line)

    def report(self, **values: object) -> None:
        self._reports.write(json.dumps(values) + "\n")


class Before(keras.callbacks.Callback):
    """The first callback: notes when those after it are called."""

    def on_train_batch_end(self, batch, logs=None):
        self.step_ended = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.epoch_ended = time.perf_counter()


class Pacer(keras.callbacks.Callback):
    """The last callback: waits for orders, and measures.

    Attributes:
        step_callbacks: seconds of the training's own callbacks after each step.
        epoch_callbacks: seconds of its own callbacks after each epoch.
    """

    def __init__(self, link: Link, before: Before):
        super().__init__()
        self._link, self._before = link, before
        self._ordered = None
        self.step_callbacks: list[float] = []
        self.epoch_callbacks: list[float] = []

    def on_epoch_begin(self, epoch, logs=None):
        self._resumed = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        self._first = batch
        if self._ordered is None:
            # a Sequential model without an Input has no such shape
            shape = getattr(self.model, "input_shape", (None,))
            self._link.report(
                steps_an_epoch=self.params["steps"],
                steps_a_call=self.model.steps_per_execution,
                features=shape[-1],
                parameters=self.model.count_params() if self.model.built else None,
            )
            self._await_order()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self.step_callbacks.append(now - self._before.step_ended)
        self._seconds += now - self._resumed
        self._done += batch - self._first + 1  # several where Keras runs several in one call
        self._resumed = now
        if self._done >= self._ordered:
            self._link.report(seconds=self._seconds, steps=self._done)
            self._await_order()

    def on_epoch_end(self, epoch, logs=None):
        self.epoch_callbacks.append(time.perf_counter() - self._before.epoch_ended)

    def _await_order(self) -> None:
        self._ordered = self._link.order()
        self._seconds, self._done = 0.0, 0
        self._resumed = time.perf_counter()
        self.model.stop_training = self._ordered == 0


class Stopwatch(keras.callbacks.Callback):
    """Ends a training after some steps of its first epoch, and times it.

    Attributes:
        validation: seconds from the last step to the end of the epoch.
    """

    def __init__(self, steps: int):
        super().__init__()
        self._steps = steps
        self._ends: list[tuple[int, float]] = []  # the steps that were done, and when

    def on_train_batch_end(self, batch, logs=None):
        self._ends.append((batch + 1, time.perf_counter()))
        self.model.stop_training = batch + 1 >= self._steps

    def on_epoch_end(self, epoch, logs=None):
        self.validation = time.perf_counter() - self._ends[-1][1]
        self.model.stop_training = True  # however short the epoch was

    def step(self) -> float:
        """Median seconds of a step, between two ends; Keras may do several steps in one call."""
        pairs = itertools.pairwise(self._ends)
        return statistics.median((b - a) / (done - before) for (before, a), (done, b) in pairs)
