"""What the study `parallel` times in a process of its own, with as many threads as it is told."""

import sys
import time
from multiprocessing.connection import Connection

import numpy as np


def milliseconds(task: dict) -> tuple[dict[str, np.ndarray], set[str]]:
    """Of training steps (lengths, steps), by network and sequences; and which layers computed.

    The networks take turns.
    """
    from harness.training.machine import prepare

    prepare(task["seed"], deterministic=False)
    from keras import Input, Sequential, layers

    from harness.training.fit import choose_layers
    from harness.training.optimizers import make_optimizer

    rng, found, computed_by = np.random.default_rng(task["seed"]), {}, set()
    for batch, words in task["batches"].items():
        for length in task["lengths"]:
            x = rng.normal(size=(batch, length, task["features"])).astype(np.float32)
            y = rng.integers(2, size=(batch, 1))
            readers = {
                "SimpleRNN": [layers.SimpleRNN(task["units"])],
                "Conv1D": [layers.Conv1D(task["units"], 5), layers.GlobalMaxPooling1D()],
            }
            models, times = {}, {name: [] for name in readers}
            for name, reader in readers.items():
                models[name] = Sequential([Input(x.shape[1:]), *reader, layers.Dense(1)])
                optimizer = make_optimizer("sgd", 0.001)
                layers_used = choose_layers(models[name], optimizer)
                computed_by.add(layers_used)
                models[name].compile(optimizer, "mse", jit_compile=layers_used != "native")
                for _ in range(3):
                    models[name].train_on_batch(x, y)  # compiles, and warms up
            for _ in range(task["steps"]):
                for name, model in models.items():
                    began = time.perf_counter()
                    model.train_on_batch(x, y)
                    times[name].append(1000 * (time.perf_counter() - began))
            for name in readers:
                found.setdefault(f"{name}, {words}", []).append(times[name])
    return {name: np.array(times) for name, times in found.items()}, computed_by


if __name__ == "__main__":
    connection = Connection(int(sys.argv[1]))
    connection.send(milliseconds(connection.recv()))
