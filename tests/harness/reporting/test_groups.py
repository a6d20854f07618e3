"""Runs grouped over their seeds: which belong together, and what was published about them."""

import random

import pytest
from records import fabricate

from harness.errors import RunError
from harness.records.record import find_records
from harness.reporting import compare, groups, pages, verify
from harness.reporting.figures import __main__ as figures
from harness.reporting.figures import charts
from harness.reporting.groups import Published, corrected_notes, load_published, load_results
from harness.reporting.report import __main__ as report


def test_another_protocol_under_one_label_is_named_and_left_out(tmp_path):
    """A default that has changed since; a setting younger than a record counts as unchanged."""
    for seed, protocol in enumerate([{"rule": "a"}, {"rule": "b"}, {"rule": "b", "new": 1}]):
        fabricate(tmp_path, "imdb-x", seed=seed, config={"protocol": protocol})
    results = load_results(tmp_path)
    assert [record.seed for record in results.records] == [1, 2]
    assert results.left_out == ["imdb-x/seed-0: rule is a, but b with most other seeds."]
    fabricate(tmp_path, "imdb-x", seed=3, config={"protocol": {"rule": "a"}})
    assert [record.seed for record in load_results(tmp_path).records] == [
        0,
        3,
    ]  # the newest decides


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (pages, "--results-dir F/own"),
        (figures, "--results-dir F/own --plots-dir F/plots"),
        (report, "--results-dir F/own --output F/report.html"),
        (compare, "imdb-lstm imdb-gru --results-dir F/own --plot F/pair.png"),
        (verify, "F/own --reference F/reference"),
    ],
)
def test_every_command_names_a_damaged_record_and_shows_the_others(
    command, arguments, tmp_path, ask
):
    for folder in ("own", "reference"):
        for name in ("imdb-lstm", "imdb-gru"):
            for seed in range(5):
                fabricate(tmp_path / folder, name, seed=seed, best=0.85 + seed / 1000)
    (tmp_path / "own/imdb-gru/seed-4/metrics.json").write_text("{", "utf-8")
    done = ask(command.main, *arguments.replace("F/", f"{tmp_path}/").split())
    shown = done.stdout + done.stderr
    if command is report:
        shown += (tmp_path / "report.html").read_text("utf-8")
    assert done.returncode == (command is verify)  # which does not pass what it cannot judge
    assert "imdb-gru/seed-4/metrics.json: not valid JSON" in shown


def test_the_order_in_which_records_are_found_changes_nothing(tmp_path, monkeypatch):
    for name in ("imdb-lstm", "imdb-gru"):
        for seed in range(3):
            fabricate(tmp_path, name, seed=seed, best=0.85 + seed / 1000)
    first = load_results(tmp_path)
    records, _ = find_records(tmp_path)
    monkeypatch.setattr(groups, "find_records", lambda _: (random.Random(0).sample(records, 6), []))
    assert load_results(tmp_path) == first


def test_seeds_that_stopped_at_different_epochs_belong_together(tmp_path, ask):
    own, reference = tmp_path / "own", tmp_path / "reference"
    config = {"variant": {"patience": 2}, "protocol": {"epochs": 8, "patience": 2}}
    for folder in (own, reference):
        for seed, epochs in enumerate((5, 3, 5, 5, 8)):
            about = {"config": config, "best": 0.85 + seed / 1000}
            fabricate(folder, "imdb-lstm", seed=seed, epochs=epochs, **about)
    results = load_results(own)
    (row,) = results.rows
    label = row.first.label
    assert (len(row.records), results.left_out) == (5, [])
    chart, _ = charts.training_charts(row)
    assert chart.title == "Training and validation accuracy, fewer seeds after epoch 3"
    assert chart.curves[1].seeds.shape == (8, 5)
    for command, arguments in {
        pages: ["--results-dir", own],
        figures: ["--results-dir", own, "--plots-dir", tmp_path],
        report: ["--results-dir", own, "--output", tmp_path / "report.html"],
        compare: [own / label, reference / label, "--plot", tmp_path / "pair.png"],
        verify: [own, "--reference", reference],
    }.items():
        done = ask(command.main, *arguments)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["parameters", "degrees_per_unit"])
def test_a_number_that_one_seed_lacks_names_that_seed(tmp_path, name):
    for seed in range(3):
        number = {name: None} if seed == 1 else {}
        about = {"best": 0.26, "metric": "mae", "degrees_per_unit": 8.8, "metrics": number}
        fabricate(tmp_path, "jena-x", seed=seed, **about)
    (sentence,) = load_results(tmp_path).left_out
    assert sentence.startswith(f"jena-x/seed-1: {name} is null, but a number with most")


def test_a_published_number_belongs_to_the_published_protocol_on_real_data(tmp_path):
    for variant in ({}, {"keras": "2.0.8"}, {"units": 64}):
        fabricate(tmp_path / "real", "imdb-lstm", config={"variant": variant})
    fabricate(tmp_path / "sample", "imdb-lstm", config={"sample": True})
    rows = [row for one in ("real", "sample") for row in load_results(tmp_path / one).rows]
    best = {(str(row.variant), row.sample): row.published.best_validation for row in rows}
    assert best == {
        ("{}", False): 0.8928,
        ("{'keras': '2.0.8'}", False): 0.8928,
        ("{'units': 64}", False): None,
        ("{}", True): None,
    }
    assert Published(test=0.9).number("test_at_best") == 0.9


def test_a_note_that_was_wrong_is_corrected_and_mixed_code_is_noted(tmp_path):
    for seed, commit in enumerate(("a" * 40, "b" * 40)):
        notes = [*corrected_notes(), "Right."]
        about = {"config": {"notes": notes}, "environment": {"commit": commit}}
        fabricate(tmp_path, "imdb-x", seed=seed, **about)
    (row,) = load_results(tmp_path).rows
    now = [note for note in corrected_notes().values() if note]
    assert row.notes == [*now, "Right.", "The runs differ in commit."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[imdb-net]\nbset = 1.0",
            r"\[imdb-net\]: field 'bset' is unknown; known: headline, source, best_validation",
        ),
        ("[imdb-net]\nloss = [0.5, true]", r"'loss\[1\]' must be a finite number"),
        ("imdb-net = 1", r"\[imdb-net\]: the content must be a table"),
        ("[imdb-net", "not valid TOML"),
    ],
)
def test_mistakes_in_the_published_numbers_are_named(tmp_path, text, message):
    path = tmp_path / "published.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=message):
        load_published(path)
