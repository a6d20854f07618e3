"""Keras 2's and Keras 3's update rules: by hand, in the first steps, and over whole epochs.

Source:     recurrent-overview, r-slides (the published log of imdb-lstm, Keras 2.0.8);
            keras/optimizers.py of Keras 2.0.8, keras/src/optimizers/rmsprop.py of Keras 3
Claim:      the published training losses are those of Keras 2's rmsprop. Keras 3's puts epsilon
            inside the root, and on TensorFlow squares the gradients of a repeated word before it
            adds them: an embedding makes its first steps many times smaller.
Protocol:   plain Keras (`compile`, `fit`), without this project's faster layers, in a process of
            its own for each installed backend: three steps of a small embedding beside NumPy by
            hand; the first 20 steps of the 500-word protocol's LSTM; its training losses. The
            same initial weights everywhere, and the same batches but in the epochs.
Deviations: the documents train with Keras 2 and say nothing of its rule. 5 epochs of the 10, and 1
            on PyTorch, where a step takes twenty times as long as on TensorFlow.
Expected:   about 35 minutes on one CPU core, with TensorFlow alone about 10. JAX and PyTorch are
            optional: `pip install -r requirements-backends.txt`.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from experiments.common.imdb import SplitProtocol, load_reviews, split_notes
from harness.command_line import main
from harness.errors import RunError
from harness.experiment import Experiment
from harness.protocol import setting
from harness.training.environment import REPOSITORY

BACKENDS = ("tensorflow", "jax", "torch")
MARKS = (1, 2, 5, 10, 20)  # steps that are shown


@dataclass(frozen=True)
class Protocol(SplitProtocol):
    """Values of the 500-word protocol, and how far is trained."""

    num_words: int = setting(10_000, "ids below this stay, rarer words become 2", minimum=4)
    maxlen: int = setting(500, "tokens of each review; the last ones stay", minimum=1)
    embedding: int = setting(32, "features of a word vector", minimum=1)
    units: int = setting(32, "units of the LSTM", minimum=1)
    batch_size: int = setting(128, "reviews a training step", minimum=1)
    learning_rate: float = setting(0.001, "step size of the optimizers", minimum=1e-8)
    steps: int = setting(20, "first steps that are measured", minimum=1)
    epochs: int = setting(5, "passes over the training reviews", minimum=1)
    torch_epochs: int = setting(1, "passes on PyTorch; 0 leaves its training out", minimum=0)


def installed() -> list[str]:
    """Backends that a process of this Python can have."""
    return [name for name in BACKENDS if importlib.util.find_spec(name)]


def notes(protocol):
    missing = [name for name in BACKENDS if name not in installed()]
    absent = [f"Not installed, hence without rows here: {', '.join(missing)}."] if missing else []
    return [*split_notes(protocol), *absent]


def measure(backend: str, folder: Path, task: dict) -> dict:
    """Lets a process of its own do the task on one backend.

    Raises:
        RunError: it failed.
    """
    (folder / "task.json").write_text(json.dumps(task))
    variables = {
        "KERAS_BACKEND": backend,
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # JAX would take a GPU's memory from the others
    }
    command = [sys.executable, "-m", "experiments.common.update_rules_backend", str(folder)]
    sys.stdout.flush()
    done = subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | variables, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit code {done.returncode}"
        raise RunError(f"the part on {backend} failed: {last}")
    return json.loads((folder / "measured.json").read_text())


def train(protocol, run):
    import keras
    import numpy as np

    from experiments.common import update_rules_outputs as outputs
    from experiments.common.update_rules_backend import network
    from experiments.common.update_rules_example import ADAM, EPSILON, EXAMPLE, RMSPROP

    # a file of published numbers without these should not be found out after the training
    published = None if run.sample else outputs.published_losses(protocol.epochs)
    x, y = load_reviews(run, protocol.num_words, protocol.maxlen, protocol.validation_split).train
    marks = [step for step in MARKS if step <= min(protocol.steps, len(x) // protocol.batch_size)]
    if not marks:
        raise RunError(f"--batch-size {protocol.batch_size} is more than {len(x):,} reviews.")
    sizes = {name: getattr(protocol, name) for name in ("num_words", "embedding", "units")}
    sizes["maxlen"] = protocol.maxlen
    keras.utils.set_random_seed(run.seed)
    weights = network(**sizes).get_weights()
    task = {
        "seed": run.seed,
        "network": sizes,
        "weights": len(weights),
        "batch_size": protocol.batch_size,
        "learning_rate": protocol.learning_rate,
        "epsilon": EPSILON,
        "marks": marks,
        "rules": [*RMSPROP, *ADAM],
        "compared": [outputs.KERAS_2, outputs.KERAS_3],
        "example": EXAMPLE,
    }
    measured = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arrays = {f"weight_{place}": value for place, value in enumerate(weights)}
        np.savez(folder / "arrays.npz", x=x, y=y, **arrays)
        for backend in installed():
            epochs = dict.fromkeys((outputs.KERAS_3, outputs.KERAS_2), protocol.epochs)
            if backend == "torch":
                epochs = {outputs.KERAS_3: protocol.torch_epochs} if protocol.torch_epochs else {}
            measured[backend] = measure(backend, folder, {**task, "trained": epochs})
    run.finish_study(
        [
            *outputs.by_hand(measured, protocol.learning_rate),
            *outputs.first_steps(measured, marks),
            *outputs.training(measured, published),
        ]
    )


EXPERIMENT = Experiment(
    name="update-rules",
    title="Keras 2's and Keras 3's update rules",
    dataset="imdb",
    role="study",
    protocol=Protocol(),
    sample={"num_words": 250, "maxlen": 28, "epochs": 2, "batch_size": 64, "steps": 10},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
