"""What the study `update-rules` lets each Keras measure, in a process of its own.

A process has one backend and one Keras: Keras 3, or tf_keras, Keras 2 as it goes on beside it.
Older ones take the steps of the example here by `experiments.originals`.
"""

import sys
from multiprocessing.connection import Connection

import numpy as np

WEIGHTS = ("embedding", "kernel", "recurrent kernel", "bias", "dense kernel")
EPSILON = 1e-7  # today's

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


def embedding_steps(keras, total, optimizer) -> np.ndarray:
    """The example on any Keras, old ones, too: an embedding alone, which begins at zero.

    Its loss is the sum of outputs times targets, so that the targets are the gradients; `total` is
    that Keras's sum over some axes. Returns the weights after each step, (steps, words, features).
    """
    features = ROWS.shape[-1]
    embedding = keras.layers.Embedding(VOCABULARY, features, embeddings_initializer="zeros")
    model = keras.models.Sequential([embedding])
    model.compile(optimizer, loss=lambda y, outputs: total(y * outputs, axis=(1, 2)))
    weights = []
    for ids, targets in zip(IDS, ROWS, strict=True):
        model.train_on_batch(ids[None], targets[None])
        weights.append(model.get_weights()[0].astype(np.float64))
    return np.stack(weights)


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


def first_steps(model, x, y, batch_size: int, marks: list[int]) -> dict:
    """How far each weight of a compiled network moves in the first steps, at marks counted from 1.

    Ids `x` of shape (reviews, timesteps), labels `y` of shape (reviews,). For each mark: `sizes`,
    mean absolute change of each of `WEIGHTS`, of an embedding's rows those that the batch reads;
    `small`, share of the embedding's entries read so far whose `v` is below `EPSILON`; `losses`.
    """
    measured = {"sizes": [[] for _ in WEIGHTS], "small": [], "losses": []}
    seen = np.zeros(len(model.get_weights()[0]), bool)  # (words,)
    for step in range(1, marks[-1] + 1):
        batch = slice((step - 1) * batch_size, step * batch_size)
        words = np.unique(x[batch])
        seen[words] = True
        before = model.get_weights()
        loss = model.train_on_batch(x[batch], y[batch])
        if step not in marks:
            continue
        pairs = zip(before, model.get_weights(), strict=True)
        changes = [np.abs(new.astype(np.float64) - old) for old, new in pairs]
        changes[0] = changes[0][words]
        for sizes, change in zip(measured["sizes"], changes, strict=False):  # no dense bias
            sizes.append(float(change.mean()))
        v = next(value for value in model.optimizer.variables if "velocity" in value.path)
        measured["small"].append(float((np.asarray(v)[seen] < EPSILON).mean()))
        measured["losses"].append(float(loss))
    return measured


def measure_keras(task: dict, say) -> dict:
    """What Keras 3 measures on one backend; says the line of each epoch.

    The `examples` are of each of the `rules`, the first `steps` of those that are `compared`, and
    the `curves`, losses of each epoch, of those that are `trained` for a number of epochs. The task
    also has the reviews `x` and `y`, the `network`'s sizes and first `weights`, and the values of
    the training. What was measured is by backend and rule.
    """
    from harness.training.machine import prepare

    prepare(task["seed"], deterministic=False)
    import keras

    from harness.training.optimizers import make_optimizer

    x, y, batch_size = task["x"], task["y"], task["batch_size"]
    name = f"{keras.backend.backend()}, {{}}".format

    def optimizer(rule: str):
        return make_optimizer(rule, task["learning_rate"])

    def compiled(rule: str):
        keras.utils.set_random_seed(task["seed"])
        model = small_network(*task["network"])
        model.set_weights(task["weights"])
        model.compile(optimizer(rule), "binary_crossentropy")
        return model

    def curve(rule: str, epochs: int) -> list[float]:
        def show(epoch, logs):
            say(f"{name(rule)}, epoch {epoch + 1} of {epochs}: loss {logs['loss']:.4f}")

        shown = [keras.callbacks.LambdaCallback(on_epoch_end=show)]
        model = compiled(rule)
        model.fit(x, y, batch_size=batch_size, epochs=epochs, callbacks=shown, verbose=0)
        return list(map(float, model.history.history["loss"]))

    return {
        "examples": {
            name(rule): embedding_steps(keras, keras.ops.sum, optimizer(rule))
            for rule in task["rules"]
        },
        "steps": {
            name(rule): first_steps(compiled(rule), x, y, batch_size, task["marks"])
            for rule in task["compared"]
        },
        "curves": {name(rule): curve(rule, epochs) for rule, epochs in task["trained"].items()},
    }


def measure_tf_keras(task: dict, say) -> dict:
    """The example by both generations of tf_keras's optimizers, by version and optimizer.

    `legacy` holds those that Keras had up to 2.10. The classes are made here, since the string
    `"rmsprop"` chooses between the two by the machine.
    """
    import tf_keras as keras

    new, rate = f"tf_keras {keras.__version__}", task["learning_rate"]
    found = {}
    for version, home in ((f"{new}, legacy", keras.optimizers.legacy), (new, keras.optimizers)):
        made = {name: getattr(home, name)(learning_rate=rate) for name in ("RMSprop", "Adam")}
        found[version] = {
            name: embedding_steps(keras, keras.backend.sum, one) for name, one in made.items()
        }
    return found


def main() -> None:
    """Does the task that comes through the connection whose descriptor is the argument."""
    connection = Connection(int(sys.argv[1]))
    task = connection.recv()
    measure = measure_keras if "network" in task else measure_tf_keras
    connection.send(measure(task, connection.send))


if __name__ == "__main__":
    main()
