"""Tables: means and deviations, footnotes, what is left out, and the same bytes every time."""

import csv
import random
from pathlib import Path

import pytest
from records import fabricate

from harness import markdown, summary, tables
from harness.errors import RunError
from harness.record import find_records

PUBLISHED = """
[datasets]
imdb = "Reviews"
jena = "Weather"
[imdb-base]
[imdb-net]
source = "a log"
best_validation = 0.8460
last_validation = 0.8054
reruns = "0.862 ± 0.010 (6)"
note = "Published with another kernel."
[jena-gru]
best_validation = 0.289736
"""


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "published.toml"
    path.write_text(PUBLISHED, encoding="utf-8")
    return path


@pytest.fixture
def results(tmp_path):
    """Two data sets, two seeds of one network, one variant."""
    path = tmp_path / "results"
    fabricate(path, "jena-gru", metric="mae", best=0.26, degrees_per_unit=8.5)
    fabricate(path, "imdb-net", seed=1, best=0.86, data_notes=("Rebuilt file.",))
    fabricate(path, "imdb-net", seed=0, best=0.84, data_notes=("Rebuilt file.",))
    fabricate(path, "imdb-net", best=0.80, config={"variant": {"epochs": 2}})
    fabricate(
        path,
        "imdb-base",
        epochs=0,
        best=0.5,
        config={"notes": ["Predicts one class."]},
        data_notes=("Rebuilt file.",),
    )
    return path


def build(results: Path, published: Path) -> str:
    tables.write_tables(results, published)
    return (results / "RESULTS.md").read_text(encoding="utf-8")


def cells(markdown: str, model: str) -> dict[str, str]:
    """The first table line of a model, by column name."""
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines() if "|" in line]
    header = []
    for line in lines:
        if line[0] == "Model":
            header = line
        if line[0] == model:
            return dict(zip(header, line, strict=True))
    raise AssertionError(f"no line for {model}")


def csv_lines(results: Path) -> list[dict]:
    with (results / "summary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_seeds_become_mean_and_sample_deviation(results, published):
    row = cells(build(results, published), "NET")
    # 0.84 and 0.86: mean 0.85, deviation sqrt(2 * 0.01^2 / 1) = 0.014142
    assert row["Best validation"] == "0.8500 ± 0.0141"
    assert row["Last validation"] == "0.8400 ± 0.0141"
    assert row["Test at best"] == "0.8450 ± 0.0141"
    assert row["Seeds"] == "2"
    line = csv_lines(results)[1]
    assert (line["best_validation"], line["best_validation_sd"]) == ("0.850000", "0.014142")
    assert (line["seeds"], line["n"]) == ("0 1", "2")


def test_one_seed_is_the_number_alone(results, published):
    assert cells(build(results, published), "BASE")["Best validation"] == "0.5000"


def test_degrees_are_the_normalised_value_times_the_scale(results, published):
    row = cells(build(results, published), "GRU")
    assert row["Best validation"] == "0.2600 (2.21 °C)"  # 0.26 * 8.5
    assert csv_lines(results)[-1]["best_validation_degrees"] == "2.210000"


def test_published_numbers_keep_their_digits(results, published):
    markdown = build(results, published)
    column = "Published: best / last validation"
    expected = "0.8460 / 0.8054 (a log)<br>re-runs 0.862 ± 0.010 (6)"
    assert cells(markdown, "NET")[column] == expected
    assert cells(markdown, "GRU")[column] == "0.289736"


def test_rows_follow_the_published_order(results, published):
    build(results, published)
    names = [(line["experiment"], line["variant"]) for line in csv_lines(results)]
    expected = [("imdb-base", ""), ("imdb-net", ""), ("imdb-net", "epochs = 2"), ("jena-gru", "")]
    assert names == expected


def test_variants_stand_apart_without_a_published_number(results, published):
    markdown = build(results, published)
    standard, variants = markdown.split("Variants:")
    assert "| NET, epochs = 2 |" not in standard
    assert cells(variants, "NET, epochs = 2")["Best validation"] == "0.8000"
    assert "0.8460" not in variants.split("## Weather")[0]


def test_footnotes_are_numbered_once_in_order_of_appearance(results, published):
    markdown = build(results, published)
    assert cells(markdown, "BASE")["Notes"] == "1, 2"
    assert cells(markdown, "NET")["Notes"] == "2, 3"
    assert cells(markdown, "GRU")["Notes"] == "–"
    footnotes = "1. Predicts one class.\n2. Rebuilt file.\n3. Published with another kernel.\n"
    assert footnotes in markdown
    assert markdown.count("Rebuilt file.") == 1


def test_other_data_makes_another_row(results, published):
    fabricate(results, "imdb-net", seed=7, best=0.9, sha256="f" * 64)
    markdown = build(results, published)
    assert cells(markdown, "NET, data ffffffff")["Best validation"] == "0.9000"
    assert cells(markdown, "NET, data 00000000")["Best validation"] == "0.8500 ± 0.0141"


def test_each_device_keeps_its_own_seconds(results, published):
    fabricate(
        results,
        "imdb-net",
        seed=2,
        environment={"device": "GPU: made up"},
        metrics={"seconds_per_epoch": 2.0},
        data_notes=("Rebuilt file.",),
    )
    row = cells(build(results, published), "NET")
    assert row["Device"] == "CPU: fabricated (seeds 0, 1)<br>GPU: made up (seeds 2)"
    assert row["Seconds an epoch"] == "10.0<br>2.0"


def test_origin_names_versions_commits_and_changed_code(results, published):
    fabricate(results, "imdb-new", environment={"dirty": True, "commit": None})
    markdown = build(results, published)
    assert "- Records: 6\n" in markdown
    assert "Python 3.11.0, keras 3.15.0, tensorflow 2.21.0 (6 records)" in markdown
    assert f"{'c' * 40} (5 records); unknown (1 record)" in markdown
    assert "uncommitted changes to the code: imdb-new/seed-0\n" in markdown


def test_unfinished_and_damaged_records_are_named_and_left_out(results, published, capsys):
    fabricate(results, "imdb-net", seed=5).rename(results / "imdb-net" / "seed-5.unfinished")
    (fabricate(results, "imdb-net", seed=6) / "metrics.json").write_text("{", encoding="utf-8")
    arguments = ["--results-dir", str(results), "--published", str(published)]
    assert tables.main(arguments) == 0
    markdown = (results / "RESULTS.md").read_text(encoding="utf-8")
    warnings = capsys.readouterr().err
    for run in ("imdb-net/seed-5.unfinished", "imdb-net/seed-6/metrics.json"):
        assert run in warnings
        assert run not in markdown  # the file depends on whole records alone
    assert cells(markdown, "NET")["Seeds"] == "2"


def test_sample_and_real_records_never_share_a_table(results, published, capsys):
    fabricate(results, "jena-new", config={"sample": True})
    arguments = ["--results-dir", str(results), "--published", str(published)]
    assert tables.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "sample data (jena-new/seed-0)" in error
    assert "imdb-base/seed-0" in error
    assert not (results / "RESULTS.md").exists()


def test_sample_tables_say_so_and_show_no_published_number(tmp_path, published):
    fabricate(tmp_path / "demo", "imdb-net", config={"sample": True})
    markdown = build(tmp_path / "demo", published)
    assert "**Sample data:**" in markdown
    assert "0.8460" not in markdown


def test_no_records_is_one_clear_message(tmp_path, published):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="no finished run; run an experiment first"):
        tables.write_tables(tmp_path / "empty", published)


