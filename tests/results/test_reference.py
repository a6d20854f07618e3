"""The committed results: tables and plots are what records give."""

import platform
import re
import sys

import pytest
from commands import REPOSITORY, words
from reference import CLAIMS, PUBLISHED, STATEMENTS, unchanged

from harness.reporting.conditions import from_changed_code
from harness.reporting.figures import draw
from harness.reporting.groups import REFERENCE
from harness.reporting.pages import make_tables, markers, summary_csv

pytestmark = unchanged
PAGES = ["README.md", "docs/rmsprop-through-the-versions.md"]
PAGES += [f"docs/{page}.md" for page in ("article", "results", "claims", "speed", "padding")]


def test_every_statement_can_be_read_alone():
    assert [claim for claim in CLAIMS if "…" in claim.statement[:2]] == []


def test_every_experiment_was_run_on_real_data(results):
    published = set(PUBLISHED.experiments)
    done = {group.first.experiment for group in [*results.rows, *results.studies]}
    assert done == published
    assert not any(record.sample for record in results.records)


def test_records_were_made_by_committed_code(results):
    assert all(record.environment["commit"] for record in results.records)
    assert from_changed_code(results.records) == []
    marked = [record for record in results.records if record.environment["dirty"] is not False]
    assert {record.experiment for record in marked} == {
        "imdb-lstm-document",
        "imdb-lstm-peephole",
        "any-length",
        "jena-gru-stacked",
    }
    assert f"In {len(marked)} records of 30 November" in words("docs/article.md")


def test_every_claim_on_these_data_and_protocols_has_its_runs(judged):
    missing = [one.claim for one in judged if one.measured is None]
    assert missing == [claim for claim in CLAIMS if claim.speaks_of]
    reasons = ("seeds that were fixed", "the runs differ")
    assert [one.text for one in judged if any(reason in one.reason for reason in reasons)] == []


def test_tables_are_what_the_records_give(results):
    files, parts = make_tables(results, PUBLISHED, STATEMENTS)
    files["summary.csv"] = summary_csv(results.rows)
    assert set(files) == {"RESULTS.md", "summary.csv", "claims.csv"}
    for name, expected in files.items():
        assert (REFERENCE / name).read_text("utf-8") == expected
    seen = set()
    for page in PAGES:
        text = (REPOSITORY / page).read_text("utf-8")
        for part, expected in parts.items():
            start, end = markers(part)
            if start in text:
                seen.add(part)
                assert text.partition(start)[2].partition(end)[0].strip() == expected
    assert seen == set(parts)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="committed plots were drawn on Linux, x86-64; elsewhere a pixel may round otherwise",
)
@pytest.mark.parametrize("variants", [False, pytest.param(True, marks=pytest.mark.faults)])
def test_plots_are_what_the_records_give(variants, tmp_path, monkeypatch):
    """Those of variants, two in three, are drawn by `make test-faults` alone."""

    def plot(path, *what, plot=draw.plot_panels, **how):
        return plot(path, *what, **how) if variants or "+" not in path.name else path

    monkeypatch.setattr(draw, "plot_panels", plot)
    paths, _ = draw.plot_all(REFERENCE, tmp_path)
    committed = REPOSITORY / "plots/reference"
    drawn = {path.name for path in paths}
    # those of the benchmark have a record of their own
    assert drawn == {path.name for path in committed.glob("*.png")} - {
        path.name for path in committed.glob("benchmark*")
    }
    for path in paths:
        if variants or "+" not in path.name:
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
def test_results_lie_where_published_and_repeated_runs_lie(row, experiment, measure, low, high):
    assert low <= row(experiment).spread(measure).mean <= high


def test_the_stored_tour_has_the_numbers_of_the_reference(results):
    tour = (REPOSITORY / "notebooks/tour.ipynb").read_text("utf-8")
    networks = [
        one
        for one in results.rows
        if one.dataset == "imdb" and one.first.history and not one.variant
    ]
    for network in networks:
        best = network.spread("best_validation").mean
        shown = rf"{re.escape(network.title)} +{len(network.records)} +{best:.4f}"
        assert re.search(shown, tour), network.title
    kept = [*REFERENCE.glob("imdb-*/seed-0/*.keras"), *REFERENCE.glob("imdb-*/seed-0/*.npz")]
    assert len(re.findall(r"\d\.\d{3} positive", tour)) == len(kept)
