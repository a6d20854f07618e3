"""RESULTS.md, the CSV files and parts of pages, where the committed ones do not show it."""

import csv
from pathlib import Path

import pytest
from records import fabricate, fabricate_study

from harness.errors import RunError
from harness.records.study_outputs import Lines, Series, Table, Text
from harness.reporting.pages import markers, write_tables
from harness.reporting.tables import INTERVAL

PUBLISHED = """
[datasets]
imdb = "Reviews"
jena = "Weather"
[imdb-base]
[imdb-net]
best_validation = 0.8460
[jena-gru]
[made-study]
"""


CLAIMS = """
[[claim]]
id = "made-up"
source = "a-document, another"
statement = "the net beats the base"
experiment = "imdb-net"
minus = "imdb-base"
measure = "best_validation"
quantity = "accuracy over that of the base"
at_least = 0.3
primary = true
why = "A made-up bound."
set = "2020-01-01"
runs_known = false
[[claim]]
id = "made-up"
source = "a-document"
statement = "what is far is forgotten"
experiment = "made-study"
table = "Kept"
row = "a net"
column = "share"
quantity = "share that is kept"
at_most = 0.1
why = "Another bound."
set = "2020-01-01"
runs_known = true
"""


@pytest.fixture
def published(tmp_path):
    """The published numbers; the claims stand beside them."""
    (tmp_path / "claims.toml").write_text(CLAIMS, encoding="utf-8")
    path = tmp_path / "published.toml"
    path.write_text(PUBLISHED, encoding="utf-8")
    return path


@pytest.fixture
def results(tmp_path):
    """Two data sets, two seeds of one network, one variant."""
    path = tmp_path / "results"
    fabricate(path, "jena-gru", metric="mae", best=0.26, degrees_per_unit=8.5)
    fabricate(path, "imdb-net", seed=1, best=0.86)
    fabricate(path, "imdb-net", seed=0, best=0.84)
    fabricate(path, "imdb-net", best=0.80, config={"variant": {"epochs": 2}})
    fabricate(path, "imdb-base", epochs=0, best=0.5)
    return path


def study(share: float) -> list:
    """Outputs of a made-up study: a number, none at all, a curve and words."""
    return [
        Table("Kept", ["share", "steps"], {"a net": [share, None], "another net": [1, 2]}),
        Lines("Over time", "steps", "share", [Series("a net", [1, 2], [1, share])]),
        Text("Said by the net", {"epoch 1": "a | b", "epoch 10": "<i>c</i>"}),
    ]


def build(results: Path, published: Path, *pages: Path) -> str:
    write_tables(results, pages, published=published, claims=published.with_name("claims.toml"))
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


