"""Finds trained models: the user's own first, then those that come with the project.

A network is the file `best.keras`, one that writes is `model.keras`, a linear model `linear.npz`;
each lies beside the record of the run that trained it. If there is no model, or its SHA-256 is not
that in the record's `SHA256SUMS`, or the record is damaged, functions raise a RunError.
"""

import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError
from harness.experiment import find_experiments
from harness.records.files import read_checksums, sha256
from harness.records.record import Record, load_record
from harness.records.run import BEST, LINEAR, MODEL, UNFINISHED
from harness.reporting.groups import REFERENCE, SeedGroup


@dataclass(frozen=True)
class TrainedNetwork:
    """One network, or a linear model, of the run whose record is given."""

    path: Path  # its file
    record: Record

    @property
    def label(self) -> str:
        """Experiment and variant, such as `imdb-lstm`."""
        return self.record.label

    @property
    def title(self) -> str:
        """Its name in tables."""
        return SeedGroup((self.record,)).title

    def setting(self, name: str) -> int:
        """A whole number of the protocol by which it was trained; others may have recorded none."""
        value = self.record.config["protocol"].get(name)
        if type(value) is not int or value < 0:
            raise RunError(
                f"{self.record.path / 'config.json'}: the protocol has no {name}; "
                f"{_remedy(self.record)}."
            )
        return value

    @functools.cached_property
    def model(self):
        """The Keras model, not compiled, or the pipeline of `models.baselines.bag_of_ngrams`.

        A network computes in float32, whatever type the file has.
        """
        try:
            if self.path.name == LINEAR:
                from models.baselines import load_ngrams

                model = load_ngrams(self.path)
                parameters = model[-1].coef_.size + model[-1].intercept_.size
            else:
                from harness.training.machine import load_keras

                keras = load_keras()
                from models import keras_cells  # noqa: F401  it registers what is not Keras's

                model = keras.saving.load_model(self.path, compile=False, safe_mode=True)
                parameters = model.count_params()
        except Exception as error:  # damaged archives make Keras fail in nearly any way
            reason = str(error).strip().partition("\n")[0]
            problem = f"is no model that this version can load ({reason})"
            raise RunError(f"{self.path} {problem}; {_remedy(self.record)}.") from error
        recorded = self.record.metrics.get("parameters", parameters)
        if parameters != recorded:
            raise RunError(
                f"{self.path} has {parameters:,} parameters, where the record beside it says "
                f"{recorded:,}; {_remedy(self.record)}."
            )
        return model


def find_trained(dataset: str, results_dir: Path, sample: bool) -> list[TrainedNetwork]:
    """All trained models on a data set, one a label: the user's of the lowest seed, or else ours.

    The linear ones come last. Models trained on sample data are the user's own only.
    """
    found: dict[str, TrainedNetwork] = {}
    for network in _networks(f"{dataset}-*", results_dir, sample):
        found.setdefault(network.label, network)
    if not found:
        command = "demo" if sample else f"{dataset}-{'gru' if dataset == 'jena' else 'lstm'}"
        raise RunError(
            f"{results_dir} has no trained network on {dataset}; `make {command}` trains one."
        )
    return sorted(found.values(), key=lambda one: (one.path.name == LINEAR, one.label))


def load_trained(label: str, results_dir: Path, sample: bool) -> TrainedNetwork:
    """One trained model by its label, as `find_trained` chooses it."""
    for network in _networks(label, results_dir, sample):
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


def newest_trained(experiment: str, results_dir: Path, sample: bool) -> TrainedNetwork:
    """The network that the user trained last, by whatever settings, or else the project's."""
    own = list(_networks_in(results_dir, f"{experiment}*", sample))
    if own:
        return max(own, key=lambda one: one.record.environment["started"])
    return load_trained(experiment, results_dir, sample)


def network_of(run: Path) -> TrainedNetwork:
    """The model that a run left, by the run's folder; its file has the recorded hash."""
    path = next((run / name for name in (BEST, LINEAR, MODEL) if (run / name).is_file()), None)
    if path is None:
        raise RunError(f"{run} holds no trained network.")
    record = load_record(run)
    checksums = read_checksums(run) or {}
    expected = checksums.get(path.name) or record.metrics.get("checkpoint_sha256")
    if expected not in (None, sha256(path)):  # the oldest records have no hash
        raise RunError(
            f"{path} is not the file that its run left: its SHA-256 differs; {_remedy(record)}."
        )
    return TrainedNetwork(path, record)


def trainable() -> list[str]:
    """The experiments whose runs leave a model that can be loaded."""
    found = find_experiments().values()
    networks = [one.name for one in found if one.role != "study" and one.uses_keras]
    return [*networks, "imdb-linear", "text-generation"]


def _networks(pattern: str, results_dir: Path, sample: bool) -> Iterator[TrainedNetwork]:
    """The networks whose label fits a pattern: the user's, then the project's."""
    yield from _networks_in(results_dir, pattern, sample)
    if not sample:
        yield from _networks_in(REFERENCE, pattern, sample)


def _networks_in(results_dir: Path, pattern: str, sample: bool) -> Iterator[TrainedNetwork]:
    """Those of one folder, by rising number of the seed; what is damaged is left out."""
    names = (BEST, LINEAR, MODEL)
    runs = {file.parent for name in names for file in results_dir.glob(f"{pattern}/seed-*/{name}")}
    for run in sorted(runs, key=lambda run: (len(run.name), run)):
        if run.name.endswith(UNFINISHED):
            continue
        try:
            network = network_of(run)
        except RunError as error:
            print(f"left out: {error}", file=sys.stderr)
        else:
            if network.record.sample == sample:
                yield network


def _remedy(record: Record) -> str:
    if record.path.is_relative_to(REFERENCE):
        return "restore it with `git checkout -- results/reference`"
    return f"train it again with `{record.make_again}`"
