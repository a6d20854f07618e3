"""The committed results: tables and plots are what records give, and the README says no more."""

import platform
import subprocess
import sys

import pytest
from commands import REPOSITORY

from harness.markdown import README_END, README_START, readme_markdown, results_markdown
from harness.plots import plot_all
from harness.record import find_records
from harness.summary import load_published, make_rows
from harness.tables import summary_csv


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


@pytest.fixture(scope="module")
def rows():
    records, left_out = find_records(RESULTS)
    assert [sentence for sentence in left_out if ".unfinished" not in sentence] == []
    return make_rows(records, load_published(PUBLISHED))


@pytest.fixture(scope="module")
def value(rows):
    """Mean over the seeds of one number of one experiment in its published protocol."""

    def mean(experiment, measure):
        (row,) = (r for r in rows if r.first.experiment == experiment and not r.variant)
        return row.spread(measure).mean

    return mean


def test_every_experiment_was_run_on_real_data(rows):
    published = set(load_published(PUBLISHED).experiments)
    assert {row.first.experiment for row in rows if not row.variant} == published
    assert not any(row.sample for row in rows)


def test_records_were_made_by_committed_code(rows):
    for row in rows:
        for record in row.records:
            assert record.environment["commit"]
            assert record.environment["dirty"] is False


def test_tables_are_what_the_records_give(rows):
    catalogue = load_published(PUBLISHED)
    assert (RESULTS / "summary.csv").read_text("utf-8") == summary_csv(rows)
    assert (RESULTS / "RESULTS.md").read_text("utf-8") == results_markdown(rows, catalogue)
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    between = readme.partition(README_START)[2].partition(README_END)[0]
    assert between.strip() == readme_markdown(rows, catalogue, "results/RESULTS.md")


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
