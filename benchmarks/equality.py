"""Whether the faster layers compute what Keras's own do: `python -m benchmarks.equality NAME`.

Takes ten training steps on reviews, or on random readings in place of Jena's. Before each step,
Keras's own layers and the faster ones get the same weights. Prints the largest differences as JSON;
those of a gradient are relative to its largest entry. Dropout is left out, since the layers draw
other numbers. They also round otherwise: Keras's own layers, compiled by XLA, show how much that
alone does.
"""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.cases import CASES
from benchmarks.training_process import run_to_end
from harness.cli import Parser, add_sample, run_command

STEPS = 10
XLA_ALONE = "gradient, Keras's layers compiled by XLA"
COMPARED = ("imdb-simple-rnn", "imdb-stacked-rnn", "imdb-lstm", "imdb-conv-lstm", "jena-gru")


def largest_differences(name: str, sample: bool, folder: Path) -> dict[str, float]:
    """What this command prints for an experiment, from a process of its own.

    Raises:
        RunError: it failed.
    """
    command = ["benchmarks.equality", name, *(["--sample"] if sample else [])]
    return json.loads(run_to_end(command, folder / f"{name}-equality.log"))


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    parser = Parser("benchmarks.equality", __doc__)
    parser.add_argument("experiment", choices=COMPARED, metavar="NAME", help=", ".join(COMPARED))
    add_sample(parser, "use the built-in sample reviews")
    options = parser.parse_args(argv)
    return run_command(lambda: print(json.dumps(compare(options.experiment, options.sample))))


def compare(name: str, sample: bool) -> dict[str, float]:
    """The largest differences in ten steps, by what differs.

    Raises:
        DataError: the reviews are not there.
    """
    from harness.training.machine import load_keras

    keras = load_keras()
    import tensorflow as tf

    from harness.training.fit import choose_layers
    from harness.training.optimizers import make_optimizer

    keras.utils.set_random_seed(0)
    plain, fast = published_network(name), published_network(name)
    protocol = CASES[name].experiment.protocol
    rule = make_optimizer(protocol.optimizer, protocol.learning_rate)
    by_xla = choose_layers(fast, rule) == "fast"
    loss = keras.losses.get("mae" if name == "jena-gru" else "binary_crossentropy")

    def gradients(model, xla):
        @tf.function(jit_compile=xla)
        def compute(x, y):
            with tf.GradientTape() as tape:
                value = tf.reduce_mean(loss(y, model(x, training=True)))
            found = tape.gradient(value, model.trainable_variables)
            return value, [tf.convert_to_tensor(gradient) for gradient in found]

        return compute

    of_plain, of_compiled = gradients(plain, xla=False), gradients(plain, xla=True)
    of_fast = gradients(fast, xla=by_xla)
    differences = []
    for x, y in batches(name, sample):
        fast.set_weights(plain.get_weights())
        (expected, theirs), (found, ours) = of_plain(x, y), of_fast(x, y)
        of_loss = abs(float(expected - found))
        of_xla = _difference(of_compiled(x, y)[1], theirs)
        differences.append((of_loss, _difference(ours, theirs), of_xla))
        rule.apply(theirs, plain.trainable_variables)
    largest = map(max, zip(*differences, strict=True))
    return dict(zip(("loss", "gradient", XLA_ALONE), largest, strict=True))


def _difference(found: list, expected: list) -> float:
    """The largest difference of all weights' gradients, each relative to its largest entry."""
    differences = []
    for a, b in zip(expected, found, strict=True):
        largest = np.abs(a).max()  # 0 where positive and negative errors are equally many
        differences.append(float(np.abs(a - b).max() / (largest or 1)))
    return max(differences)


def published_network(name: str):
    """A Keras model of the published shape, without dropout."""
    from models import imdb, jena

    if name == "jena-gru":
        return jena.gru()
    if name == "imdb-conv-lstm":
        return imdb.conv_lstm(dropout=0.0)
    cell, depth = {"imdb-stacked-rnn": ("simple-rnn", 4)}.get(name, (name.removeprefix("imdb-"), 1))
    return imdb.recurrent(cell, depth=depth)


def batches(name: str, sample: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Inputs and targets of the first steps, in the published shapes.

    Yields:
        Word ids of reviews, int32, shape (batch, words), or random readings, float32, shape (batch,
        timesteps, 14); and targets, float32, shape (batch, 1).

    Raises:
        DataError: the reviews are not there.
    """
    protocol = CASES[name].experiment.protocol
    shape = STEPS, protocol.batch_size
    if name.startswith("jena"):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(*shape, int(protocol.lookback_hours), 14)).astype(np.float32)
        y = rng.normal(size=(*shape, 1))
    else:
        from benchmarks.plain.reviews import padded_reviews

        (x, y), _ = padded_reviews(protocol.num_words, protocol.maxlen, sample)
        x, y = (part[: math.prod(shape)].reshape(*shape, -1) for part in (x, y))
    return zip(x, y.astype(np.float32), strict=True)


if __name__ == "__main__":
    sys.exit(main())
