"""The committed results: tables and plots are what records give, and the README says no more."""

import platform
import subprocess
import sys

import pytest
from commands import REPOSITORY

from harness.claims import judge, load_claims
from harness.plots import plot_all
from harness.record import find_records
from harness.report import markers, results_markdown
from harness.results import make_results
from harness.summary import load_published
from harness.tables import claims_csv, readme_parts, summary_csv


def changed() -> str:
    """Paths of results and README that differ from the committed ones; "no git" without it."""
    command = ["git", "status", "--porcelain", "--", "results", "plots", "README.md"]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "no git"
    return done.stdout.strip()


pytestmark = pytest.mark.skipif(
    bool(changed()), reason="results, plots or README.md differ from the committed ones"
)

RESULTS = REPOSITORY / "results"
PUBLISHED = REPOSITORY / "experiments/published.toml"
CLAIMS = load_claims(REPOSITORY / "experiments/claims.toml")


@pytest.fixture(scope="module")
def results():
    records, left_out = find_records(RESULTS)
    assert [sentence for sentence in left_out if ".unfinished" not in sentence] == []
    return make_results(records, load_published(PUBLISHED))


@pytest.fixture(scope="module")
def value(results):
    """Mean over the seeds of one number of one experiment in its published protocol."""

    def mean(experiment, measure):
        (row,) = (r for r in results.rows if r.first.experiment == experiment and not r.variant)
        return row.spread(measure).mean

    return mean


@pytest.fixture(scope="module")
def cell(results):
    """Mean over the seeds of one number of one table of a study in its published protocol."""

    def mean(experiment, *place):
        (study,) = (s for s in results.studies if s.first.label == experiment)
        return study.cell(*place).mean

    return mean


def test_every_experiment_was_run_on_real_data(results):
    published = set(load_published(PUBLISHED).experiments)
    groups = [*results.rows, *results.studies]
    assert {group.first.experiment for group in groups if not group.variant} == published
    assert not any(record.sample for record in results.records)


def test_records_were_made_by_committed_code(results):
    for record in results.records:
        assert record.environment["commit"]
        assert record.environment["dirty"] is False


def test_every_claim_is_measured(results):
    assert [claim for claim, spread, _ in judge(CLAIMS, results) if spread is None] == []


def test_tables_are_what_the_records_give(results):
    catalogue = load_published(PUBLISHED)
    assert (RESULTS / "summary.csv").read_text("utf-8") == summary_csv(results.rows)
    assert (RESULTS / "claims.csv").read_text("utf-8") == claims_csv(CLAIMS, results)
    report = results_markdown(results, catalogue, CLAIMS)
    assert (RESULTS / "RESULTS.md").read_text("utf-8") == report
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    for part, expected in readme_parts(results, catalogue, CLAIMS, "results/RESULTS.md").items():
        start, end = markers(part)
        assert readme.partition(start)[2].partition(end)[0].strip() == expected


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="committed plots were drawn on Linux, x86-64; elsewhere a pixel may round otherwise",
)
def test_plots_are_what_the_records_give(tmp_path):
    paths, _ = plot_all(RESULTS, tmp_path, PUBLISHED)
    committed = REPOSITORY / "plots"
    assert {path.name for path in paths} == {path.name for path in committed.glob("*.png")}
    for path in paths:
        assert path.read_bytes() == (committed / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("experiment", "measure", "low", "high"),
    [
        # wider than the spread of independent re-runs, narrower than what a wrong protocol gives
        ("imdb-simple-rnn", "best_validation", 0.82, 0.88),
        ("imdb-lstm", "best_validation", 0.88, 0.90),
        ("imdb-conv-lstm", "test_at_end", 0.84, 0.86),
        ("jena-persistence", "best_validation", 0.2885, 0.2900),
        ("jena-gru", "best_validation", 0.258, 0.270),
        ("jena-gru-dropout", "best_validation", 0.258, 0.270),
    ],
)
def test_results_lie_where_published_and_repeated_runs_lie(value, experiment, measure, low, high):
    assert low <= value(experiment, measure) <= high


def test_what_the_readme_says_of_imdb_holds(value):
    test = {
        name: value(f"imdb-{name}", "test_at_best")
        for name in ("linear", "dense", "simple-rnn", "stacked-rnn", "lstm", "conv-lstm")
    }
    networks = {name: test[name] for name in ("simple-rnn", "stacked-rnn", "lstm", "conv-lstm")}
    assert test["linear"] > max(networks.values())
    assert max(networks, key=networks.get) == "lstm"
    assert 0 < test["simple-rnn"] - test["dense"] < 0.02
    assert test["stacked-rnn"] < test["simple-rnn"]


def test_what_the_readme_says_of_jena_holds(value):
    level = [value(name, "test_at_best") for name in ("jena-ridge", "jena-gru", "jena-gru-dropout")]
    assert max(level) - min(level) < 0.002
    assert value("jena-dense", "test_at_best") >= value("jena-persistence", "test_at_best")
    persistence = value("jena-persistence", "last_validation")
    assert abs(persistence - 0.289736) < 0.001
    assert value("jena-gru", "last_validation") > persistence
    assert value("jena-gru-dropout", "last_validation") < persistence
