"""What a step takes on the Keras of the documents' logs: what their readers had."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.benchmark_file import Measurement, measured
from benchmarks.cases import Case
from benchmarks.equality import batches
from benchmarks.interleaved import WARM_UP, say
from experiments.originals.original import LOGS, carry_out, original, task_of
from harness.errors import RunError
from harness.training.machine import load_keras


def original_metrics(case: Case, sample: bool) -> list[Measurement]:
    """Milliseconds a step on one thread; none where that Keras cannot be installed."""
    version = LOGS[case.name]
    say(f"{case.name}: ten steps of Keras {version}")
    protocol = dataclasses.replace(original(case.experiment).protocol, keras=version)
    load_keras()  # quietly, before the reviews are padded by it
    x, y = map(np.array, zip(*batches(case.name, sample), strict=True))
    try:
        task = task_of(case.name, protocol, seed=0)
        with tempfile.TemporaryDirectory() as folder:
            seconds = carry_out(task, {"x": x, "y": y}, Path(folder))["seconds"]
    except RunError as error:
        say(f"{case.name}: left out: {error}")
        return []
    return [measured(case.name, "step, original", 1000 * np.array(seconds[WARM_UP:]), "ms")]
