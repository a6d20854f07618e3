"""Runs a training script step by step: `python -m benchmarks.stepwise FD MODULE ...`.

The script itself is not changed. `keras.Model.fit` gets a callback that waits for orders between
two steps, and times the steps.
"""

import runpy
import sys
import time
from multiprocessing.connection import Connection

from harness.training.machine import load_keras

keras = load_keras()


class Pacer(keras.callbacks.Callback):
    """The last callback: trains as many steps as it is told to.

    At the first step it reports the steps of an epoch and of a call, then `(seconds, steps)` after
    each order. Keras may do several steps in one call, and so more than were ordered.
    """

    def __init__(self, connection: Connection):
        super().__init__()
        self._connection = connection
        self._ordered = None

    def on_epoch_begin(self, epoch, logs=None):
        self._resumed = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        self._first = batch
        if self._ordered is None:
            self._connection.send((self.params["steps"], self.model.steps_per_execution))
            self._await_order()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self._seconds += now - self._resumed
        self._done += batch - self._first + 1
        self._resumed = now
        if self._done >= self._ordered:
            self._connection.send((self._seconds, self._done))
            self._await_order()

    def _await_order(self) -> None:
        self._ordered = self._connection.recv()
        self._seconds, self._done = 0.0, 0
        self._resumed = time.perf_counter()


def main() -> None:
    """Takes the file descriptor of the connection, then the script and its arguments."""
    connection = Connection(int(sys.argv[1]))
    fit = keras.Model.fit

    def stepwise_fit(model, *data, callbacks=(), **options):
        return fit(model, *data, callbacks=[*callbacks, Pacer(connection)], **options)

    keras.Model.fit = stepwise_fit
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
