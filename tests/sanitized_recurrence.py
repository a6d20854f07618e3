"""Runs the recurrent layers in C under sanitizers, which report the first wrong access to memory.

As a program (`python tests/sanitized_recurrence.py FOLDER`), it takes small batches of many shapes
forward and back; the libraries are compiled into the folder.
"""

import sys
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
# layers, units, features, embedded, dropout; timesteps, sequences
SHAPES = [
    ((1, 32, 32, True, False), (40, 37)),
    ((2, 48, 16, True, False), (9, 8)),
    ((1, 16, 48, True, True), (5, 3)),
    ((1, 32, 14, False, False), (12, 1)),
]
WORDS = 11


def arrays(rng: np.random.Generator, form, timesteps: int, sequences: int) -> tuple:
    """Inputs, dropout masks and weights; word ids have paddings of all lengths in front."""

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    gates, units, features = GATES[form.cell], form.units, form.features
    x = normal(sequences, timesteps, features)
    weights = []
    if form.embedded:
        weights.append(normal(WORDS, features))
        x = rng.integers(0, WORDS, (sequences, timesteps), np.int32)
        for row, padded in zip(x, rng.integers(0, timesteps + 1, sequences), strict=True):
            row[:padded] = 0
    for layer in range(form.layers):
        weights += [normal(units if layer else features, gates * units)]
        weights += [normal(units, gates * units), normal(1 + (form.cell == "GRU"), gates * units)]
    masks = [normal(sequences, gates, width) for width in (features, units)]
    return x, masks if form.dropout else [], weights


def main() -> None:
    """Computes all shapes of all cells with one thread and with two."""
    # the arithmetic needs neither, and TensorFlow does not run under a sanitizer
    sys.modules |= {name: mock.MagicMock() for name in ("keras", "tensorflow")}
    from harness.training import native

    native.FLAGS = (*native.FLAGS, "-O1", "-g", "-fsanitize=address,undefined")
    native.LIBRARIES = Path(sys.argv[1])
    rng = np.random.default_rng(0)
    for cell in GATES:
        for (layers, units, features, embedded, dropout), (timesteps, sequences) in SHAPES:
            form = native.Form(cell, layers, units, features, embedded, dropout=dropout)
            for threads in (1, 2):
                native.threads = lambda count=threads: count
                network = native.Network(form)
                for size in (sequences, sequences + 9, 3, sequences):  # the kept memory is reused
                    given = arrays(rng, form, timesteps, size)
                    network.forward(*given, keep=False)
                    d_outputs = network.forward(*given, keep=True)
                    network.backward(network.number, d_outputs, *given)


if __name__ == "__main__":
    main()
