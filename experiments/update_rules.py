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

import importlib.metadata
import importlib.util
from dataclasses import dataclass

import numpy as np

from experiments.common.imdb import ImdbStudy, NetworkProtocol, load_padded, split_notes
from experiments.common.update_rules_child import (
    IDS,
    ROWS,
    VOCABULARY,
    WEIGHTS,
    WORDS,
    small_network,
)
from experiments.originals.install import VERSIONS, installed, place_of
from experiments.originals.original import carry_out
from harness.cli import say
from harness.errors import RunError
from harness.experiment import main
from harness.processes import answers
from harness.protocol import setting
from harness.records.study_outputs import Heatmap, Lines, Series, Table
from models.learning_numpy import Adam, RMSprop

MARKS = (1, 2, 5, 10, 20)  # steps that are shown
BACKENDS = ("tensorflow", "jax", "torch")
TF_KERAS = "tf_keras"
CHILD = "experiments.common.update_rules_child"

TODAY, PUBLISHED_RULE = "rmsprop", "rmsprop-keras-2.0"
OLD = {"rmsprop-keras-2.0": "2.0's", "rmsprop-keras-2.10": "2.10's"}  # in the words of titles
PUBLISHED = "published log (Keras 2.0.8)"
# this project's optimizers, and the rules by hand: where epsilon stands, its value, and whether the
# rows of a word are added and their sum squared, or are squared singly
RULES = {
    "RMSprop": (
        (
            *("rmsprop", "rmsprop-keras-2.0", "rmsprop-keras-2.10", "rmsprop-keras-2.11"),
            *("rmsprop-epsilon-outside", "rmsprop-epsilon-outside-1e-7"),
        ),
        {
            "outside 1e-8, added": RMSprop(1e-8, inside=False, squares_first=False),
            "outside 1e-7, added": RMSprop(1e-7, inside=False, squares_first=False),
            "inside 1e-7, added": RMSprop(1e-7, inside=True, squares_first=False),
            "inside 1e-7, singly": RMSprop(1e-7, inside=True, squares_first=True),
            "outside 1e-8, singly": RMSprop(1e-8, inside=False, squares_first=True),
            "outside 1e-7, singly": RMSprop(1e-7, inside=False, squares_first=True),
        },
    ),
    "Adam": (
        ("adam", "adam-keras-2.0", "adam-keras-2.2"),
        {
            "1e-8, added": Adam(1e-8, squares_first=False),
            "1e-7, added": Adam(1e-7, squares_first=False),
            "1e-7, singly": Adam(1e-7, squares_first=True),
        },
    ),
}


@dataclass(frozen=True)
class Protocol(NetworkProtocol):
    """Values of the 500-word protocol, and the length of the training."""

    batch_size: int = setting(128, "reviews a training step", minimum=1)
    learning_rate: float = setting(0.001, "step size of the optimizers", minimum=1e-8)
    steps: int = setting(20, "first steps that are measured", minimum=1)
    epochs: int = setting(5, "passes over the training reviews", minimum=1)
    torch_epochs: int = setting(1, "passes on PyTorch; 0 leaves its training out", minimum=0)


def is_installed(package: str) -> bool:
    """Whether this Python has a package."""
    return importlib.util.find_spec(package) is not None


def notes(protocol):
    missing = [name for name in (*BACKENDS, TF_KERAS) if not is_installed(name)]
    absent = [f"Not installed, hence without rows here: {', '.join(missing)}."] if missing else []
    return [*split_notes(protocol), *absent]


