"""How fast one thread multiplies large matrices: `python -m benchmarks.rate` prints GFLOP/s."""

import subprocess
import sys
import time

import numpy as np

from benchmarks.workers import environment

SIZE, REPEATS = 1024, 20


def matrix_rate() -> float:
    """Best rate of several float32 products, in 1e9 operations a second."""
    left, right = np.random.default_rng(0).random((2, SIZE, SIZE), np.float32)
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - began)
    return 2 * SIZE**3 / min(seconds) / 1e9


def one_thread_rate() -> float:
    """The rate in a process of its own: how many threads NumPy uses is settled at its start."""
    command = [sys.executable, "-m", "benchmarks.rate"]
    done = subprocess.run(command, env=environment(1), check=True, capture_output=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    print(matrix_rate())
