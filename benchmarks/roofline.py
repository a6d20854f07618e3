"""Roofline of a training step on one thread: the time of its arithmetic and of its update.

Neither activations nor other memory traffic is counted. Small products also run slower than the
large ones whose rate is measured. `python -m benchmarks.roofline` prints the rates of one thread.
"""

import json
import math
import subprocess
import sys
from timeit import repeat
from typing import NamedTuple

import numpy as np

from benchmarks.training_process import environment

SIZE, ENTRIES, REPEATS = 1024, 2**24, 20

# Bytes that an update reads and writes for each weight of four bytes: it reads the gradient, and
# reads and writes the weight and the averages (one in RMSprop, two in Adam). An embedding needs
# less: its gradient has few rows and is never written out for all of them.
BYTES_OF_AN_UPDATE = {"rmsprop": 4 * 5, "adam": 4 * 7}


class Rates(NamedTuple):
    """What one thread reaches, in 1e9 a second.

    Attributes:
        products: operations in large float32 matrix products.
        memory: bytes read and written by adding large arrays that no cache holds.
    """

    products: float
    memory: float


def operations(model, shape: tuple) -> int:
    """Floating-point operations of the matrix products of a training step, for one sample.

    A product of (rows, inner) and (inner, columns) takes 2 * rows * inner * columns operations.
    Training takes three products: the forward one and the gradients of both factors. It takes two
    where one factor is data, which needs no gradient.

    Args:
        model: a Keras model whose layers form a chain.
        shape: shape of a batch of its inputs; the batch size may be None.
    """
    import keras

    total, reads_data = 0, True
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        before, shape = shape, layer.compute_output_shape(shape)
        # an RNN multiplies at each timestep of its input, a convolution at each output position
        rows = before[1] if isinstance(layer, keras.layers.RNN) else math.prod(shape[1:-1])
        for weight in layer.weights:
            if weight.name.endswith("kernel"):
                products = 2 if reads_data and weight.name == "kernel" else 3
                total += products * 2 * rows * math.prod(weight.shape)
        reads_data = reads_data and not layer.weights
    return total


def one_thread_rates() -> Rates:
    """The rates from a new process: NumPy chooses its number of threads when it starts."""
    command = [sys.executable, "-m", "benchmarks.roofline"]
    done = subprocess.run(command, env=environment(1), check=True, capture_output=True, text=True)
    return Rates(*json.loads(done.stdout))


def main() -> None:
    """Prints the best of several measurements of each rate, as JSON."""
    left, right = np.random.default_rng(0).random((2, SIZE, SIZE), np.float32)
    one, other = np.ones((2, ENTRIES), np.float32)
    product = min(repeat(lambda: left @ right, number=1, repeat=REPEATS))  # s
    addition = min(repeat(lambda: np.add(one, other, out=one), number=1, repeat=REPEATS))
    print(json.dumps(Rates(2 * SIZE**3 / product / 1e9, 3 * one.nbytes / addition / 1e9)))


if __name__ == "__main__":
    main()
