"""The epochs of a run as TensorBoard reads them."""

import os
import time
from pathlib import Path

import numpy as np

from harness.errors import UnwritableError


def write_events(folder: Path, history: dict[str, list[float]]) -> None:
    """Writes a history as TensorBoard reads it, with the tags of Keras's own callback.

    The files are written anew after each epoch, so that a resumed run has each of them once.
    TensorFlow alone writes them, whatever the backend is; one needs TensorBoard to look at them.

    Raises:
        UnwritableError: a file cannot be written, as on a full disk.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # warnings and errors alone
    import tensorflow as tf

    event, summary = tf.compat.v1.Event, tf.compat.v1.Summary
    ended = time.time() - sum(history["seconds"]) + np.cumsum(history["seconds"])  # (epochs,)
    parts: dict[str, dict] = {"train": {}, "validation": {}}  # columns by tag
    for name, column in history.items():
        part = "validation" if name.startswith("val_") else "train"
        parts[part][f"epoch_{name.removeprefix('val_')}"] = column
    for part, columns in parts.items():
        path = folder / part / "events.out.tfevents.epochs"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tf.io.TFRecordWriter(str(path)) as file:
                file.write(event(file_version="brain.Event:2").SerializeToString())
                for epoch, moment in enumerate(ended):
                    values = [summary.Value(tag=t, simple_value=columns[t][epoch]) for t in columns]
                    one = event(wall_time=moment, step=epoch + 1, summary=summary(value=values))
                    file.write(one.SerializeToString())
        except (OSError, tf.errors.OpError) as error:
            raise UnwritableError(f"cannot write {path}: {error}.") from error