def test_same_records_same_bytes_in_any_listing_order(results, published, monkeypatch):
    outputs = [results / "summary.csv", results / "RESULTS.md"]
    build(results, published)
    first = [path.read_bytes() for path in outputs]

    def shuffled(results_dir):
        records, left_out = find_records(results_dir)
        random.Random(0).shuffle(records)
        return records, left_out

    monkeypatch.setattr(summary, "find_records", shuffled)
    build(results, published)
    assert [path.read_bytes() for path in outputs] == first
    assert b"\r" not in b"".join(first)


def test_readme_gets_the_published_protocols_between_its_markers(results, published, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(
        f"before\n{markdown.README_START}\nold\n{markdown.README_END}\nafter\n", encoding="utf-8"
    )
    for _ in range(2):  # replacing twice changes nothing more
        tables.write_tables(results, published, readme)
        text = readme.read_text(encoding="utf-8")
        assert text.startswith(f"before\n{markdown.README_START}\n")
        assert text.endswith(f"{markdown.README_END}\nafter\n")
        assert "old" not in text
        assert text.count("| NET |") == 1
        assert "epochs = 2" not in text
        assert "(results/RESULTS.md)" in text


@pytest.mark.parametrize(
    "text",
    [
        "no markers",
        f"{markdown.README_END} {markdown.README_START}",
        f"{markdown.README_START} {markdown.README_END} {markdown.README_END}",
    ],
)
def test_readme_without_proper_markers_is_refused(results, published, tmp_path, text):
    readme = tmp_path / "README.md"
    readme.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="results:start"):
        tables.write_tables(results, published, readme)
    assert readme.read_text(encoding="utf-8") == text
    assert not (results / "RESULTS.md").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[imdb-net]\nbset = 1.0", "no field 'bset'"),
        ("[imdb-net]\nbest_validation = '0.8'", "best_validation has the wrong type"),
        ("imdb-net = 1", "must be a table"),
        ("[imdb-net", "not valid TOML"),
    ],
)
def test_mistakes_in_the_published_numbers_are_named(tmp_path, text, message):
    path = tmp_path / "published.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=message):
        summary.load_published(path)


def test_the_projects_published_numbers_are_the_documents():
    path = Path(__file__).parent.parent / "experiments" / "published.toml"
    catalogue = summary.load_published(path)
    assert list(catalogue.datasets) == ["imdb", "jena"]
    best = {name: value.best_validation for name, value in catalogue.experiments.items()}
    assert best["imdb-simple-rnn"] == 0.8460
    assert best["imdb-lstm"] == 0.8928
    assert best["jena-persistence"] == 0.289736
    assert best["jena-gru"] == 0.2644
    assert best["jena-gru-dropout"] == 0.2619


def test_fabricated_records_are_valid(results):
    records, left_out = find_records(results)
    assert len(records) == 5
    assert left_out == []
