"""What the study `update-rules` lets each Keras measure, in a process of its own.

    KERAS_BACKEND=jax python -m experiments.common.update_rules_child FOLDER

reads `task.json` of the folder, and `arrays.npz` if there is one, and writes what it measured to
`measured.json` beside them. A process has one backend and one Keras: Keras 3, or tf_keras, Keras 2
as it goes on beside it. Older ones take the steps of the example here by `experiments.originals`.
"""

import json
import sys
from pathlib import Path

import numpy as np

WEIGHTS = ("embedding", "kernel", "recurrent kernel", "bias", "dense kernel")

# Three steps of a small embedding, with gradients as an embedding has them, and one as large as
# those of other weights. Words 3 and 4 have the same sum, of one sign and of both.
ONCE = [1e-4, 2e-5]
ALIKE = [[3e-5, 1e-5], [2e-5, 1e-5], [4e-5, 3e-5], [1e-5, 2e-5]]
MIXED = [[3e-4, 1e-4], [-2e-4, -5e-5], [1e-4, -8e-5], [-1e-4, 1e-4]]
LARGE = [0.1, -0.2]
EXAMPLE_ROWS = [ONCE, *(row for pair in zip(ALIKE, MIXED, strict=True) for row in pair), LARGE]
VOCABULARY = 6  # words 0 and 5 are not read
IDS = np.tile(np.array([1, 3, 4, 3, 4, 3, 4, 3, 4, 2], np.int32), (3, 1))  # (steps, readings)
# of other size and sign from step to step, so that `v` has a past; (steps, readings, features)
ROWS = np.multiply.outer([1, -0.5, 2], EXAMPLE_ROWS).astype(np.float32)
WORDS = {
    1: "read once",
    3: "4 times, one sign",
    4: "4 times, both signs",
    2: "once, large gradient",
}


def embedding_steps(keras, total, optimizer) -> list:
    """The example on any Keras, old ones, too: an embedding alone, which begins at zero.

    Its loss is the sum of outputs times targets, so that the targets are the gradients; `total` is
    that Keras's sum over some axes. Returns the weights after each step, (words, features) each.
    """
    features = ROWS.shape[-1]
    embedding = keras.layers.Embedding(VOCABULARY, features, embeddings_initializer="zeros")
    model = keras.models.Sequential([embedding])
    model.compile(optimizer, loss=lambda y, outputs: total(y * outputs, axis=(1, 2)))
    weights = []
    for ids, targets in zip(IDS, ROWS, strict=True):
        model.train_on_batch(ids[None], targets[None])
        weights.append(model.get_weights()[0].tolist())
    return weights


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
    """How far each weight of a compiled network moves in the first steps, at marks counted from 1.

    Ids `x` of shape (reviews, timesteps), labels `y` of shape (reviews,). For each mark: `sizes`,
    mean absolute change by name of the weight, of an embedding's rows those that the batch reads;
    `small`, share of the embedding's entries read so far whose `v` is below epsilon; `losses`.
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
        for name, old, new in zip(WEIGHTS, before, model.get_weights(), strict=False):
            change = np.abs(new.astype(np.float64) - old)  # the dense bias is left out
            change = change[words] if name == "embedding" else change
            measured["sizes"][name].append(float(change.mean()))
        v = next(value for value in model.optimizer.variables if "velocity" in value.path)
        measured["small"].append(float((np.asarray(v)[seen] < epsilon).mean()))
        measured["losses"].append(float(loss))
    return measured


def measure_keras(task: dict, arrays: dict) -> dict:
    """The example by each rule, the first steps by some, and the training losses by some.

    The task has the `seed`, the `network`'s sizes, `batch_size`, `learning_rate`, `marks`,
    `epsilon`; the `rules` of the example, those that are `compared` in first steps, and the number
    of epochs by each that is `trained`. The arrays are reviews `x` and `y`, and the first weights
    `weight_0`, ...
    """
    from harness.training.machine import prepare

    prepare(task["seed"], deterministic=False)
    import keras

    from harness.training.optimizers import make_optimizer

    x, y = arrays["x"], arrays["y"]
    weights = [arrays[f"weight_{place}"] for place in range(len(arrays) - 2)]
    batch_size, rate = task["batch_size"], task["learning_rate"]

    def compiled(rule: str):
        keras.utils.set_random_seed(task["seed"])
        model = small_network(**task["network"])
        model.set_weights(weights)
        model.compile(make_optimizer(rule, rate), "binary_crossentropy")
        return model

    def curve(rule: str, epochs: int) -> list[float]:
        def show(epoch, logs):
            name = f"{keras.backend.backend()}, {rule}, epoch {epoch + 1} of {epochs}"
            print(f"{name}: loss {logs['loss']:.4f}", flush=True)

        shown = [keras.callbacks.LambdaCallback(on_epoch_end=show)]
        model = compiled(rule)
        model.fit(x, y, batch_size=batch_size, epochs=epochs, callbacks=shown, verbose=0)
        return list(map(float, model.history.history["loss"]))

    return {
        "examples": {
            rule: embedding_steps(keras, keras.ops.sum, make_optimizer(rule, rate))
            for rule in task["rules"]
        },
        "steps": {
            rule: first_steps(compiled(rule), x, y, batch_size, task["marks"], task["epsilon"])
            for rule in task["compared"]
        },
        "curves": {rule: curve(rule, epochs) for rule, epochs in task["trained"].items()},
    }


def measure_tf_keras(learning_rate: float) -> dict:
    """The example by both generations of tf_keras's optimizers, by version and optimizer.

    `legacy` holds those that Keras had up to 2.10. The classes are made here, since the string
    `"rmsprop"` chooses between the two by the machine.
    """
    import tf_keras as keras

    new = f"tf_keras {keras.__version__}"
    found = {}
    for version, home in ((f"{new}, legacy", keras.optimizers.legacy), (new, keras.optimizers)):
        made = {
            name: getattr(home, name)(learning_rate=learning_rate) for name in ("RMSprop", "Adam")
        }
        found[version] = {
            name: embedding_steps(keras, keras.backend.sum, one) for name, one in made.items()
        }
    return found


def main(folder: Path) -> None:
    """Does what `task.json` of the folder asks."""
    task = json.loads((folder / "task.json").read_text())
    if "network" in task:
        with np.load(folder / "arrays.npz") as arrays:
            measured = measure_keras(task, dict(arrays))
    else:
        measured = measure_tf_keras(**task)
    (folder / "measured.json").write_text(json.dumps(measured))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
