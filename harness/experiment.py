"""The declaration of an experiment: what each module in `experiments/` states about itself."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.records.run import Run


@dataclass(frozen=True)
class Experiment:
    """The declaration of one experiment.

    Attributes:
        name: the make target and the record's folder, such as `imdb-lstm`.
        title: the row's name in tables and plots.
        dataset: `imdb`, `jena`, `text`, or `made` where the study makes its own.
        role: `network` or `baseline`, which one metric measures, or `study`, which hands over
            outputs.
        protocol: the published values, an instance of the experiment's frozen dataclass.
        sample: the values that replace them on the built-in sample data.
        train: called with the protocol and the run; trains, and finishes the run.
        notes: gives, for a protocol, what a reader must know to compare its results with the
            published ones: each a sentence for a footnote.
        uses_keras: False for a baseline that needs no Keras backend.
    """

    name: str
    title: str
    dataset: str
    role: str
    protocol: Any
    sample: dict[str, Any]
    train: Callable[[Any, Run], None]
    notes: Callable[[Any], list[str]]
    uses_keras: bool = True

    @property
    def module(self) -> str:
        """Name of the module that declares it, which is also its command."""
        return f"experiments.{self.name.replace('-', '_')}"

    def default_protocol(self, sample: bool) -> Any:
        """The protocol before any override: the published one, or that of the sample data."""
        return dataclasses.replace(self.protocol, **(self.sample if sample else {}))
