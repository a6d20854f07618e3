"""Old Keras and this project's networks, step for step: same first weights, same batches.

Source:     the networks of recurrent-overview, simple-rnn-blog, r-slides and hsv-ai-2019 on the
            Keras of their logs, 2.0.8 and 2.2.4, in a process of its own
Claim:      this project's, not a document's: by the update rule, the gates and the reset of that
            time, its networks compute what that Keras computed.
Protocol:   fifty batches in float64, where ten steps are too few for rounding to matter; the loss
            before each update. In float32, rounding decides the sign of tiny gradients, and the
            old rule's first steps magnify it. Then this project's faster layers and Keras 3's own,
            in float32.
Deviations: without dropout, whose masks each Keras draws otherwise.
Expected:   4 to 9 minutes on one CPU core; the first run installs the two old Keras.
"""

import contextlib
import dataclasses
from dataclasses import dataclass

import numpy as np

from experiments.common import imdb, jena
from experiments.common.imdb import ImdbStudy
from experiments.originals.original import LOGS, carry_out, original, task_of
from harness.cli import say
from harness.experiment import find_experiments, main
from harness.protocol import setting
from harness.records.study_outputs import Lines, Series, Table

DATASETS = {"imdb": "IMDB", "jena": "Jena"}
FIRST = 10  # steps over which the networks must agree
RMSPROP = "rmsprop-keras-2.0", "rmsprop"
# the rule of the Keras of its log, and today's
NETWORKS = {
    "imdb-simple-rnn": RMSPROP,
    "imdb-stacked-rnn": RMSPROP,
    "imdb-lstm": RMSPROP,
    "imdb-gru": RMSPROP,
    "imdb-conv-lstm": ("adam-keras-2.2", "adam"),
    "jena-gru": RMSPROP,
    "jena-gru-stacked": RMSPROP,
}


@dataclass(frozen=True)
class Protocol:
    """How far the networks are followed."""

    steps: int = setting(50, "training steps", minimum=FIRST, below=1000)


def notes(protocol):
    return ["A difference is relative to the loss, and the largest of the steps is shown."]


def train(protocol, run):
    from experiments.originals.install import wheels

    used = {name: file for one in NETWORKS for name, file in wheels(LOGS[one]).items()}
    run.write("environment", {"wheels": used})
    curves, data = {}, []
    for name in NETWORKS:
        experiment = find_experiments()[name]
        title = f"{experiment.title} ({DATASETS[experiment.dataset]})"
        say(f"{title}, {protocol.steps} steps")
        curves[title] = differences(name, protocol.steps, run)
        data.append(run.part("data"))
    provenance = {
        "dataset": "imdb",
        "files": list({file["sha256"]: file for one in data for file in one["files"]}.values()),
        "facts": {name: value for one in data for name, value in one["facts"].items()},
        "notes": list(dict.fromkeys(note for one in data for note in one["notes"])),
    }
    run.write("data", provenance)
    run.add_layers("keras")
    run.finish_study(outputs(curves, protocol.steps))


def differences(name: str, steps: int, run) -> dict[str, list[float]]:
    """Relative differences of the losses at each step, by what is compared."""
    import keras

    from harness.training.fit import choose_layers
    from harness.training.machine import accelerator
    from harness.training.optimizers import make_optimizer

    rules = NETWORKS[name]
    experiment = original(find_experiments()[name])
    protocol = dataclasses.replace(experiment.default_protocol(run.sample), keras=LOGS[name])
    rates = [name for name in ("dropout", "recurrent_dropout") if hasattr(protocol, name)]
    protocol = dataclasses.replace(protocol, **dict.fromkeys(rates, 0.0))
    x, y = batches(protocol, steps, run)
    loss = "mae" if experiment.dataset == "jena" else "binary_crossentropy"

    def network(weights=None, then=True):
        model = build(name, protocol, x.shape[-1], then)
        if weights:
            model.set_weights(weights)
        return model

    def losses(model, optimizer, steps=steps, compiled=False) -> np.ndarray:
        """The losses before each step, shape (steps,)."""
        model.compile(optimizer, loss, jit_compile=compiled)
        found = []
        for batch in range(steps):
            model.reset_metrics()  # else Keras 3 returns the mean of all steps
            found.append(np.ravel(model.train_on_batch(x[batch], y[batch]))[0])
        return np.array(found, np.float64)

    def apart(found: np.ndarray, expected: np.ndarray) -> list[float]:
        return (np.abs(found - expected) / np.abs(expected)).tolist()

    keras.utils.set_random_seed(run.seed)
    with precision("float64"):
        weights = network().get_weights()
        by_rule = [losses(network(weights), exact(make_optimizer(rule, 0.001))) for rule in rules]
    task = task_of("steps", name, protocol, run.seed, "float64")
    (theirs,) = carry_out(task | {"weights": weights, "x": x, "y": y})
    expected = np.array(theirs["losses"])
    found = {kind: apart(one, expected) for kind, one in zip((THEN, TODAY), by_rule, strict=True)}
    if keras.backend.backend() == "tensorflow" and accelerator() is None:
        plain = network(then=False)
        faster = network(plain.get_weights(), then=False)
        optimizer = make_optimizer(rules[0], 0.001)
        layers = choose_layers(faster, optimizer)
        run.add_layers(layers)
        expected = losses(plain, make_optimizer(rules[0], 0.001), FIRST)
        found[FASTER] = apart(losses(faster, optimizer, FIRST, layers == "fast"), expected)
    return found


