"""Whether the faster layers compute what Keras's own do: `python -m benchmarks.equality NAME`.

Ten training steps of the published shapes. At each, Keras's own layers and the faster ones start
from the same weights; then those of plain Keras go on to the next. Dropout is left out, since XLA
draws other numbers. XLA also rounds otherwise: what that alone does is seen by Keras's own layers,
compiled by XLA.
"""

import json
import subprocess
import sys

import numpy as np

from benchmarks.cases import CASES
from benchmarks.workers import environment
from harness.training.environment import load_keras

STEPS = 10
BATCH, WORDS, TIMESTEPS = 128, 500, 240  # of the published protocols
PHRASES_BATCH, PHRASES_WORDS = 30, 100
XLA_ALONE = "gradient, Keras's layers compiled by XLA"
COMPARED = (
    "imdb-simple-rnn",
    "imdb-stacked-rnn",
    "imdb-lstm",
    "imdb-conv-lstm",
    "jena-gru",
)


def largest_differences(name: str) -> dict[str, float]:
    """What `main` prints, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.equality", name]
    done = subprocess.run(command, env=environment(None), check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Prints the largest differences from plain Keras, as JSON.

    Those of a gradient are relative to its largest entry.
    """
    keras = load_keras()
    import tensorflow as tf

    from harness.training.fast_layers import accelerate

    (name,) = sys.argv[1:]
    keras.utils.set_random_seed(0)
    build, draw, loss = network(name)
    plain, fast = build(), build()
    accelerate(fast)
    rule = keras.optimizers.get(CASES[name].optimizer)

    def gradients(model, xla):
        @tf.function(jit_compile=xla)
        def compute(x, y):
            with tf.GradientTape() as tape:
                value = tf.reduce_mean(loss(y, model(x, training=True)))
            return value, [
                tf.convert_to_tensor(g) for g in tape.gradient(value, model.trainable_variables)
            ]

        return compute

    of_plain, of_compiled = gradients(plain, xla=False), gradients(plain, xla=True)
    of_fast = gradients(fast, xla=True)
    losses, relative, compiled = [], [], []
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        x, y = draw(rng)
        fast.set_weights(plain.get_weights())
        (expected, theirs), (found, ours) = of_plain(x, y), of_fast(x, y)
        losses.append(abs(float(expected - found)))
        relative.append(_difference(ours, theirs))
        compiled.append(_difference(of_compiled(x, y)[1], theirs))
        rule.apply(theirs, plain.trainable_variables)
    largest = {"loss": max(losses), "gradient": max(relative), XLA_ALONE: max(compiled)}
    print(json.dumps(largest))


def _difference(found: list, expected: list) -> float:
    """The largest of all weights' gradients, each relative to its largest entry."""
    differences = []
    for a, b in zip(expected, found, strict=True):
        largest = np.abs(a).max()  # 0 where positive and negative errors are equally many
        differences.append(float(np.abs(a - b).max() / (largest or 1)))
    return max(differences)


def network(name: str) -> tuple:
    """How a network is built, how a batch is drawn, and the loss."""
    from functools import partial

    import keras

    from models import imdb, jena

    def reviews(batch, words, vocabulary):
        def draw(rng):
            labels = rng.integers(0, 2, (batch, 1)).astype(np.float32)  # (batch, 1)
            return rng.integers(0, vocabulary, (batch, words), np.int32), labels

        return draw

    def windows(rng):
        x = rng.normal(size=(BATCH, TIMESTEPS, 14)).astype(np.float32)  # (batch, time, features)
        return x, rng.normal(size=(BATCH, 1)).astype(np.float32)

    if name == "jena-gru":
        return jena.gru, windows, keras.losses.mean_absolute_error
    loss = keras.losses.binary_crossentropy
    if name == "imdb-conv-lstm":
        words = reviews(PHRASES_BATCH, PHRASES_WORDS, 20_000)
        return lambda: imdb.conv_lstm(dropout=0.0), words, loss
    builders = {
        "imdb-simple-rnn": partial(imdb.recurrent, "simple-rnn"),
        "imdb-stacked-rnn": partial(imdb.recurrent, "simple-rnn", depth=4),
        "imdb-lstm": partial(imdb.recurrent, "lstm"),
    }
    return builders[name], reviews(BATCH, WORDS, 10_000), loss


if __name__ == "__main__":
    main()
