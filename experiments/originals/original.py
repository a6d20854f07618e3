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

import dataclasses
import tempfile
from collections.abc import Iterator
from typing import Any

from experiments.common import imdb, jena
from experiments.originals.install import VERSIONS, installed, wheels
from harness.cli import say
from harness.errors import RunError, few
from harness.experiment import Experiment
from harness.processes import answers
from harness.protocol import altered, setting
from harness.records.run import Run

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
    "jena-gru-stacked": "2.0.8",
}
# settings by which today's Keras takes after an old one, which has its own; it trains all epochs,
# and its SimpleRNN reads one earlier output
OWN = ("optimizer", "learning_rate", "gates", "reset_after", "patience", "lags")
SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class OldKeras:
    """What such a protocol has in their place."""

    keras: str = setting("", "Keras that computes", choices=VERSIONS)


def original(experiment: Experiment) -> Experiment:
    """The same experiment with one more setting, the Keras that computes it."""
    if experiment.name not in LOGS:
        raise RunError(f"{experiment.name} does not run on an old Keras; these do: {few(LOGS)}.")
    protocol = altered(experiment.protocol, OldKeras(), without=OWN)
    return dataclasses.replace(
        experiment, protocol=protocol, train=train, notes=notes, uses_keras=False, try_next=""
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
    for flag in ("deterministic", "plain_keras"):
        if run.part("config")[flag]:
            raise RunError(
                f"--{flag.replace('_', '-')} is for today's Keras; an old one always computes "
                "plainly, on one thread. Leave it out."
            )
    installed(protocol.keras)  # before the data are read
    from harness.training.machine import cpu_name, load_keras

    load_keras()  # the loaders of the data use today's
    from harness.training.fit import progress_line, record_epoch

    if hasattr(protocol, "validation_split"):
        splits = imdb.load_padded(protocol, run)
        samples = {"splits": {name: getattr(splits, name) for name in SPLITS}}
    else:
        splits = jena.load_weather(protocol, run)
        samples = windows_and_draws(splits)
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
    task = task_of("train", run.part("config")["experiment"], protocol, run.seed)
    for said in carry_out(task | samples):
        if "epoch" in said:
            record_epoch(run, said["epoch"], said["seconds"])
            done = len(run.history["seconds"])
            say(progress_line(done, protocol.epochs, said["epoch"], said["seconds"]))
    run.finish_model(splits, **said)


def windows_and_draws(weather: jena.Weather) -> dict:
    """The windows of each split, and the numbers of those of each training step."""
    drawn = weather.train
    epochs, batches = range(weather.protocol.epochs), range(len(drawn))
    return {
        "splits": {name: getattr(weather.windows, name) for name in SPLITS},
        "draws": [drawn.index(epoch, batch) for epoch in epochs for batch in batches],
    }


def task_of(kind: str, name: str, protocol: Any, seed: int, floatx: str = "float32") -> dict:
    """What the other process is told of an experiment by this name and protocol.

    The kinds, and what each needs beside, are the functions of `experiments.originals.process`.
    """
    return {
        "kind": kind,
        "keras": protocol.keras,
        "wheels": str(installed(protocol.keras)),
        "experiment": name,
        "protocol": dataclasses.asdict(protocol),
        "seed": seed,
        "floatx": floatx,
    }


def carry_out(task: dict) -> Iterator[dict]:
    """Does a task in a process of its own with a home folder of its own; yields what that says.

    Old Keras reads and writes `~/.keras/keras.json`, which must stay the user's.
    """
    with tempfile.TemporaryDirectory() as home:
        own = {
            "HOME": home,
            "KERAS_HOME": home,
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        who = f"Keras {task['keras']}"
        yield from answers(who, "experiments.originals.process", task, own)
