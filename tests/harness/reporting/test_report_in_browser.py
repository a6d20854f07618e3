"""The report in a real browser: from disk, by keyboard and screen reader, with hostile texts."""

import shutil

import pytest
from pages import fabricate_all, write_page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None,
    reason="no Chromium on the PATH to open the report in (Debian: apt-get install chromium)",
)
OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
SECOND = 1000  # Playwright counts milliseconds


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return fabricate_all(tmp_path_factory.mktemp("report") / "results")


@pytest.fixture(scope="module")
def address(results):
    path = results.parent / "report.html"
    write_page(results, path)
    return path.as_uri()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, address):
    """Opens the report; afterwards, nothing was asked of the network and nothing complained."""
    contexts, requests, complaints = [], [], []

    def open_in(width=1280, scheme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20 * SECOND)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(address)
        page.wait_for_selector("#finding")
        return page

    yield open_in
    for context in contexts:
        for page in context.pages:
            assert page.evaluate("window.hacked") is None
        context.close()
    assert set(requests) == {address}
    assert complaints == []


def row(page, name):
    return page.locator(f'.results tbody[data-name="{name}"]')


def column(page, place, dataset=0):
    """The cells of one column of a results table, from top to bottom."""
    table = page.locator("table.results").nth(dataset)
    return [text.strip() for text in table.locator(f".row > :nth-child({place})").all_inner_texts()]


def test_it_opens_from_disk_in_silence_and_draws_what_is_seen(open_page):
    page = open_page()
    assert page.title() == "The classic recurrent networks of Keras, reproduced"
    sections = ["Finding", "Results", "Claims", "Studies"]
    assert page.locator("nav a").all_inner_texts() == sections
    assert page.locator(".detail:visible").count() == 0
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        assert page.locator(target).count() == 1, target


def test_a_hostile_record_runs_no_script_wherever_it_is_shown(open_page):
    page = open_page()
    for button in page.locator(".results .row button").all():
        button.click()
    for summary in page.locator(".study > summary").all():
        summary.click()
    page.locator(".study .plot svg").nth(3).wait_for()
    assert page.locator("img").count() == 0
    hostile = page.locator(".results tbody").filter(has_text="Hostile")
    assert hostile.locator("h3").inner_text().startswith("Hostile, gates = ")
    plot = hostile.locator(".plot").first
    plot.locator("svg").scroll_into_view_if_needed()
    plot.hover(position={"x": 200, "y": 100})
    page.wait_for_selector("#vg-tooltip-element.visible")


def test_a_script_that_slipped_into_the_page_would_not_run(chromium, address):
    page = chromium.new_page()
    page.goto(address)
    slipped = page.evaluate(
        """() => { const script = document.createElement("script");
                   script.textContent = "window.slipped = 1";
                   document.body.append(script); return window.slipped; }"""
    )
    assert slipped is None
    assert page.evaluate("typeof vegaEmbed") == "function"  # as the page's own do
    page.close()


def test_a_heading_sorts_both_ways_and_says_so(open_page):
    page = open_page()
    heading = page.locator(".results > thead th", has_text="Test at best").first
    assert heading.get_attribute("aria-sort") == "none"
    heading.locator("button").click()
    rising = [float(text.split()[0].rstrip(",")) for text in column(page, 6)]
    assert heading.get_attribute("aria-sort") == "ascending"
    assert rising == sorted(rising)
    assert len(set(rising)) > 3
    heading.locator("button").press("Enter")
    falling = [float(text.split()[0].rstrip(",")) for text in column(page, 6)]
    assert heading.get_attribute("aria-sort") == "descending"
    assert falling == sorted(rising, reverse=True)
    names = page.locator(".results > thead th", has_text="Model").first
    names.locator("button").click()
    assert heading.get_attribute("aria-sort") == "none"
    words = column(page, 1)
    assert words.index("GRU") < words.index("LINEAR") < words.index("LSTM")
    page.locator(".results > thead th", has_text="Parameters").first.locator("button").click()
    assert column(page, 3)[-1] == "–"


def test_claims_are_filtered_by_source_and_verdict(open_page):
    page = open_page()
    shown = page.locator(".claims tbody:visible")
    whole = shown.count()
    assert page.locator("#claims output").inner_text() == f"{whole} of {whole} claims"
    page.select_option("#by-verdict", "not checkable")
    words = shown.locator(".verdict").all_inner_texts()
    assert set(words) == {"not checkable"}
    assert 0 < len(words) < whole
    page.select_option("#by-source", "r-slides")
    sources = shown.locator("th small").all_inner_texts()
    assert all("r-slides" in source for source in sources)
    assert 0 < len(sources) < len(words)
    assert page.locator("#claims output").inner_text() == f"{len(sources)} of {whole} claims"


def test_a_row_opens_with_all_its_seeds(open_page):
    page = open_page()
    lstm = row(page, "LSTM")
    button = lstm.locator(".row button")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    figure = lstm.locator(".chart").first
    figure.locator("svg").wait_for()
    text = lstm.locator(".detail").inner_text()
    assert "python -m fabricated" in text
    assert "c" * 12 in text
    assert "made-up, sha256" in text
    assert "epochs\n6" in text
    assert figure.locator(".plot").get_attribute("aria-label").startswith("Training and validation")

    lines = figure.locator("svg .mark-line path")
    before = lines.count()
    assert before == 1 + 5 + 1  # the mean, the seeds, the published log
    figure.get_by_role("checkbox", name="seed 3").uncheck()
    lines.nth(before - 1).wait_for(state="detached")
    assert lines.count() == before - 1

    figure.scroll_into_view_if_needed()
    figure.locator(".plot").hover(position={"x": 200, "y": 120})
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    told = dict(line.split("\t") for line in tooltip.inner_text().splitlines())
    figure.locator("summary").click()
    cells = figure.locator("tbody tr").nth(int(told["epoch"]) - 1).locator("td").all_inner_texts()
    names = figure.locator("thead th").all_inner_texts()[1:]
    numbers = dict(zip(map(str.strip, names), cells, strict=True))
    assert "validation, seed 3" not in told
    assert {name: numbers[name] for name in told if name != "epoch"} == {
        name: value for name, value in told.items() if name != "epoch"
    }

    page.mouse.move(0, 0)
    lstm.locator(".row td").first.click()
    assert button.get_attribute("aria-expanded") == "false"
    assert not figure.is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing(open_page, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(width, scheme)
    row(page, "LSTM").locator(".row button").click()
    page.locator(".study > summary").first.click()
    page.locator(".study .plot svg").first.wait_for()
    found = Axe().run(page)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()


def test_it_fits_a_narrow_screen_and_follows_the_theme(open_page):
    backgrounds = set()
    for scheme in ("light", "dark"):
        page = open_page(360, scheme)
        row(page, "LSTM").locator(".row button").click()
        row(page, "LSTM").locator("svg").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert row(page, "LSTM").locator(".sheet").bounding_box()["width"] <= 360
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(backgrounds) == 2
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert row(page, "LSTM").locator("svg").first.is_visible()
