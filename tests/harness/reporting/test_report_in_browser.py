"""The report in a real browser: from disk, by keyboard and screen reader, with hostile texts."""

import re
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
HEIGHT = 900  # of the window
SECOND = 1000  # Playwright counts milliseconds


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_page(fabricate_all(folder / "results"), folder / "report.html")
    return (folder / "report.html").as_uri()


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
        viewport = {"width": width, "height": HEIGHT}
        contexts.append(chromium.new_context(viewport=viewport, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.set_default_timeout(20 * SECOND)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(address)
        page.wait_for_selector("#results thead button")
        return page

    yield open_in
    for context in contexts:
        for page in context.pages:
            assert page.evaluate("window.hacked") is None
        context.close()
    assert set(requests) == {address}
    assert complaints == []


def sheet(page, title):
    return page.locator(f'.sheet[data-title="{title}"]')


def test_the_first_screen_has_the_question_the_figure_and_the_tables(open_page):
    page = open_page(1440)
    assert page.locator("#finding .kicker").inner_text() == "Which model is best on these data?"
    assert "highest on test 0.9000 (LINEAR)" in page.locator("#finding h2").first.inner_text()
    page.locator("#finding .chart svg").wait_for()
    tables = page.locator(".short table")
    assert tables.count() == 2
    lowest = tables.last.bounding_box()
    assert lowest["y"] + lowest["height"] <= HEIGHT


def test_a_reader_sorts_the_results_opens_a_network_and_searches_the_claims(open_page):
    page = open_page()
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        assert page.locator(target).count() == 1, target

    table = page.locator("#results > .scroll table").first
    heading = table.locator("thead th").filter(has_text=re.compile("^Test at best$"))
    place = heading.evaluate("heading => heading.cellIndex") + 1
    cells = table.locator(f"tbody tr > :nth-child({place})")
    for key, direction in (("click", "ascending"), ("Enter", "descending")):
        button = heading.locator("button")
        button.click() if key == "click" else button.press(key)
        assert heading.get_attribute("aria-sort") == direction
        numbers = [float(text.split()[0].rstrip(",")) for text in cells.all_inner_texts()]
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert len(set(numbers)) > 3

    table.get_by_role("button", name="LSTM", exact=True).press("Enter")
    lstm = sheet(page, "LSTM")
    assert lstm.get_attribute("open") is not None
    text = lstm.inner_text()
    for part in ("python -m fabricated", "c" * 12, "SHA-256 of made-up", "epochs\n6"):
        assert part in text
    figure = lstm.locator(".chart").first
    lines = figure.locator("svg .mark-line path")
    lines.first.wait_for()
    assert (lines.count(), figure.locator("svg .mark-area path").count()) == (2, 2)  # with the log
    figure.get_by_role("checkbox", name="each seed", exact=True).check()
    lines.nth(6).wait_for()
    assert lines.count() == 1 + 5 + 1
    figure.get_by_role("checkbox", name="validation", exact=True).uncheck()
    lines.nth(1).wait_for(state="detached")

    figure.locator(".plot").hover(position={"x": 200, "y": 100})
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    told = dict(line.split("\t") for line in tooltip.inner_text().splitlines())
    figure.locator("summary").click()
    row = figure.locator("tbody tr").nth(int(told.pop("epoch")) - 1)
    names = [name.strip() for name in figure.locator("thead th").all_inner_texts()[1:]]
    numbers = dict(zip(names, row.locator("td").all_inner_texts(), strict=True))
    assert "training, seed 3" in told
    assert {name: numbers[name] for name in told} == told

    search, rows = page.locator("#claims input"), page.locator("#claims tbody tr:visible")
    whole = rows.count()
    search.fill("Not checkable")
    assert 0 < rows.count() < whole
    assert page.locator("#claims output").inner_text() == f"{rows.count()} of {whole} claims"


def test_a_hostile_record_runs_no_script_wherever_it_is_shown(open_page):
    page = open_page()
    for summary in page.locator(".sheet > summary").all():
        summary.click()
    page.locator("#studies .plot svg").nth(3).wait_for()
    assert page.locator("img").count() == 0
    hostile = page.locator("#results .sheet").filter(has_text="Hostile")
    assert hostile.locator("h3").inner_text().startswith("Hostile, gates = ")
    hostile.locator(".plot svg").first.scroll_into_view_if_needed()
    hostile.locator(".plot").first.hover(position={"x": 200, "y": 100})
    page.wait_for_selector("#vg-tooltip-element.visible")


def test_it_fits_a_narrow_dark_screen_and_a_screen_reader(open_page):
    from axe_playwright_python.sync_playwright import Axe

    for width, scheme in ((1280, "light"), (360, "dark")):
        page = open_page(width, scheme)
        for opened in (sheet(page, "LSTM"), page.locator("#studies .sheet").first):
            opened.locator("summary").first.click()
            opened.locator("svg").first.wait_for()
        found = Axe().run(page)
        assert found.response["passes"]
        assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
