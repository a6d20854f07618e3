"""One backend's part of the study `update-rules`, in plain Keras.

    KERAS_BACKEND=jax python -m experiments.common.update_rules_backend FOLDER

reads `task.json` and `arrays.npz` of the folder, which the study has written, and writes what it
measured to `measured.json` beside them. A process has one backend, hence one process for each.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from experiments.common.update_rules_example import embedding_steps
from harness.training.machine import prepare

WEIGHTS = ("embedding", "kernel", "recurrent kernel", "bias", "dense kernel")


def small_network(num_words: int, embedding: int, units: int, maxlen: int):
    """The LSTM of the 500-word protocol, as the documents' scripts write it."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((maxlen,), dtype="int32"),
            layers.Embedding(num_words, embedding),
            layers.LSTM(units),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def first_steps(model, x, y, batch_size: int, marks: list[int], epsilon: float) -> dict:
    """How far each weight moves in the first steps.

    Args:
        model: compiled network.
        x: ids of reviews, shape (reviews, timesteps).
        y: labels, shape (reviews,).
        batch_size: reviews a step.
        marks: steps to be measured, counted from 1, ascending.
        epsilon: `v` is compared with it.

    Returns:
        For each mark: `sizes`, mean absolute change by name of the weight, of an embedding's rows
        those that the batch reads; `small`, share of the embedding's entries read so far whose `v`
        is below epsilon; `losses`.
    """
    measured = {"sizes": {name: [] for name in WEIGHTS}, "small": [], "losses": []}
    seen = np.zeros(len(model.get_weights()[0]), bool)  # (words,)
    for step in range(1, marks[-1] + 1):
        batch = slice((step - 1) * batch_size, step * batch_size)
        words = np.unique(x[batch])
        seen[words] = True
        before = model.get_weights()
        loss = model.train_on_batch(x[batch], y[batch])
        if step not in marks:
            continue
        pairs = zip(WEIGHTS, before, model.get_weights(), strict=False)  # no dense bias
        for name, old, new in pairs:
            change = np.abs(new.astype(np.float64) - old)
            change = change[words] if name == "embedding" else change
            measured["sizes"][name].append(float(change.mean()))
        v = next(value for value in model.optimizer.variables if "velocity" in value.path)
        measured["small"].append(float((np.asarray(v)[seen] < epsilon).mean()))
        measured["losses"].append(float(loss))
    return measured


def curve(model, x, y, batch_size: int, epochs: int, name: str) -> list[float]:
    """Training loss of each epoch; one line an epoch is printed under `name`."""
    import keras

    def show(epoch, logs):
        print(f"{name}, epoch {epoch + 1} of {epochs}: loss {logs['loss']:.4f}", flush=True)

    shown = [keras.callbacks.LambdaCallback(on_epoch_end=show)]
    history = model.fit(
        x, y, batch_size=batch_size, epochs=epochs, callbacks=shown, verbose=0
    ).history
    return list(map(float, history["loss"]))


def do_task(folder: Path) -> None:
    """Does what `task.json` asks."""
    task = json.loads((folder / "task.json").read_text())
    prepare(task["seed"], deterministic=False)
    import keras

    from harness.training.optimizers import make_optimizer

    with np.load(folder / "arrays.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
        weights = [arrays[f"weight_{place}"] for place in range(task["weights"])]
    batch_size, rate = task["batch_size"], task["learning_rate"]

    def compiled(name):
        keras.utils.set_random_seed(task["seed"])
        model = small_network(**task["network"])
        model.set_weights(weights)
        model.compile(make_optimizer(name, rate), "binary_crossentropy")
        return model

    examples, steps, curves = {}, {}, {}
    for name in task["rules"]:
        examples[name] = embedding_steps(keras, keras.ops.sum, make_optimizer(name, rate))
    for name in task["compared"]:
        marks, epsilon = task["marks"], task["epsilon"]
        steps[name] = first_steps(compiled(name), x, y, batch_size, marks, epsilon)
    for name, epochs in task["trained"].items():
        label = f"{keras.backend.backend()}, {name}"
        curves[name] = curve(compiled(name), x, y, batch_size, epochs, label)
    measured = {"examples": examples, "steps": steps, "curves": curves}
    (folder / "measured.json").write_text(json.dumps(measured))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="with task.json and arrays.npz")
    do_task(parser.parse_args().folder)
