"""RMSprop and Adam through the versions of Keras: by hand, in first steps, and over whole epochs.

Source:     recurrent-overview, r-slides (the published log of imdb-lstm, Keras 2.0.8);
            keras/optimizers.py of Keras 2.0.8, 2.1.6 and 2.2.4, keras/src/optimizers/rmsprop.py of
            Keras 3
Claim:      the published training losses are those of the rmsprop of 2.0.8. It divides by
            sqrt(v) + 1e-8, from 2.1.3 on by sqrt(v) + 1e-7, from 2.11 on by sqrt(v + 1e-7); and in
            3.x on TensorFlow the gradients of a repeated word are squared before they are added.
            From 2.11 on the first steps of an embedding are many times smaller.
Protocol:   each version runs, in a process of its own: three steps of a small embedding beside
            NumPy by hand on Keras 2.0.8, 2.1.6, 2.2.4, tf_keras (both generations of optimizers),
            and Keras 3 on each installed backend. On these, in plain Keras (`compile`, `fit`),
            without this project's faster layers, also the first 20 steps of the 500-word protocol's
            LSTM and its training losses. The same initial weights everywhere, and the same batches
            but in the epochs.
Deviations: the documents say nothing of the rule. 5 epochs of the 10, and 1 on PyTorch, where a
            step takes twenty times as long as on TensorFlow.
Expected:   about 40 minutes on one CPU core, with TensorFlow alone about 10. tf_keras, JAX and
            PyTorch are optional: `pip install -r requirements-backends.txt`.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from experiments.common.imdb import ImdbStudy, NetworkProtocol, load_padded, split_notes
from experiments.common.update_rules_processes import (
    installed_backends,
    measure_on,
    measure_versions,
    measured_today,
    not_installed,
)
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting

MARKS = (1, 2, 5, 10, 20)  # steps that are shown


@dataclass(frozen=True)
class Protocol(NetworkProtocol):
    """Values of the 500-word protocol, and the length of the training."""

    batch_size: int = setting(128, "reviews a training step", minimum=1)
    learning_rate: float = setting(0.001, "step size of the optimizers", minimum=1e-8)
    steps: int = setting(20, "first steps that are measured", minimum=1)
    epochs: int = setting(5, "passes over the training reviews", minimum=1)
    torch_epochs: int = setting(1, "passes on PyTorch; 0 leaves its training out", minimum=0)


def notes(protocol):
    missing = not_installed()
    absent = [f"Not installed, hence without rows here: {', '.join(missing)}."] if missing else []
    return [*split_notes(protocol), *absent]


def train(protocol, run):
    import keras
    import numpy as np

    from experiments.common import update_rules_outputs as outputs
    from experiments.common.update_rules_backend import small_network
    from experiments.common.update_rules_example import ADAM, EPSILON, RMSPROP

    # fails before the training if the published losses are missing
    published = None if run.sample else outputs.published_losses(protocol.epochs)
    x, y = load_padded(protocol, run).train
    rate = protocol.learning_rate
    marks = [step for step in MARKS if step <= min(protocol.steps, len(x) // protocol.batch_size)]
    if not marks:
        raise RunError(f"--batch-size {protocol.batch_size} is more than {len(x):,} reviews.")
    sizes = {f: getattr(protocol, f) for f in ("num_words", "embedding", "units", "maxlen")}
    keras.utils.set_random_seed(run.seed)
    weights = small_network(**sizes).get_weights()
    task = {
        "seed": run.seed,
        "network": sizes,
        "weights": len(weights),
        "batch_size": protocol.batch_size,
        "learning_rate": rate,
        "epsilon": EPSILON,
        "marks": marks,
        "rules": [*RMSPROP, *ADAM],
        "compared": [*outputs.OLD, outputs.TODAY],
    }
    versions, absent = measure_versions(rate, install=not run.sample)
    run.write("config", {"notes": [*run.part("config")["notes"], *absent]})
    measured = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arrays = {f"weight_{place}": value for place, value in enumerate(weights)}
        np.savez(folder / "arrays.npz", x=x, y=y, **arrays)
        for backend in installed_backends():
            epochs = dict.fromkeys((outputs.TODAY, outputs.PUBLISHED_RULE), protocol.epochs)
            if backend == "torch":
                epochs = {outputs.TODAY: protocol.torch_epochs} if protocol.torch_epochs else {}
            measured[backend] = measure_on(backend, folder, {**task, "trained": epochs})
    run.add_layers("keras")
    run.finish_study(
        [
            *outputs.by_hand(versions | measured_today(measured), measured, rate),
            *outputs.first_step_outputs(measured, marks),
            *outputs.training(measured, published),
        ]
    )


EXPERIMENT = ImdbStudy(
    "update-rules",
    "RMSprop and Adam through the versions of Keras",
    protocol=Protocol(),
    sample={"num_words": 250, "maxlen": 28, "epochs": 2, "batch_size": 64, "steps": 10},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
