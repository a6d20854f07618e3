"""The records of the reference, read once."""

import pytest
from reference import CLAIMS

from harness.records.record import find_records
from harness.records.run import is_complete
from harness.reporting.claims import judge
from harness.reporting.groups import REFERENCE, make_results


@pytest.fixture(scope="session")
def results():
    records, left_out = find_records(REFERENCE)
    assert [sentence for sentence in left_out if ".unfinished" not in sentence] == []
    assert all(is_complete(record.path) for record in records)
    return make_results(records)


@pytest.fixture(scope="session")
def judged(results):
    """All claims with their verdicts."""
    return judge(CLAIMS, results)


@pytest.fixture(scope="session")
def row(results):
    """The runs of a network, by default in its published protocol."""

    def find(experiment, **variant):
        rows = results.rows
        (one,) = (r for r in rows if r.first.experiment == experiment and r.variant == variant)
        return one

    return find


@pytest.fixture(scope="session")
def study(results):
    """The runs of a study, by their label."""

    def find(label):
        (one,) = (s for s in results.studies if s.first.label == label)
        return one

    return find


@pytest.fixture(scope="session")
def cell(study):
    """Mean over the seeds of one number of one table of a study in its published protocol."""
    return lambda label, *place: study(label).table_value(*place).mean