def exact(optimizer):
    """Gives Adam its two decays in float64; Keras 3 rounds them to float32 in any precision."""
    from keras import ops

    for name in ("beta_1", "beta_2"):
        if hasattr(optimizer, name):
            setattr(optimizer, name, ops.convert_to_tensor(getattr(optimizer, name), "float64"))
    return optimizer


@contextlib.contextmanager
def precision(kind: str):
    """Lets Keras 3 compute otherwise than in float32."""
    from keras import config

    config.set_floatx(kind)
    config.set_dtype_policy(kind)
    try:
        yield
    finally:
        config.set_floatx("float32")
        config.set_dtype_policy("float32")


def batches(protocol, steps: int, run):
    """Inputs of shape (steps, batch, timesteps[, features]) and targets of shape (steps, batch)."""
    if hasattr(protocol, "lookback_hours"):
        drawn = jena.load_weather(protocol, run).train
        return tuple(map(np.stack, zip(*(drawn[batch] for batch in range(steps)), strict=True)))
    x, y = imdb.load_padded(protocol, run).train
    rows = np.random.default_rng(run.seed).permutation(len(x))[: steps * protocol.batch_size]
    rows = rows.reshape(steps, protocol.batch_size)
    return x[rows], y[rows]


def build(name: str, p, features: int, then: bool):
    """This project's network, with the gates and the reset of old Keras or with today's."""
    from models import networks

    gates = "keras2-hard-sigmoid" if then else "sigmoid"
    old = {"gates": gates, "reset_after": not then}
    if name.startswith("jena"):
        upper = getattr(p, "upper_units", 0)
        return networks.gru_forecaster(features, p.units, **old, upper_units=upper)
    sizes = p.num_words, p.embedding, p.units
    if name == "imdb-conv-lstm":
        own = {name: getattr(p, name) for name in ("filters", "kernel_size", "pool_size")}
        return networks.conv_lstm_classifier(*sizes, dropout=0.0, **own, gates=gates)
    if name == "imdb-lstm":
        return networks.recurrent_classifier("lstm", *sizes, gates=gates)
    if name == "imdb-gru":
        return networks.recurrent_classifier("gru", *sizes, **old)
    return networks.recurrent_classifier("simple-rnn", *sizes, depth=getattr(p, "depth", 1))


# what is compared, as its table names it and as its panel does
THEN = "Old Keras and this project by the rule of that time, float64"
TODAY = "Old Keras and this project by today's rule, float64"
FASTER = "This project's faster layers and Keras 3's own, float32"
PANELS = {
    THEN: "Old rule, float64",
    TODAY: "Today's rule, float64",
    FASTER: "Faster layers, float32",
}


def outputs(curves: dict[str, dict[str, list[float]]], steps: int) -> list:
    """The tables and panels of the study."""
    tables, panels = [], []
    for compared, title in PANELS.items():
        found = {name: one[compared] for name, one in curves.items() if compared in one}
        if not found:
            continue
        spans = [FIRST] if compared == FASTER else list(dict.fromkeys((FIRST, steps)))
        columns = [f"largest difference, {n} steps" for n in spans]
        rows = {name: [max(one[:n]) for n in spans] for name, one in found.items()}
        tables.append(Table(compared, columns, rows))
        series = [
            Series(name, list(range(1, len(one) + 1)), [value or None for value in one])
            for name, one in found.items()
        ]
        bound = {"bound": 1e-4 if compared == FASTER else 1e-12}
        axes = "step", "relative difference of the loss"
        panels.append(Lines(title, *axes, series, bound, log_y=True))
    return [*tables, *panels]


EXPERIMENT = ImdbStudy(
    "step-for-step",
    "Step for step with old Keras",
    protocol=Protocol(),
    sample={"steps": 20},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
