"""A user's own runs beside the reference: at the end of a run, and in the user's tables."""

import math

import pytest
from commands import REPOSITORY
from records import fabricate, fabricate_study
from scipy import stats

from harness.records.record import load_record
from harness.records.study_outputs import Table
from harness.reporting import pages
from harness.reporting.own_runs import result_lines, study_lines

BEST = (0.880, 0.882, 0.884, 0.886, 0.888)


@pytest.fixture
def reference(tmp_path):
    """Five runs of the published protocol and one of a variant."""
    folder = tmp_path / "reference"
    for seed, best in enumerate(BEST):
        fabricate(folder, "imdb-lstm", seed=seed, best=best, config=protocol(epochs=10))
    fabricate(folder, "imdb-lstm", config=protocol({"units": 64}, epochs=10, units=64))
    return folder


def protocol(variant=None, **values):
    return {"variant": variant or {}, "protocol": values}


def lines_of(folder, reference, experiment="imdb-lstm", **changes):
    """What is printed at the end of a run of the user's."""
    record = load_record(fabricate(folder / "own", experiment, **changes))
    return result_lines(record, reference)


def cells(lines, name="best validation") -> str:
    """The line of a number in the table of a run, with single blanks."""
    (line,) = (one for one in "\n".join(lines).splitlines() if one.strip().startswith(name))
    return " ".join(line.split())


def test_a_run_ends_beside_the_reference_and_the_published_number(tmp_path, reference):
    lines = lines_of(tmp_path, reference, best=0.8842, config=protocol(epochs=10))
    assert lines[0] == "imdb-lstm, seed 0: accuracy (majority class 0.5000 on test)"
    half = stats.t.ppf(0.975, 4) * math.sqrt(1e-5) * math.sqrt(1 + 1 / 5)
    further = f"0.8840 ± 0.0032 ({0.884 - half:.4f} to {0.884 + half:.4f})"
    assert cells(lines) == f"best validation 0.8842 {further} 0.8928 inside"
    assert cells(lines, "last").endswith("0.8758 inside")
    assert cells(lines, "test").endswith("– inside")


TEN = protocol(epochs=10)
WIDE = protocol({"units": 64}, epochs=10, units=64)
SHORT = protocol({"epochs": 2}, epochs=2)


@pytest.mark.parametrize(
    ("changes", "end", "sentence"),
    [
        ({"best": 0.884, "config": TEN}, "0.8928 inside", ""),
        ({"best": 0.86, "config": TEN}, "0.8928 outside", "one correct run in twenty lies outside"),
        # one seed in the reference
        ({"best": 0.85, "config": WIDE}, "0.8500 0.8500 – same", ""),
        ({"best": 0.8502, "config": WIDE}, "0.8502 0.8500 – different", ""),
        # nothing to compare with
        ({"config": {"sample": True}}, "–", "compared: runs on sample data have no reference"),
        ({"config": SHORT}, "–", "not compared: the reference has no run with these settings"),
        ({"experiment": "imdb-gru"}, "–", "compared: the reference has no run of this experiment"),
        ({"sha256": "f" * 64}, "–", "made from other data (made-up has another SHA-256)"),
    ],
)
def test_words_say_where_a_run_lies_or_why_not(tmp_path, reference, changes, end, sentence):
    lines = lines_of(tmp_path, reference, **changes)
    assert cells(lines).endswith(end)
    assert sentence in "\n".join(lines)
    assert any("not compared" in line for line in lines) is (end == "–")
    assert any("lies outside" in line for line in lines) is end.endswith("outside")


def test_a_study_ends_beside_the_reference(tmp_path):
    def table(share):
        return [Table("Kept", ["share", "steps"], {"a net": [share, None]})]

    for seed, share in enumerate((0.3, 0.5)):
        fabricate_study(tmp_path / "reference", "made-study", seed=seed, outputs=table(share))
    own = load_record(fabricate_study(tmp_path / "own", "made-study", outputs=table(0.4)))
    shown, last = study_lines(own, tmp_path / "reference")
    assert shown.splitlines()[-1].split() == ["a", "net", "0.4000", "[0.3000,", "0.5000]", "–"]
    assert last == "In square brackets: the reference, seeds 0, 1."
    (alone,) = study_lines(own, tmp_path / "nowhere")
    assert "[" not in alone


@pytest.mark.parametrize(("content", "same"), [("c", True), ("d", False)])
def test_the_same_reviews_in_another_archive_are_the_same_data(tmp_path, reference, content, same):
    own = fabricate(
        tmp_path / "own", "imdb-lstm", best=0.884, sha256="f" * 64, config=protocol(epochs=10)
    )
    for path in (*reference.glob("*/*/data.json"), own / "data.json"):
        facts = f'{{"content_sha256": "{content if path.parent == own else "c"}"}}'
        path.write_text(path.read_text("utf-8").replace('"facts": {}', f'"facts": {facts}'))
    lines = result_lines(load_record(own), reference)
    assert cells(lines).endswith("inside" if same else "–")
    assert ("other data" in lines[-1]) is not same


def test_settings_and_software_that_differ_are_named(tmp_path, reference):
    environment = {"backend": "jax", "device": "GPU: fabricated", "packages": {"keras": "3.16.0"}}
    *_, last = lines_of(
        tmp_path, reference, config=protocol({"epochs": 2}, epochs=2), environment=environment
    )
    assert sorted(last.removeprefix("  differs: ").split(", ")) == [
        "backend = jax (reference: tensorflow)",
        "device = GPU (reference: CPU)",
        "epochs = 2 (reference: 10)",
        "keras = 3.16.0 (reference: 3.15.0)",
    ]


def test_a_forecast_ends_in_degrees_too():
    record = load_record(REPOSITORY / "results/reference/jena-ridge/seed-0")
    degrees = record.metrics["test_at_best"] * record.metrics["degrees_per_unit"]
    assert f"  test at best in °C: {degrees:.2f}" in result_lines(record)


def own_tables(folder, reference):
    """The rows of the user's RESULTS.md, by the first two cells."""
    arguments = ["--results-dir", str(folder / "own"), "--reference", str(reference)]
    assert pages.main(arguments) == 0
    text = (folder / "own/RESULTS.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return text, rows


def test_the_users_tables_show_yours_the_reference_and_the_published(tmp_path, reference):
    for seed, best in enumerate((0.884, 0.8861, 0.86)):
        fabricate(tmp_path / "own", "imdb-lstm", seed=seed, best=best, config=protocol(epochs=10))
    fabricate(tmp_path / "own", "imdb-lstm", config=protocol({"epochs": 2}, epochs=2))
    text, rows = own_tables(tmp_path, reference)
    first, variant = rows[2], rows[5]
    assert first[:3] == ["LSTM", "best validation", "0.8840, 0.8861, 0.8600"]
    assert first[3].startswith("0.8840 ± 0.0032 (")
    assert first[4:6] == ["0.8928", "2 of 3 inside"]
    assert "\n|   | last validation | " in text
    assert variant[0] == "LSTM, epochs = 2"
    assert variant[3:5] == ["–", "–"]
    assert variant[5] == "not compared: the reference has no run with these settings"
    assert variant[6] == "epochs = 2 (reference: 10)"
    assert "[../reference/RESULTS.md](../reference/RESULTS.md)" in text
    assert (tmp_path / "own/summary.csv").exists()
