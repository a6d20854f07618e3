"""An experiment on the Keras of its document: that Keras itself, unchanged, on today's TensorFlow.

Source:     the document that the experiment names; its network in the API of its time.
Claim:      that of the experiment. The published logs are of Keras 2.0.8, and of 2.2.4 for the
            convolution.
Protocol:   the experiment's. Update rule, step size and gates are that Keras's own.
Deviations: Jena's validation windows are evaluated once an epoch each, and its training windows are
            those that this project draws. One thread, on the CPU.
Expected:   2 minutes (SimpleRNN, Conv1D + LSTM) to an hour (Jena's GRU with dropout) on one CPU
            core; the first run installs the old Keras into the virtual environment.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from experiments.common import imdb, jena
from experiments.originals.install import VERSIONS, installed, wheels
from harness.cli import say
from harness.errors import RunError, few
from harness.experiment import Experiment
from harness.protocol import setting
from harness.records.run import Run

if TYPE_CHECKING:
    import numpy as np

# the networks that old Keras has, each with the Keras of its document's log
LOGS = {
    "imdb-simple-rnn": "2.0.8",
    "imdb-stacked-rnn": "2.0.8",
    "imdb-lstm": "2.0.8",
    "imdb-gru": "2.0.8",
    "imdb-conv-lstm": "2.2.4",
    "jena-dense": "2.0.8",
    "jena-gru": "2.0.8",
    "jena-gru-dropout": "2.0.8",
}
# settings by which today's Keras takes after an old one, which has its own; it trains all epochs
OWN = ("optimizer", "learning_rate", "gates", "reset_after", "patience")


def original(experiment: Experiment) -> Experiment:
    """The same experiment with one more setting, the Keras that computes it."""
    if experiment.name not in LOGS:
        raise RunError(f"{experiment.name} does not run on an old Keras; these do: {few(LOGS)}.")
    protocol = experiment.protocol
    hints = get_type_hints(type(protocol))
    kept = [field for field in dataclasses.fields(protocol) if field.name not in OWN]
    fields = [
        (one.name, hints[one.name], dataclasses.field(default=one.default, metadata=one.metadata))
        for one in kept
    ]
    fields.append(("keras", str, setting("", "Keras that computes", choices=VERSIONS)))
    kind = dataclasses.make_dataclass("OriginalProtocol", fields, frozen=True)
    values = {one.name: getattr(protocol, one.name) for one in kept}
    return dataclasses.replace(
        experiment, protocol=kind(**values), train=train, notes=notes, uses_keras=False
    )


def notes(protocol: Any) -> list[str]:
    """What a reader must know to compare its results."""
    split = imdb.split_notes if hasattr(protocol, "validation_split") else jena.window_notes
    computed = f"Computed by Keras {protocol.keras} itself, with its update rule and its gates."
    return [*split(protocol), computed]


def train(protocol: Any, run: Run) -> None:
    """Trains on an old Keras, and finishes the run.

    Raises:
        DivergedError: the loss became NaN or infinite.
    """
    installed(protocol.keras)  # before the data are read
    from harness.training.machine import cpu_name, load_keras

    load_keras()  # the loaders of the data use today's
    import numpy as np

    if hasattr(protocol, "validation_split"):
        splits = imdb.load_padded(protocol, run)
        arrays = arrays_of_reviews(splits)
    else:
        splits = jena.load_weather(protocol, run)
        arrays = arrays_of_weather(splits)
    run.write(
        "environment",
        {
            "packages": run.part("environment")["packages"] | {"keras": protocol.keras},
            "wheels": wheels(protocol.keras),
            "backend": "tensorflow",
            "device": f"CPU: {cpu_name()}",
            "floatx": "float32",
            "threads": 1,
        },
    )
    run.add_layers(f"keras-{protocol.keras}")
    with tempfile.TemporaryDirectory() as place:
        name = run.part("config")["experiment"]
        task = task_of(name, protocol, run.seed)
        end = carry_out(task, arrays, Path(place), lambda line: add_epoch(run, protocol, line))

        def outputs(epoch: str) -> dict:
            names = ("validation", "test")
            return {one: np.load(f"{place}/{epoch}-{one}.npy") for one in names}

        run.finish_model(splits, outputs("best"), outputs("last"), **end)


def arrays_of_reviews(splits: imdb.ReviewSplits) -> dict[str, np.ndarray]:
    """The arrays that the other process reads."""
    arrays = {}
    for name in ("train", "validation", "test"):
        arrays[f"x_{name}"], arrays[f"y_{name}"] = getattr(splits, name)
    return arrays


def arrays_of_weather(weather: jena.Weather) -> dict[str, np.ndarray]:
    """Likewise for windows: the series, each split's rows, and the windows of each step."""
    import numpy as np

    windows, drawn = weather.windows, weather.train
    splits = {name: getattr(windows, name).last_rows for name in ("train", "validation", "test")}
    epochs, batches = range(weather.protocol.epochs), range(len(drawn))
    draws = [drawn.index(epoch, batch) for epoch in epochs for batch in batches]
    shared = ("series", "offsets", "horizon", "target_column")
    arrays = {name: getattr(windows.train, name) for name in shared}
    return arrays | splits | {"draws": np.array(draws, np.int32)}


def add_epoch(run: Run, protocol: Any, line: dict) -> None:
    """Records one epoch, and prints it as every training does."""
    from harness.training.fit import progress_line, record_epoch

    record_epoch(run, line["epoch"], line["seconds"])
    done = len(run.history["seconds"])
    say(progress_line(done, protocol.epochs, line["epoch"], line["seconds"]))


def task_of(name: str, protocol: Any, seed: int, floatx: str = "float32") -> dict:
    """What the other process is told of an experiment by this name and protocol."""
    return {
        "keras": protocol.keras,
        "wheels": str(installed(protocol.keras)),
        "experiment": name,
        "protocol": dataclasses.asdict(protocol),
        "seed": seed,
        "floatx": floatx,
    }


def carry_out(task: dict, arrays: dict, folder: Path, epoch_ends=None) -> dict:
    """Does a task in a process of its own with a home folder of its own; returns its last line.

    Old Keras reads and writes `~/.keras/keras.json`, which must stay the user's. An empty folder
    passes task and arrays on, and receives what the process writes. `epoch_ends` is called with
    each line but the last.
    """
    import numpy as np

    from harness.training.machine import REPOSITORY

    (folder / "task.json").write_text(json.dumps(task))
    np.savez(folder / "data.npz", **arrays)
    (folder / "home").mkdir()
    own = {
        "HOME": str(folder / "home"),
        "KERAS_HOME": str(folder / "home"),
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    program = ["harness.processes", "experiments.originals.process", str(folder)]
    last = {}
    with (folder / "errors").open("w+") as errors:
        with subprocess.Popen(
            [sys.executable, "-m", *program],
            cwd=REPOSITORY,
            env=os.environ | own,
            stdin=subprocess.PIPE,  # whose end ends it
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process:
            for line in process.stdout:
                last = json.loads(line)
                if "epoch" in last:
                    epoch_ends(last)
        errors.seek(0)
        said = errors.read().strip().splitlines() or [f"exit code {process.returncode}"]
    if process.returncode:
        raise RunError(f"Keras {task['keras']} failed: {said[-1]}")
    return last
