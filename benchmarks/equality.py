"""Whether the faster layers compute what Keras's own do: `python -m benchmarks.equality NAME`.

Ten training steps of the published shapes. At each, Keras's own layers and the faster ones start
from the same weights; then those of plain Keras go on to the next. Dropout is left out, since XLA
draws other numbers.
"""

import json
import subprocess
import sys

import numpy as np

from benchmarks.workers import environment
from harness.environment import load_keras

STEPS = 10
BATCH, WORDS, TIMESTEPS = 128, 500, 240  # of the published protocols
PHRASES_BATCH, PHRASES_WORDS = 30, 100
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
    """Prints the largest differences of the loss and of a weight's gradient, as JSON.

    A weight's difference is relative to the largest entry of its gradient.
    """
    keras = load_keras()
    import tensorflow as tf

    from harness.acceleration import accelerate

    (name,) = sys.argv[1:]
    keras.utils.set_random_seed(0)
    build, draw, loss = network(name)
    plain, fast = build(), build()
    accelerate(fast)
    adam = name == "imdb-conv-lstm"
    rule = keras.optimizers.Adam() if adam else keras.optimizers.RMSprop()

    def gradients(model):
        @tf.function(jit_compile=model is fast)
        def compute(x, y):
            with tf.GradientTape() as tape:
                value = tf.reduce_mean(loss(y, model(x, training=True)))
            return value, [
                tf.convert_to_tensor(g) for g in tape.gradient(value, model.trainable_variables)
            ]

        return compute

    of_plain, of_fast = gradients(plain), gradients(fast)
    losses, relative = [], []
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        x, y = draw(rng)
        fast.set_weights(plain.get_weights())
        (expected, theirs), (found, ours) = of_plain(x, y), of_fast(x, y)
        losses.append(abs(float(expected - found)))
        for a, b in zip(theirs, ours, strict=True):
            relative.append(float(np.abs(a - b).max() / np.abs(a).max()))
        rule.apply(theirs, plain.trainable_variables)
    print(json.dumps({"loss": max(losses), "gradient": max(relative)}))


def network(name: str) -> tuple:
    """How a network is built, how a batch is drawn, and the loss."""
    import keras

    from models import climate, sentiment

    def reviews(batch, words, vocabulary):
        def draw(rng):
            labels = rng.integers(0, 2, (batch, 1)).astype(np.float32)  # (batch, 1)
            return rng.integers(0, vocabulary, (batch, words), np.int32), labels

        return draw

    def windows(rng):
        x = rng.normal(size=(BATCH, TIMESTEPS, 14)).astype(np.float32)  # (batch, time, features)
        return x, rng.normal(size=(BATCH, 1)).astype(np.float32)

    if name == "jena-gru":
        return climate.gru, windows, keras.losses.mean_absolute_error
    loss = keras.losses.binary_crossentropy
    if name == "imdb-conv-lstm":
        words = reviews(PHRASES_BATCH, PHRASES_WORDS, 20_000)
        return lambda: sentiment.conv_lstm(dropout=0.0), words, loss
    builders = {
        "imdb-simple-rnn": sentiment.simple_rnn,
        "imdb-stacked-rnn": sentiment.stacked_rnn,
        "imdb-lstm": sentiment.lstm,
    }
    return builders[name], reviews(BATCH, WORDS, 10_000), loss


if __name__ == "__main__":
    main()
