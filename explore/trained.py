"""Finds trained models: the user's own first, then those that come with the project.

A network is the file `best.keras`, a linear model the file `linear.npz`, beside the record of the
run that trained it. A file whose SHA-256 is not the expected one is refused. The record of an own
run holds it; for the models that come with the project, `results/reference/weights.json` does.
"""

import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from harness.errors import RunError
from harness.experiment import find_experiments
from harness.records.files import read_json, sha256
from harness.records.record import Record, load_record
from harness.records.run import BEST, LINEAR, UNFINISHED
from harness.reporting.groups import REFERENCE, SeedGroup

MANIFEST = "weights.json"


@dataclass(frozen=True)
class TrainedNetwork:
    """One network with the weights of its best epoch, or a linear model.

    Attributes:
        label: experiment and variant, such as `imdb-lstm`.
        title: its name in tables.
        seed: of the run that trained it.
        path: its file.
        record: of that run.
        normalisation: of a network on Jena, mean and standard deviation of each column over the
            training rows: `{"T (degC)": [9.1, 8.8], ...}`, in the order of the network's inputs.
            Empty on IMDB, and where an older record does not have it.
    """

    label: str
    title: str
    seed: int
    path: Path
    record: Record
    normalisation: dict[str, list[float]]

    @functools.cached_property
    def model(self):
        """The Keras model, not compiled, or the pipeline of `models.linear.bag_of_ngrams`.

        A network computes in float32, whatever type the file has.

        Raises:
            RunError: the file is damaged, of another version of Keras, or another model than the
                record describes.
        """
        load = _load_linear if self.path.suffix == ".npz" else _load_network
        try:
            model, parameters = load(self.path)
        except Exception as error:  # damaged archives make Keras fail in nearly any way
            reason = str(error).strip().partition("\n")[0]
            raise RunError(
                f"{self.path} is no model that this version can load ({reason}); "
                f"{_remedy(self.record)}."
            ) from error
        recorded = self.record.metrics["parameters"]
        if parameters != recorded:
            raise RunError(
                f"{self.path} has {parameters:,} parameters, where the record beside it says "
                f"{recorded:,}; {_remedy(self.record)}."
            )
        return model


def _load_network(path: Path) -> tuple:
    """The model and its number of parameters."""
    from harness.training.machine import load_keras

    keras = load_keras()
    from models import activations, lstm_cells  # noqa: F401  they register what is not Keras's

    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    return model, model.count_params()


def _load_linear(path: Path) -> tuple:
    """The model and its number of parameters."""
    from models.linear import load_ngrams

    model = load_ngrams(path)
    return model, model[-1].coef_.size + model[-1].intercept_.size


def find_trained(
    dataset: str, results_dir: Path, *, linear: bool = False, sample: bool = False
) -> list[TrainedNetwork]:
    """All trained networks, one a label: the user's run with the lowest seed, or the project's.

    Args:
        dataset: `imdb` or `jena`.
        results_dir: where the user's own runs are.
        linear: with the linear models on IMDB, which come last.
        sample: models trained on the built-in sample data, which are the user's own only.

    Raises:
        RunError: there is none, or the hash of a file differs.
    """
    found: dict[str, TrainedNetwork] = {}
    for network in _networks(results_dir, f"{dataset}-*", sample):
        if linear or network.path.name == BEST:
            found.setdefault(network.label, network)
    if not found:
        command = (
            "make demo" if sample else f"make {dataset}-{'gru' if dataset == 'jena' else 'lstm'}"
        )
        raise RunError(
            f"{results_dir} has no trained network on {dataset}; `{command}` trains one."
        )
    return sorted(found.values(), key=lambda one: (one.path.suffix, one.label))


def load_trained(label: str, results_dir: Path, *, sample: bool = False) -> TrainedNetwork:
    """One trained network by its label, as `find_trained` chooses it.

    Raises:
        RunError: there is none, or the hash of its file differs.
    """
    for network in _networks(results_dir, label, sample):
        return network
    name, _, variant = label.partition("+")
    known = trainable()
    if name not in known:
        raise RunError(f"there is no model {name}; known: {', '.join(known)}.")
    command = f"make {name}" + (" SAMPLE=1" if sample else "")
    raise RunError(
        f"no trained {label} is in {results_dir}{'' if sample else ' or comes with the project'}; "
        f"train it with `{command}`{' and the settings in ARGS' if variant else ''}."
    )


def trainable() -> list[str]:
    """The experiments whose runs leave a model that can be loaded."""
    found = find_experiments().values()
    return [
        one.name
        for one in found
        if one.role != "study" and (one.uses_keras or one.name == "imdb-linear")
    ]


def _networks(results_dir: Path, pattern: str, sample: bool) -> Iterator[TrainedNetwork]:
    """The networks whose label fits a pattern, the preferred ones first."""
    yield from _own_networks(results_dir, pattern, sample)
    if sample:
        return
    for place, entry in read_json(REFERENCE / MANIFEST).items():
        if fnmatchcase(place, f"{pattern}/seed-*"):
            record = load_record(REFERENCE / place)
            yield _checked(record, entry["file"], entry["sha256"], entry.get("normalisation", {}))


def _own_networks(results_dir: Path, pattern: str, sample: bool) -> Iterator[TrainedNetwork]:
    """Those of the user's runs, by falling number of the seed; a damaged record is left out."""
    found = (results_dir.glob(f"{pattern}/seed-*/{name}") for name in (BEST, LINEAR))
    files = (file for several in found for file in several)
    finished = (file for file in files if not file.parent.name.endswith(UNFINISHED))
    for file in sorted(finished, key=lambda file: (len(file.parent.name), file)):
        try:
            record = load_record(file.parent)
        except RunError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if record.sample == sample:
            expected = record.metrics.get("checkpoint_sha256")
            normalisation = record.data["facts"].get("normalisation", {})
            yield _checked(record, file.name, expected, normalisation)


def _checked(
    record: Record, name: str, expected: str | None, normalisation: dict
) -> TrainedNetwork:
    """A model whose file has the expected hash; a record from before hashes were kept has none.

    Raises:
        RunError: the hash differs, or there is no such file.
    """
    path = record.path / name
    if expected is not None and sha256(path) != expected:
        raise RunError(
            f"{path} is not the file that its run left: its SHA-256 differs; {_remedy(record)}."
        )
    title = SeedGroup((record,)).title
    return TrainedNetwork(record.label, title, record.seed, path, record, normalisation)


def _remedy(record: Record) -> str:
    if record.path.is_relative_to(REFERENCE):
        return "restore it with `git checkout -- results/reference`"
    return f"train it again with `{record.make_again}`"
