"""The six experiments that are timed."""

from dataclasses import dataclass, fields

from harness.experiment import SCRIPTS, Experiment, find_experiments

# The sample data have too few rows for the published splits. All other values are the published
# ones, so that the arrays have the published shapes.
SAMPLE_KEEPS = ("train_rows", "validation_rows")


@dataclass(frozen=True)
class Case:
    """One experiment as its users run it: each side updates by its own rule.

    Attributes:
        name: of the experiment.
        maxlen: timesteps of a review, if not the published number.
    """

    name: str
    maxlen: int | None = None

    @property
    def experiment(self) -> Experiment:
        return find_experiments()[self.name]

    def plain_command(self, sample: bool) -> list[str]:
        """The documents' script: a module and its arguments."""
        sample_flag = ["--sample"] if sample else []
        return ["benchmarks.plain", self.name, *sample_flag, *self._length()]

    def our_command(self, sample: bool) -> list[str]:
        """This project's experiment: a module and its arguments."""
        return [SCRIPTS, self.name, *self.data_arguments(sample), *self._length()]

    def _length(self) -> list[str]:
        return [] if self.maxlen is None else ["--maxlen", str(self.maxlen)]

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
    name: Case(name)
    for name in (
        "imdb-simple-rnn",
        "imdb-stacked-rnn",
        "imdb-lstm",
        "imdb-conv-lstm",
        "jena-gru",
        "jena-gru-dropout",
    )
}
