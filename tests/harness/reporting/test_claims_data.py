"""A claim is checked on one copy of the data, and by runs of one protocol."""

import json

import pytest
from records import fabricate, fabricate_study

from harness.records.study_outputs import Table
from harness.reporting.claims import Claim, NotCheckable, find_measurement, judge
from harness.reporting.groups import PublishedResults, load_results
from harness.reporting.table import markdown
from harness.reporting.tables import claims_blocks

WORDS = {"id": "one", "source": "a-document", "statement": "it will", "quantity": "share"}
WORDS |= {"why": "Below that it is chance.", "set": "2020-01-01", "runs_known": True}
WORDS |= {"at_least": 0.5}
OF_NETWORK = Claim(**WORDS, experiment="imdb-net", measure="best_validation")
DIFFERENCE = Claim(**WORDS, experiment="imdb-net", measure="best_validation", minus="imdb-base")
CELL = {"table": "Kept", "row": "LSTM", "column": "share"}
OF_STUDY = Claim(**WORDS, experiment="reading", **CELL)
FIRST, SECOND = "a" * 64, "b" * 64


def results_of(results_dir):
    results, left_out = load_results(results_dir, PublishedResults({}, {}))
    assert left_out == []
    return results


def numbers(claim, results_dir):
    measured = find_measurement(claim, results_of(results_dir))
    return [seeds.values for seeds in measured.statistics]


def refused(claim, results_dir, *parts):
    """The claim is not checked, for a reason with these parts."""
    with pytest.raises(NotCheckable) as raised:
        numbers(claim, results_dir)
    for part in parts:
        assert part in str(raised.value)


def study(results_dir, seed, value, sha256):
    outputs = [Table("Kept", ["share"], {"LSTM": [value]})]
    path = fabricate_study(results_dir, "reading", seed=seed, outputs=outputs) / "data.json"
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content | {"files": [{"sha256": sha256}]}), "utf-8")


def test_seeds_on_one_copy_are_one_number(tmp_path):
    for seed, best in enumerate((0.5, 0.75)):
        fabricate(tmp_path, "imdb-net", seed=seed, best=best, sha256=FIRST)
        fabricate(tmp_path, "imdb-base", seed=seed, best=0.25, sha256=FIRST)
        fabricate(tmp_path, "jena-other", seed=seed, sha256=SECOND)  # no part of the claim
        study(tmp_path, seed, best, SECOND)  # a claim of its own
    assert numbers(OF_NETWORK, tmp_path) == [(0.5, 0.75)]
    assert numbers(DIFFERENCE, tmp_path) == [(0.5, 0.75), (0.25, 0.25)]
    assert numbers(OF_STUDY, tmp_path) == [(0.5, 0.75)]


def test_networks_on_different_copies_are_not_subtracted(tmp_path):
    fabricate(tmp_path, "imdb-net", best=0.75, sha256=FIRST)
    fabricate(tmp_path, "imdb-base", best=0.5, sha256=SECOND)
    copies = ["imdb-net/seed-0 on aaaaaaaa", "imdb-base/seed-0 on bbbbbbbb"]
    refused(DIFFERENCE, tmp_path, "different copies of the data", *copies, "--results-dir")
    assert numbers(OF_NETWORK, tmp_path) == [(0.75,)]  # each by itself is on one copy


def test_seeds_on_different_copies_are_not_one_number(tmp_path):
    fabricate(tmp_path, "imdb-net", seed=0, best=0.5, sha256=FIRST)
    fabricate(tmp_path, "imdb-net", seed=1, best=0.75, sha256=SECOND)
    copies = ["imdb-net/seed-0 on aaaaaaaa", "imdb-net/seed-1 on bbbbbbbb"]
    refused(OF_NETWORK, tmp_path, *copies)
    fabricate(tmp_path, "imdb-base", seed=0, best=0.25, sha256=FIRST)
    refused(DIFFERENCE, tmp_path, *copies)


def test_seeds_of_a_study_on_different_copies_are_not_one_number(tmp_path):
    study(tmp_path, 0, 0.5, FIRST)
    study(tmp_path, 1, 0.75, SECOND)
    refused(OF_STUDY, tmp_path, "reading/seed-0 on aaaaaaaa", "reading/seed-1 on bbbbbbbb")


def test_the_table_says_why_runs_on_different_data_are_not_checked(tmp_path):
    for seed, sha256 in enumerate((FIRST, SECOND)):
        fabricate(tmp_path, "imdb-net", seed=seed, sha256=sha256)
    table = markdown(claims_blocks(judge([OF_NETWORK], results_of(tmp_path))))
    assert "| not checkable: different copies of the data: imdb-net/seed-0 on aaaa" in table


def test_networks_of_different_protocols_are_compared(tmp_path):
    fabricate(tmp_path, "imdb-net", best=0.75)
    fabricate(tmp_path, "imdb-base", best=0.5, config={"protocol": {"units": 64}})
    assert numbers(DIFFERENCE, tmp_path) == [(0.75,), (0.5,)]


def test_a_deterministic_run_is_of_the_same_protocol(tmp_path):
    for seed, deterministic in enumerate((False, True)):
        config = {"deterministic": deterministic}
        fabricate(tmp_path, "imdb-net", seed=seed, best=0.75, config=config)
    assert numbers(OF_NETWORK, tmp_path) == [(0.75, 0.75)]


def test_networks_tested_on_other_samples_are_not_subtracted(tmp_path):
    fabricate(tmp_path, "jena-net", metric="mae", best=0.3, predictions=True)
    path = fabricate(tmp_path, "jena-base", metric="mae", best=0.3, predictions=True)
    file = path / "predictions.json"
    file.write_text(file.read_text("utf-8").replace("2015-W02", "2015-W03"), "utf-8")
    networks = {"experiment": "jena-net", "minus": "jena-base"}
    claim = Claim(**WORDS, **networks, measure="best_validation")
    refused(claim, tmp_path, "not tested on the same samples: jena-net, jena-base")
