"""A claim is checked on one copy of the data."""

import json

import pytest
from records import fabricate, fabricate_study

from harness.claims import Claim, measured
from harness.errors import RunError
from harness.exhibits import Table
from harness.results import load_results
from harness.summary import Catalogue

WORDS = {"id": "one", "source": "a-document", "statement": "it will", "quantity": "share"}
WORDS |= {"why": "Below that it is chance.", "at_least": 0.5}
OF_NETWORK = Claim(**WORDS, experiment="imdb-net", measure="best_validation")
DIFFERENCE = Claim(**WORDS, experiment="imdb-net", measure="best_validation", minus="imdb-base")
CELL = {"table": "Kept", "row": "LSTM", "column": "share"}
OF_STUDY = Claim(**WORDS, experiment="reading", **CELL)
FIRST, SECOND = "a" * 64, "b" * 64


def number(claim, results_dir):
    results, left_out = load_results(results_dir, Catalogue({}, {}))
    assert left_out == []
    return measured(claim, results)


def refused(claim, results_dir, *places):
    """The number is refused, naming each run and its data."""
    with pytest.raises(RunError, match="different copies of the data") as raised:
        number(claim, results_dir)
    message = str(raised.value)
    assert claim.experiment in message
    assert "--results-dir" in message
    for place, sha256 in zip(places, (FIRST, SECOND), strict=True):
        assert f"{place} on {sha256}" in message


def study(results_dir, seed, value, sha256):
    exhibits = [Table("Kept", ["share"], {"LSTM": [value]})]
    path = fabricate_study(results_dir, "reading", seed=seed, exhibits=exhibits) / "data.json"
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content | {"files": [{"sha256": sha256}]}), "utf-8")


def test_seeds_on_one_copy_are_one_number(tmp_path):
    for seed, best in enumerate((0.5, 0.75)):
        fabricate(tmp_path, "imdb-net", seed=seed, best=best, sha256=FIRST)
        fabricate(tmp_path, "imdb-base", seed=seed, best=0.25, sha256=FIRST)
        fabricate(tmp_path, "jena-other", seed=seed, sha256=SECOND)  # no part of the claim
        study(tmp_path, seed, best, SECOND)  # a claim of its own
    assert number(OF_NETWORK, tmp_path).values == (0.5, 0.75)
    assert number(DIFFERENCE, tmp_path).values == (0.25, 0.5)
    assert number(OF_STUDY, tmp_path).values == (0.5, 0.75)


def test_networks_on_different_copies_are_not_subtracted(tmp_path):
    fabricate(tmp_path, "imdb-net", best=0.75, sha256=FIRST)
    fabricate(tmp_path, "imdb-base", best=0.5, sha256=SECOND)
    with pytest.raises(RunError, match=f"imdb-base/seed-0 on {SECOND}") as raised:
        number(DIFFERENCE, tmp_path)
    assert f"imdb-net/seed-0 on {FIRST}" in str(raised.value)
    assert "imdb-net minus imdb-base" in str(raised.value)
    assert number(OF_NETWORK, tmp_path).values == (0.75,)  # each by itself is on one copy


def test_seeds_on_different_copies_are_not_one_number(tmp_path):
    fabricate(tmp_path, "imdb-net", seed=0, best=0.5, sha256=FIRST)
    fabricate(tmp_path, "imdb-net", seed=1, best=0.75, sha256=SECOND)
    refused(OF_NETWORK, tmp_path, "imdb-net/seed-0", "imdb-net/seed-1")
    fabricate(tmp_path, "imdb-base", seed=0, best=0.25, sha256=FIRST)
    fabricate(tmp_path, "imdb-base", seed=1, best=0.25, sha256=FIRST)
    refused(DIFFERENCE, tmp_path, *_order(tmp_path))


def _order(results_dir):
    """The first record on each copy, in the order of the rows."""
    results, _ = load_results(results_dir, Catalogue({}, {}))
    first = {}
    for row in results.rows:
        first.setdefault(row.first.data["files"][0]["sha256"], row.first.place)
    return first[FIRST], first[SECOND]


def test_seeds_of_a_study_on_different_copies_are_not_one_number(tmp_path):
    study(tmp_path, 0, 0.5, FIRST)
    study(tmp_path, 1, 0.75, SECOND)
    refused(OF_STUDY, tmp_path, "reading/seed-0", "reading/seed-1")