def train(protocol, run):
    import keras

    # fails before the training if the published losses are missing
    published = None if run.sample else published_losses(protocol.epochs)
    x, y = load_padded(protocol, run).train
    rate = protocol.learning_rate
    marks = [step for step in MARKS if step <= min(protocol.steps, len(x) // protocol.batch_size)]
    if not marks:
        raise RunError(f"--batch-size {protocol.batch_size} is more than {len(x):,} reviews.")
    sizes = *protocol.sizes, protocol.maxlen
    keras.utils.set_random_seed(run.seed)
    task = {
        "seed": run.seed,
        "network": sizes,
        "weights": small_network(*sizes).get_weights(),
        "x": x,
        "y": y,
        "batch_size": protocol.batch_size,
        "learning_rate": rate,
        "marks": marks,
        "rules": [name for names, _ in RULES.values() for name in names],
        "compared": [*OLD, TODAY],
    }
    versions, absent = measure_versions(rate, install=not run.sample)
    run.write("config", {"notes": [*run.part("config")["notes"], *absent]})
    measured = {"examples": {}, "steps": {}, "curves": {}}
    for backend in filter(is_installed, BACKENDS):
        epochs = dict.fromkeys((TODAY, PUBLISHED_RULE), protocol.epochs)
        if backend == "torch":
            epochs = {TODAY: protocol.torch_epochs} if protocol.torch_epochs else {}
        # without the second, JAX would take a GPU's memory from others
        variables = {"KERAS_BACKEND": backend, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        found = measure(backend, task | {"trained": epochs}, variables)
        for kind, by_rule in found.items():
            measured[kind] |= by_rule
        version = f"Keras {importlib.metadata.version('keras')}, {backend}"
        examples = found["examples"]
        names = {"RMSprop": "rmsprop", "Adam": "adam"}
        versions[version] = {kind: examples[f"{backend}, {names[kind]}"] for kind in names}
    run.add_layers("keras")
    run.finish_study(
        [
            *by_hand(versions, measured["examples"], rate),
            *first_step_outputs(measured["steps"], marks),
            *training_outputs(measured["curves"], published),
        ]
    )


def published_losses(epochs: int) -> list[float]:
    """The published log's training losses."""
    from harness.reporting.groups import PUBLISHED, load_published

    losses = load_published(PUBLISHED).experiments["imdb-lstm"].loss
    if not losses:
        raise RunError("experiments/published.toml has no `loss` under [imdb-lstm].")
    return list(losses[:epochs])


def measure(where: str, task: dict, variables: dict[str, str]) -> dict:
    """Lets a process with variables of its own do a task; see `update_rules_child`."""
    for said in answers(f"the part on {where}", CHILD, task, variables):
        if isinstance(said, str):
            say(said)
    return said


def measure_versions(learning_rate: float, install: bool) -> tuple[dict, list[str]]:
    """Takes the steps of the example by RMSprop and Adam of Keras before 3, as far as it is there.

    To install what is missing needs a package index once. Returns the weights after each step by
    version and optimizer, and a sentence for each old Keras that cannot be had.
    """
    task = {"kind": "embedding", "learning_rate": learning_rate, "seed": 0, "floatx": "float32"}
    measured, absent = {}, []
    for version in VERSIONS:
        try:
            if not (install or place_of(version).exists()):
                raise RunError("it is not installed.")
            own = {"keras": version, "wheels": str(installed(version))}
            (measured[f"Keras {version}"],) = carry_out(task | own)
        except RunError as error:
            absent.append(f"Keras {version} has no row here: {error}")
    if is_installed(TF_KERAS):
        measured |= measure(TF_KERAS, {"learning_rate": learning_rate}, {})
    return measured, absent


# --- what is shown; names are of a backend and a rule, as in "tensorflow, rmsprop" ------------


def by_hand(versions: dict, examples: dict, learning_rate: float) -> list:
    """Which rule each version and each of our optimizers follows, and how far a word moves.

    Of weights after each step of the example, shape (steps, words, features): by version and
    optimizer, and by backend and rule.
    """
    batches = list(zip(IDS, ROWS.astype(float), strict=True))
    through, ours, maps, moved = [], [], [], {}
    for kind, (names, rules) in RULES.items():
        by_rule = {
            rule: one.weights(batches, VOCABULARY, learning_rate) for rule, one in rules.items()
        }
        of_versions = {version: weights[kind] for version, weights in versions.items()}
        of_ours = {n: weights for n, weights in examples.items() if n.split(", ")[1] in names}
        through.append(differences(f"{kind} through the versions", of_versions, by_rule))
        ours.append(differences(f"{kind} of this project", of_ours, by_rule))
        title = f"How far the first step of {kind} moves a word, in learning rates, by version"
        maps.append(Heatmap(title, list(WORDS.values()), moves(of_versions, learning_rate)))
        moved |= {f"{kind}, {n}": row for n, row in moves(by_rule, learning_rate).items()}
    title = "How far the first step moves a word by each rule, in learning rates"
    return [*through, Table(title, list(WORDS.values()), moved), *maps, *ours]


def differences(title: str, found: dict, by_rule: dict) -> Table:
    """Largest difference of weights from those by each rule, relative to the largest weight."""
    rows = {
        name: [float(np.abs(weights - w).max() / np.abs(w).max()) for w in by_rule.values()]
        for name, weights in found.items()
    }
    title = f"{title}: largest difference from each rule by hand, relative"
    return Table(title, list(by_rule), rows)


def moves(found: dict, learning_rate: float) -> dict[str, list[float]]:
    """How far the first step moved each of the read words, in learning rates."""
    words = list(WORDS)
    return {name: (-w[0, words, 0] / learning_rate).tolist() for name, w in found.items()}


def first_step_outputs(measured: dict, marks: list[int]) -> list:
    """How far the weights of the LSTM move in its first steps."""
    columns = [f"step {step}" for step in marks]
    sizes = {name: one["sizes"] for name, one in measured.items()}  # of each weight at each mark
    ratios = {}
    for name, one in sizes.items():
        backend, rule = name.split(", ")
        if rule != TODAY:
            pairs = zip(one, sizes[f"{backend}, {TODAY}"], strict=True)
            # none where a step is too small for float32
            ratios[name] = [[o / n if n else None for o, n in zip(*p, strict=True)] for p in pairs]
    first = next(iter(measured)).split(", ")[0]
    shown = [sizes[f"{first}, {rule}"] for rule in (*OLD, TODAY)]
    shown += [ratios[f"{first}, {rule}"] for rule in OLD]
    rows = {
        f"{weight}, {column}": [one[place][mark] for one in shown]
        for place, weight in enumerate(WEIGHTS)
        for mark, column in enumerate(columns)
    }
    names = [*(f"by {rule} rule" for rule in OLD.values()), "by 3.x's rule"]
    names += [f"{rule} / 3.x's" for rule in OLD.values()]
    embedding = {name: one[0] for name, one in ratios.items()}
    small = {name: one["small"] for name, one in measured.items()}
    losses = {name: one["losses"] for name, one in measured.items()}
    return [
        Table(f"Mean size of a step, on {first}", names, rows),
        Table("The embedding's step as a multiple of that by 3.x's rule", columns, embedding),
        Table("Share of the embedding's read entries with sqrt(v) < sqrt(1e-7)", columns, small),
        Table("Training loss of each step's batch", columns, losses),
        Lines(
            f"Mean size of the first steps, on {first}",
            "training step",
            "multiple of the step by 3.x's rule",
            [
                Series(f"{weight}, {title} rule", marks, ratios[f"{first}, {rule}"][place])
                for place, weight in enumerate(WEIGHTS[:3])
                for rule, title in OLD.items()
            ],
            references={"the same": 1.0},
            log_x=True,
            log_y=True,
        ),
    ]


def training_outputs(curves: dict[str, list[float]], published: list[float] | None) -> list:
    """Training losses of each epoch, beside the published ones, which other data do not have."""
    if published:
        curves = curves | {PUBLISHED: published}  # last, so that its dots lie on the curves
    length = max(map(len, curves.values()))
    rows = {name: values + [None] * (length - len(values)) for name, values in curves.items()}
    places = list(range(1, length + 1))
    series = [Series(name, places, values, dots=name == PUBLISHED) for name, values in rows.items()]
    return [
        Table("Training loss of each epoch", [f"epoch {place}" for place in places], rows),
        Lines("Training loss of the LSTM on each backend", "epoch", "training loss", series),
    ]


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
