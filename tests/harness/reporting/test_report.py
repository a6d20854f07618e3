"""The report as a file: the same bytes twice, small, escaped, and true to the records."""

import html
import random
import re
from html.parser import HTMLParser

import pytest
from commands import REPOSITORY, run
from pages import HOSTILE, fabricate_all, write_page
from records import fabricate

from harness.errors import RunError
from harness.reporting.report.write import number

REPORT = "harness.reporting.report"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return fabricate_all(tmp_path_factory.mktemp("report") / "results")


@pytest.fixture(scope="module")
def page(results):
    return write_page(results, results.parent / "report.html")


def text_of(page: str) -> str:
    """What a reader sees: without scripts, styles and tags."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def attributes_of(page: str) -> list[tuple[str, str]]:
    """Names and values as a browser reads them."""
    found = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: found.extend(attributes)
    reader.feed(page)
    return found


def test_the_same_records_give_the_same_bytes_in_any_process(results, page, tmp_path):
    done = run(
        REPORT, "--results-dir", results, "--output", tmp_path / "again.html", PYTHONHASHSEED="7"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"wrote {tmp_path / 'again.html'}\n"
    assert (tmp_path / "again.html").read_text("utf-8") == page


@pytest.mark.faults
def test_thirty_experiments_of_ten_seeds_make_at_most_two_megabytes(tmp_path):
    draw = random.Random(0)
    for place in range(30):
        for seed in range(10):
            config = {"protocol": {"epochs": 20, "units": place, "optimizer": "rmsprop"}}
            options = {"seed": seed, "epochs": 20, "best": draw.uniform(0.8, 0.9)}
            fabricate(tmp_path / "results", f"imdb-net-{place}", **options, config=config)
    page = write_page(tmp_path / "results", tmp_path / "report.html")
    assert page.count('class="sheet"') == 30
    assert page.count("validation, seed 9") == 60  # accuracy and loss of each
    assert len(page.encode()) <= 2_000_000


def test_the_page_names_nothing_outside_itself(page):
    attributes = attributes_of(page)
    assert {value[:1] for name, value in attributes if name == "href"} == {"#"}
    assert {name for name, _ in attributes} & {"src", "srcset", "action", "poster", "data"} == set()
    assert [name for name, _ in attributes if name.startswith("on")] == []
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style
    policy = html.unescape(re.search(r'Policy" content="([^"]*)"', page)[1])
    assert policy.startswith("default-src 'none'; script-src 'unsafe-inline'; ")


def test_texts_of_records_stay_texts(page):
    for text in HOSTILE[:3]:
        assert text not in page
        assert text in text_of(page).replace(" ", " ") or html.escape(text) in page
    assert "window.hacked=1</script>" not in page
    assert page.count("<script") == page.count("</script") == 2  # Vega-Lite, and the page's own
    without = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"<(?:img|svg|iframe|object)\b", without) == []


def test_a_reader_finds_the_curves_and_how_each_run_was_made(page):
    text = text_of(page)
    for part in (
        "Mean ± sample standard deviation over the seeds",  # the numbers to expect
        "Accuracy; higher is better",
        "How the claims are judged",
        "cccccccccccc python -m fabricated",
        "epochs 6",
        "SHA-256 of made-up",
        "Points of SimpleRNN",  # a chart of a study
        "Shades of SimpleRNN",
        "Text of SimpleRNN",
    ):
        assert part in text, part
    assert "not checkable: " in text  # the reason stands with the network
    assert "training, mean" in page
    assert "validation, published" in page


def test_without_runs_of_ones_own_the_reference_is_shown(results, tmp_path):
    text = text_of(write_page(tmp_path / "none", tmp_path / "report.html", results))
    assert "You have no runs of your own yet" in text
    assert "GRU" in text


def test_own_runs_stand_beside_the_reference(results, tmp_path):
    fabricate(tmp_path / "own", "imdb-lstm", best=0.81, config={"protocol": {"epochs": 3}})
    text = text_of(write_page(tmp_path / "own", tmp_path / "report.html", results))
    assert "Made from 1 record of your runs and 22 of the reference alone" in text
    assert "Your runs beside the reference" in text
    assert "LSTM (yours)" in text
    assert "LSTM (reference)" in text
    assert "epochs = 3 (reference: 6)" in text
    own = text.partition("By your runs")[2].partition("How the claims")[0]
    assert "not decided: 1 of the 10 seeds that were fixed" in own


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), ""),
        (12.0, "12"),
        (0.85342, "0.8534"),
        (3.2451e-05, "3.245e-5"),
        (-1e-12, "-1e-12"),
    ],
)
def test_numbers_are_short_and_read_by_browsers(value, text):
    assert number(value) == text


def test_the_speed_table_is_that_of_the_benchmark(tmp_path):
    fabricate(tmp_path / "results", "imdb-lstm")
    benchmark = tmp_path / "results/benchmark.json"
    benchmark.write_bytes((REPOSITORY / "results/reference/benchmark.json").read_bytes())
    text = text_of(write_page(tmp_path / "results", tmp_path / "report.html"))
    lines = (REPOSITORY / "docs/speed.md").read_text("utf-8").splitlines()
    line = next(line for line in lines if line.startswith("| imdb-lstm |"))
    plain, ours = line.split(" | ")[1:3]
    assert f"imdb-lstm {plain} {ours}" in text
    benchmark.write_text('{"measurements": [{}]}', "utf-8")
    with pytest.raises(RunError, match=r"benchmark.json: field .* is missing"):
        write_page(tmp_path / "results", tmp_path / "report.html")
