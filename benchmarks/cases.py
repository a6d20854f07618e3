"""The six experiments that are timed."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module

from benchmarks.floor import Product, convolution, dense, recurrent
from harness.experiment import Experiment

# What the built-in data cannot have, or what makes no step longer, stays as the sample protocol
# has it; everything else is the published value, so that the shapes are the published ones.
SAMPLE_KEEPS = ("train_rows", "validation_rows")


@dataclass(frozen=True)
class Case:
    """One experiment.

    Attributes:
        name: as the experiment is called.
        products: matrix products of a training step, from the features of an input timestep
            (which a copy of the Jena file may lack some of).
        optimizer: Keras 3's own, as in the documents' scripts: both sides take the same steps.
    """

    name: str
    products: Callable[[int], list[Product]]
    optimizer: str = "rmsprop"

    @property
    def plain(self) -> list[str]:
        """Command of the documents' script: a module and its arguments."""
        return ["benchmarks.plain", self.name]

    @property
    def ours(self) -> list[str]:
        """Command of this project's experiment."""
        return [self._module, "--optimizer", self.optimizer]

    @property
    def experiment(self) -> Experiment:
        """Its declaration."""
        return import_module(self._module).EXPERIMENT

    @property
    def _module(self) -> str:
        return f"experiments.{self.name.replace('-', '_')}"

    def sample_arguments(self) -> list[str]:
        """Options that give the experiment its published shapes on the built-in sample data."""
        published, small = (self.experiment.default_protocol(sample) for sample in (False, True))
        arguments = ["--sample"]
        for field in fields(published):
            value = getattr(published, field.name)
            if value != getattr(small, field.name) and field.name not in SAMPLE_KEEPS:
                arguments += [f"--{field.name.replace('_', '-')}", str(value)]
        return arguments


def _reviews(gates: int, depth: int = 1) -> list[Product]:
    """Networks on 500 words: layers of 32 units on word vectors of 32 features, batch 128."""
    return [*recurrent(gates, 128, 500, 32, 32) * depth, dense(128, 32)]


def _climate(features: int) -> list[Product]:
    """GRU of 32 units over 240 hours, batch 128; it reads the data themselves."""
    return [*recurrent(3, 128, 240, features, 32, of_data=True), dense(128, 32)]


def _phrases() -> list[Product]:
    """100 words: 96 positions of the convolution, 24 after pooling, batch 30."""
    return [convolution(30, 96, 5, 128, 64), *recurrent(4, 30, 24, 64, 70), dense(30, 70)]


CASES = {
    case.name: case
    for case in (
        Case("imdb-simple-rnn", lambda _: _reviews(1)),
        Case("imdb-stacked-rnn", lambda _: _reviews(1, depth=4)),
        Case("imdb-lstm", lambda _: _reviews(4)),
        Case("imdb-conv-lstm", lambda _: _phrases(), optimizer="adam"),
        Case("jena-gru", _climate),
        Case("jena-gru-dropout", _climate),
    )
}
