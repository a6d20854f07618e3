"""Runs a training script step by step: `python -m benchmarks.stepwise FD MODULE ...`.

The script itself is not changed. `keras.Model.fit` gets callbacks that wait for orders between two
steps, and time the steps. An order is a number of steps; 0 ends the epoch early, and with it the
training. Then `fit` is called twice more: for a second validation, since the first one also builds
its graph, and with a model whose steps compute nothing, which leaves the input pipeline and Keras's
own loop.
"""

import resource
import runpy
import sys
import time
from multiprocessing.connection import Connection

import numpy as np

from benchmarks.roofline import operations
from harness.training.machine import load_keras

keras = load_keras()

IDLE_STEPS = 120


class Pacer(keras.callbacks.Callback):
    """The last callback: trains as many steps as it is told to.

    At the first step it reports the facts of the training, then `(seconds, steps)` after each
    order. Keras may do several steps in one call, and so more than were ordered.

    Attributes:
        step_callbacks: seconds of the script's own callbacks after each step.
        epoch_callbacks: seconds of the script's own callbacks after each epoch.
    """

    def __init__(self, connection: Connection, facts: dict):
        super().__init__()
        self._connection, self._facts = connection, facts
        self._ordered = None
        self.step_callbacks: list[float] = []
        self.epoch_callbacks: list[float] = []

    def before_the_others(self, number, logs=None):
        """Must be called before the script's own callbacks."""
        self._before = time.perf_counter()

    def on_epoch_begin(self, epoch, logs=None):
        self._resumed = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        self._first = batch
        if self._ordered is None:
            calls = {"steps": self.params["steps"], "call": self.model.steps_per_execution}
            self._connection.send(calls | self._facts)
            self._await_order()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self.step_callbacks.append(now - self._before)
        self._seconds += now - self._resumed
        self._done += batch - self._first + 1
        self._resumed = now
        if self._done >= self._ordered:
            self._connection.send((self._seconds, self._done))
            self._await_order()

    def on_epoch_end(self, epoch, logs=None):
        self.epoch_callbacks.append(time.perf_counter() - self._before)

    def _await_order(self) -> None:
        self._ordered = self._connection.recv()
        self._seconds, self._done = 0.0, 0
        self._resumed = time.perf_counter()
        self.model.stop_training = self._ordered == 0


class Stopwatch(keras.callbacks.Callback):
    """Ends a training in its first epoch, after some steps, and times steps and validation."""

    def __init__(self, steps: int):
        super().__init__()
        self._steps = steps
        self._ends: list[tuple[int, float]] = []  # steps done, and when

    def on_train_batch_end(self, batch, logs=None):
        self._ends.append((batch + 1, time.perf_counter()))
        self.model.stop_training = batch + 1 >= self._steps

    def on_epoch_end(self, epoch, logs=None):
        self.validation = time.perf_counter() - self._ends[-1][1]
        self.model.stop_training = True  # however short the epoch was

    def step(self) -> float:
        """Median seconds of a step."""
        steps, seconds = np.diff(self._ends, axis=0).T
        return float(np.median(seconds / steps))


def main() -> None:
    """Takes the file descriptor of the connection, then the script and its arguments."""
    connection = Connection(int(sys.argv[1]))
    fit = keras.Model.fit

    def stepwise_fit(model, *data, callbacks=(), **options):
        facts = {}
        if spec := getattr(options.get("x"), "element_spec", None):  # this project's tf.data
            facts["operations"] = operations(model, tuple(spec[0].shape))
            facts["parameters"] = model.count_params()
        pacer = Pacer(connection, facts)
        note = pacer.before_the_others
        first = keras.callbacks.LambdaCallback(on_train_batch_end=note, on_epoch_end=note)
        # One batch builds the graph. Callbacks look at the validation, and need all of it.
        part = {} if callbacks else {"validation_steps": 1}
        fit(model, *data, callbacks=[first, *callbacks, pacer], **(options | part))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        memory = peak if sys.platform == "darwin" else peak * 1024  # bytes
        validation, idle = Stopwatch(1), Stopwatch(IDLE_STEPS)
        fit(model, *data, callbacks=[validation], **options)
        model.train_step = lambda batch: {"loss": 0.0}
        model.jit_compile = False
        model.train_function = None  # else Keras keeps the one that computes
        # validate every second epoch, that is never: only one is trained
        fit(model, *data, callbacks=[idle], **(options | {"validation_freq": 2}))
        report = {
            "validation": validation.validation,
            "step_callbacks": float(np.mean(pacer.step_callbacks)),
            "epoch_callbacks": pacer.epoch_callbacks[0],  # the first epoch is the best so far
            "idle": idle.step(),
            "memory": memory,
        }
        connection.send(report)
        sys.exit()  # the rest of the script is not timed

    keras.Model.fit = stepwise_fit
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
