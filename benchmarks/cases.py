"""The six experiments that are timed."""

from dataclasses import dataclass, fields

from harness.experiment import SCRIPTS, Experiment, find_experiments

# The sample data have too few rows for the published splits. All other values are the published
# ones, so that the arrays have the published shapes.
SAMPLE_KEEPS = ("train_rows", "validation_rows")


@dataclass(frozen=True)
class Case:
    """One experiment, and Keras 3's optimizer of the documents' script, which both sides use."""

    name: str
    optimizer: str = "rmsprop"

    @property
    def experiment(self) -> Experiment:
        return find_experiments()[self.name]

    def plain_command(self, sample: bool) -> list[str]:
        """The documents' script: a module and its arguments."""
        return ["benchmarks.plain", self.name, *(["--sample"] if sample else [])]

    def our_command(self, sample: bool) -> list[str]:
        """This project's experiment: a module and its arguments."""
        options = ["--optimizer", self.optimizer, *self.data_arguments(sample)]
        return [SCRIPTS, self.name, *options]

    def data_arguments(self, sample: bool) -> list[str]:
        """Options for the sample data in the published shapes; none for the real data."""
        if not sample:
            return []
        published, small = (self.experiment.default_protocol(kind) for kind in (False, True))
        arguments = ["--sample"]
        for field in fields(published):
            value = getattr(published, field.name)
            if value != getattr(small, field.name) and field.name not in SAMPLE_KEEPS:
                arguments += [f"--{field.name.replace('_', '-')}", str(value)]
        return arguments


CASES = {
    case.name: case
    for case in (
        Case("imdb-simple-rnn"),
        Case("imdb-stacked-rnn"),
        Case("imdb-lstm"),
        Case("imdb-conv-lstm", optimizer="adam"),
        Case("jena-gru"),
        Case("jena-gru-dropout"),
    )
}
