"""`make verify`: whether somebody's records agree with the reference."""

import json
import re
from dataclasses import replace

import pytest
from commands import REPOSITORY
from records import fabricate, fabricate_study

from harness.reporting import verify as command
from harness.reporting.groups import load_results
from harness.reporting.verify import main, verify

BEST = (0.880, 0.882, 0.884, 0.886, 0.888)
COMMITTED = REPOSITORY / "results/reference"


@pytest.fixture
def folders(tmp_path):
    """A reference of a network with five seeds, one with a single seed, and a baseline."""
    folder = tmp_path / "reference"
    for seed, best in enumerate(BEST):
        fabricate(folder, "imdb-lstm", seed=seed, best=best)
    fabricate(folder, "imdb-gru")
    fabricate(folder, "imdb-linear", epochs=0, best=0.9)
    return tmp_path


@pytest.fixture
def verdict(folders, capsys):
    """The exit status of the command, and what it prints as lines."""

    def call():
        status = main([str(folders / "own"), "--reference", str(folders / "reference")])
        return status, capsys.readouterr().out.splitlines()

    return call


def test_runs_like_the_reference_pass(folders, verdict):
    for seed, best in ((7, 0.883), (8, 0.887)):
        fabricate(folders / "own", "imdb-lstm", seed=seed, best=best)
    fabricate(folders / "own", "imdb-linear", epochs=0, best=0.90004)
    status, lines = verdict()
    assert status == 0
    assert "imdb-lstm, 2 runs: agrees with the reference" in lines
    (best,) = (line for line in lines if line.startswith("  best validation accuracy 0.8850, "))
    low, high = map(float, re.findall(r"0[.]\d+", best)[1:])
    # 0.884 ± 0.0032 * sqrt(1 / 2 + 1 / 5) * the farthest of five numbers at 1 %
    assert (low, high) == pytest.approx((0.860, 0.904), abs=0.006)
    assert "  5 of 5 numbers inside" in lines
    assert lines[-1] == "2 of 2 experiments agree with the reference."


@pytest.mark.parametrize(
    ("best", "factor", "ends", "inside"),
    [
        (0.82, 1, "below", 0),  # training too well is as suspicious as training badly
        (0.95, 1, "above", 0),
        (0.884, 0.6, "inside", 2),  # the curve falls otherwise, to the same best value
        (0.884, 1.6, "inside", 2),
    ],
)
def test_runs_that_lie_elsewhere_fail(folders, verdict, best, factor, ends, inside):
    file = fabricate(folders / "own", "imdb-lstm", best=best) / "history.json"
    history = json.loads(file.read_text("utf-8"))
    history["loss"] = [loss * factor for loss in history["loss"]]
    file.write_text(json.dumps(history), "utf-8")
    status, lines = verdict()
    assert (status, lines[0]) == (1, "imdb-lstm, 1 run: DIFFERS from the reference")
    assert [line.endswith(ends) for line in lines[1:3]] == [True, True]
    assert f"  {inside} of 5 numbers inside" in lines
    away = "below" if factor < 1 else "above"
    wrong = [line.strip().partition(" at epoch ")[0] for line in lines if line.endswith(away)]
    assert factor == 1 or wrong == 3 * ["training loss"]


def test_a_baseline_without_chance_agrees_to_rounding(folders, verdict):
    fabricate(folders / "own", "imdb-linear", epochs=0, best=0.9002)
    status, (_, best, *_) = verdict()
    assert status == 1
    assert best == "  best validation accuracy 0.9002, expected 0.8999 to 0.9001: above"


@pytest.mark.parametrize(
    ("experiment", "changes", "reason"),
    [
        ("imdb-new", {}, "the reference has no run of this experiment"),
        ("imdb-gru", {}, "an interval needs 5 seeds, and the reference has 1"),
        ("imdb-lstm", {"sha256": "f" * 64}, "other data (made-up has another SHA-256)"),
        ("imdb-lstm", {"config": {"variant": {"units": 8}}}, "no run with these settings"),
        (
            "imdb-lstm",
            {"config": {"protocol": {"epochs": 4}}},
            "other protocol: epochs = 4 (reference: 3)",
        ),
    ],
)
def test_what_cannot_be_judged_says_why_and_fails(folders, verdict, experiment, changes, reason):
    fabricate(folders / "own", experiment, **changes)
    status, lines = verdict()
    assert status == 1
    assert f"{experiment}" in lines[0]
    assert "not judged: " in lines[0]
    assert reason in lines[0]


def test_studies_are_named_and_not_judged(folders, verdict):
    fabricate(folders / "own", "imdb-lstm", best=0.884)
    fabricate_study(folders / "own", "recall", outputs=[])
    status, lines = verdict()
    assert status == 0
    assert "not judged, as studies: recall" in lines


def test_sample_data_are_refused(folders, ask):
    fabricate(folders / "own", "imdb-lstm", config={"sample": True})
    done = ask(main, str(folders / "own"), "--reference", str(folders / "reference"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "own: runs on sample data have no reference (imdb-lstm/seed-0)." in done.stderr


@pytest.fixture(scope="module")
def networks():
    """The committed networks with five seeds, by name."""
    rows = load_results(COMMITTED).rows
    return {row.name: row for row in rows if not row.too_few_seeds}


def of_seeds(row, chosen):
    return replace(row, records=tuple(r for r in row.records if chosen(r.seed)))


def test_honest_records_pass_nearly_always(networks, monkeypatch):
    """The numbers in the docstring of `verify`: a seed judged by the four others."""
    monkeypatch.setattr(command, "SEEDS_NEEDED", 4)
    alone, together = [], []
    for seed in (0, 2, 4):
        own = [of_seeds(row, lambda s, seed=seed: s == seed) for row in networks.values()]
        others = [of_seeds(row, lambda s, seed=seed: s != seed) for row in networks.values()]
        alone += [one.passed for row in own for one in verify([row], others)]
        together.append(all(one.passed for one in verify(own, others)))
        published = [row for row in own if not row.variant]
        together.append(all(one.passed for one in verify(published, others)))
    assert alone.count(False) <= 0.05 * len(alone)
    assert all(together)


@pytest.mark.parametrize("name", ["imdb-lstm", "imdb-gru"])
def test_runs_by_another_update_rule_are_noticed(networks, name):
    """They claim to follow the published protocol, and reach about the same best value."""
    row = networks[name]
    claimed = {"variant": {}, "protocol": row.first.config["protocol"]}
    for record in networks[f"{name}+optimizer-rmsprop"].records:
        impostor = replace(record, config=record.config | claimed)
        (one,) = verify([replace(row, records=(impostor,))], [row])
        assert one.obstacle == ""
        assert not one.passed
