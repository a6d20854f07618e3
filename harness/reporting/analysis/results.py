"""Everything below a results directory, read once: the rows, the studies and the claims."""

from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError
from harness.records.record import Record, find_records, refuse_mixture
from harness.reporting.analysis.models import ModelResults, PublishedResults, make_rows
from harness.reporting.analysis.studies import Study, make_studies


@dataclass(frozen=True)
class Results:
    """All finished runs, in the order of presentation.

    Attributes:
        rows: networks and baselines.
        studies: studies.
    """

    rows: list[ModelResults]
    studies: list[Study]

    @property
    def records(self) -> list[Record]:
        return [record for group in (*self.rows, *self.studies) for record in group.records]

    @property
    def sample(self) -> bool:
        """Whether they were made from the built-in sample data."""
        return self.records[0].sample


def make_results(records: list[Record], catalogue: PublishedResults) -> Results:
    """Sorts records, of which there is at least one, into rows and studies."""
    return Results(make_rows(records, catalogue), make_studies(records, catalogue))


def load_results(results_dir: Path, catalogue: PublishedResults) -> tuple[Results, list[str]]:
    """Reads every finished run below a results directory.

    Args:
        results_dir: folder that holds `<experiment>[+variant]/seed-<k>/`.
        catalogue: published numbers; gives the order.

    Returns:
        The results, and one sentence for each run that was left out (unfinished or damaged).

    Raises:
        RunError: there is no finished run, or sample-data and real-data runs are mixed.
    """
    records, left_out = find_records(results_dir)
    if not records:
        reasons = " ".join(["", "Left out:", *left_out]) if left_out else ""
        raise RunError(
            f"{results_dir} holds no finished run; run an experiment first "
            f"(`make help` lists them).{reasons}"
        )
    refuse_mixture(results_dir, records)
    return make_results(records, catalogue), sorted(left_out)