def csv_lines(results: Path, name: str = "summary.csv") -> list[dict]:
    with (results / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def add_seeds(results: Path, experiment: str, bests: dict[int, float], **fields) -> None:
    for seed, best in bests.items():
        fabricate(results, experiment, seed=seed, best=best, **fields)


@pytest.mark.parametrize(
    ("more", "best", "test", "interval", "csv"),
    [
        # 0.84, 0.86 and twice 0.85: mean 0.85, deviation sqrt(2 * 0.01² / 3)
        (2, "0.8400, 0.8600, 0.8500, 0.8500", "0.8350, 0.8550, 0.8450, 0.8450", None, "0.008165"),
        # three times: sqrt(2 * 0.01² / 4), and the interval 0.845 ± 2.7764 * 0.0070711 / sqrt(5)
        (3, "0.8500 ± 0.0071", "0.8450 ± 0.0071", "0.8362 to 0.8538", "0.007071"),
    ],
)
def test_five_seeds_become_a_mean_and_fewer_are_shown_one_by_one(
    results, published, more, best, test, interval, csv
):
    add_seeds(results, "imdb-net", dict.fromkeys(range(2, 2 + more), 0.85))
    markdown = build(results, published)
    row, base = cells(markdown, "NET"), cells(markdown, "BASE")
    assert (row["Best validation"], row["Test at best"]) == (best, test)
    assert (row["Seeds"], base["Best validation"]) == (str(2 + more), "0.5000")
    # the column is missing where no row has one
    assert (row.get(INTERVAL), base.get(INTERVAL)) == (interval, interval and "–")
    assert INTERVAL not in cells(markdown, "GRU")
    base, net, *_ = csv_lines(results)
    assert (net["best_validation"], net["best_validation_sd"]) == ("0.850000", csv)
    assert (net["seeds"], net["n"]) == (" ".join(map(str, range(2 + more))), str(2 + more))
    ends = [net[f"best_validation_interval_{end}"] for end in ("low", "high")]
    assert ends == (["0.841220", "0.858780"] if interval else ["", ""])
    assert base["best_validation_interval_low"] == base["test_at_end_interval_high"] == ""


def test_forecasts_are_in_degrees_too(results, published):
    assert cells(build(results, published), "GRU")["Best validation"] == "0.2600 (2.21 °C)"
    bests = {1: 0.28, 2: 0.27, 3: 0.27, 4: 0.27}
    add_seeds(results, "jena-gru", bests, metric="mae", degrees_per_unit=8.5)
    row = cells(build(results, published), "GRU")
    # of 0.265, 0.285 and three times 0.275: 0.275 ± 0.0087800, times 8.5
    assert row[INTERVAL] == "0.2662 to 0.2838 (2.26 to 2.41 °C)"
    assert row["Best validation"] == "0.2700 ± 0.0071 (2.29 ± 0.06 °C)"
    assert csv_lines(results)[-1]["test_at_best_degrees_interval_low"] == "2.262871"


def test_other_data_devices_and_code_are_told_apart(results, published):
    fabricate(results, "imdb-net", seed=7, best=0.9, sha256="f" * 64)
    gpu = {"environment": {"device": "GPU: made up"}, "metrics": {"seconds_per_epoch": 2.0}}
    fabricate(results, "imdb-net", seed=2, best=0.85, **gpu)
    fabricate(results, "imdb-new", environment={"dirty": True, "commit": None})
    for seed, made in enumerate([{"dirty": False}, {"dirty": True}, {"code": "b" * 64}]):
        one = {"commit": "d" * 40, "dirty": True, "code": "a" * 64} | made
        fabricate(results, "imdb-code", seed=seed, environment=one)
    markdown = build(results, published)
    assert cells(markdown, "NET, data ffffffff")["Best validation"] == "0.9000"
    row = cells(markdown, "NET, data 00000000")
    assert row["Best validation"] == "0.8400, 0.8600, 0.8500"
    assert row["Device"] == "CPU: fabricated (seeds 0, 1)<br>GPU: made up (seeds 2)"
    assert row["Seconds an epoch"] == "10.0<br>2.0"
    assert "Python 3.11.0, keras 3.15.0, tensorflow 2.21.0 (11 records)" in markdown
    assert f"{'c' * 40} (7 records); {'d' * 40} (3 records); unknown (1 record)" in markdown
    # the second has a new file in its checkout, but the code of the first
    assert "changes to the code: imdb-code/seed-2, imdb-new/seed-0\n" in markdown


def test_sample_and_real_records_never_share_a_table(results, published, tmp_path):
    fabricate(results, "jena-new", config={"sample": True})
    with pytest.raises(RunError, match=r"sample data \(jena-new/seed-0\).*imdb-base/seed-0"):
        build(results, published)
    assert not (results / "RESULTS.md").exists()
    sample = {"config": {"sample": True}}
    fabricate(tmp_path / "demo", "imdb-net", **sample)
    fabricate_study(tmp_path / "demo", "made-study", outputs=study(0.3), **sample)
    markdown = build(tmp_path / "demo", published)
    assert "**Sample data:**" in markdown
    assert "0.8460" not in markdown  # a published number
    assert "what is far is forgotten" not in markdown  # a claim
    assert not (tmp_path / "demo/claims.csv").exists()


def test_a_page_gets_the_published_protocols_and_the_primary_claims(results, published, tmp_path):
    readme = tmp_path / "README.md"
    (start, end), claims = markers("results"), "\nstale\n".join(markers("claims"))
    readme.write_text(f"before\n{start}\nstale\n{end}\nbetween\n{claims}\nafter\n", "utf-8")
    for _ in range(2):  # replacing twice changes nothing more
        build(results, published, readme)
        text = readme.read_text(encoding="utf-8")
        assert text.startswith(f"before\n{start}\n")
        assert f"{end}\nbetween\n" in text
        assert text.endswith("\nafter\n")
        assert "stale" not in text
        assert text.count("| NET |") == text.count("the net beats the base") == 1
        assert "epochs = 2" not in text
        assert "what is far is forgotten" not in text  # a claim that is not primary


RESULTS_START, RESULTS_END = markers("results")
CLAIMS_PART = " ".join(markers("claims"))


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("no markers", "results:start"),
        (f"{RESULTS_END} {RESULTS_START} {CLAIMS_PART}", "results:start"),
        (f"{RESULTS_START} {RESULTS_END} {CLAIMS_PART} {CLAIMS_PART}", "claims:start"),
    ],
)
def test_a_page_without_proper_markers_is_refused(results, published, tmp_path, text, missing):
    readme = tmp_path / "README.md"
    readme.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=missing):
        build(results, published, readme)
    assert readme.read_text(encoding="utf-8") == text
    assert not (results / "RESULTS.md").exists()


def test_a_study_shows_its_tables_and_words(results, published):
    for seed, share in enumerate((0.3, 0.5)):
        fabricate_study(results, "made-study", seed=seed, outputs=study(share))
    lines = build(results, published).splitlines()
    assert "| a net | 0.3000, 0.5000 | – |" in lines
    assert "| another net | 1, 1 | 2, 2 |" in lines
    assert lines[lines.index("|  | share | steps |") - 2] == "**Kept**"
    # of two seeds, whose words are not averaged: the first's
    start = lines.index("<details><summary>Said by the net, seed 0</summary>")
    assert lines[start + 3 : start + 5] == ["epoch 1   a | b", "epoch 10  <i>c</i>"]
    for seed in (2, 3, 4):
        fabricate_study(results, "made-study", seed=seed, outputs=study(0.4))
    lines = build(results, published).splitlines()
    # 0.3, 0.5 and three times 0.4: mean 0.4, deviation sqrt(2 * 0.1² / 4) = 0.0707
    assert "| a net | 0.4000 ± 0.071 | – |" in lines
    assert "made-study" not in {line["experiment"] for line in csv_lines(results)}


def test_a_page_shows_the_tables_of_its_study_once_it_has_run(results, published, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("\n".join(markers("padding")), encoding="utf-8")
    build(results, published, page)
    assert "|" not in page.read_text(encoding="utf-8")
    fabricate_study(results, "padding", outputs=study(0.3))
    build(results, published, page)
    text = page.read_text(encoding="utf-8")
    assert text.count("| a net | 0.3000 | – |") == 1
    assert "###" not in text
