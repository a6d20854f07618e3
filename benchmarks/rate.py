"""How fast one thread computes and moves data: `python -m benchmarks.rate` prints it as JSON."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.workers import environment

SIZE, ENTRIES, REPEATS = 1024, 2**24, 20


@dataclass(frozen=True)
class Rates:
    """What one thread reaches.

    Attributes:
        products: of large float32 matrix products, 1e9 operations a second.
        memory: of adding one array to another that no cache holds, 1e9 bytes read and written a
            second.
    """

    products: float
    memory: float


def measure_rates() -> Rates:
    """The best of several measurements of each."""
    left, right = np.random.default_rng(0).random((2, SIZE, SIZE), np.float32)
    one, other = np.ones((2, ENTRIES), np.float32)
    return Rates(
        products=2 * SIZE**3 / _shortest(lambda: left @ right) / 1e9,
        memory=3 * one.nbytes / _shortest(lambda: np.add(one, other, out=one)) / 1e9,
    )


def one_thread_rates() -> Rates:
    """The rates in a process of its own: how many threads NumPy uses is settled at its start."""
    command = [sys.executable, "-m", "benchmarks.rate"]
    done = subprocess.run(command, env=environment(1), check=True, capture_output=True, text=True)
    return Rates(**json.loads(done.stdout))


def _shortest(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


if __name__ == "__main__":
    print(json.dumps(asdict(measure_rates())))
