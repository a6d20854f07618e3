"""Figures show the text of a record as it is, whatever letters stand in it."""

import io
import warnings
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from records import fabricate, fabricate_study

from harness.records.study_outputs import Heatmap, Lines, Series
from harness.reporting.figures import draw as plots
from harness.reporting.figures import style
from harness.reporting.figures.style import drawable, new_figure, wrapped

PUBLISHED = Path(__file__).parents[3] / "experiments" / "published.toml"
NO_FORMULA = "a$x^$_{"  # what stands between the dollars is none
NO_GLYPHS = "नमस्ते"  # letters that DejaVu Sans lacks


def pixels(text: str, parse_math: bool) -> bytes:
    figure = Figure(figsize=(3, 1))
    FigureCanvasAgg(figure)
    figure.text(0.1, 0.5, text, parse_math=parse_math)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


@pytest.mark.parametrize("text", ["5 $", "$a$", "$$", r"\$a\$", r"a\\$b$", "plain", "a_b^c", "%"])
def test_drawable_text_looks_like_text_in_which_no_formula_is_sought(text):
    # Matplotlib takes the backslash before a dollar away where it seeks formulas, and only there.
    assert pixels(drawable(text), parse_math=True) == pixels(text, parse_math=False)


@pytest.fixture
def only_dejavu(monkeypatch):
    """As on a machine with no other font, whatever is installed here."""
    monkeypatch.setattr(style, "FONTS", ("DejaVu Sans",))
    style._installed_fonts.cache_clear()
    yield
    style._installed_fonts.cache_clear()


def test_a_letter_that_no_font_has_is_named(only_dejavu):
    assert drawable("a中文b é") == "aU+4E2D U+6587b é"
    assert wrapped("中 $", 20) == r"U+4E2D \$"


def test_an_installed_font_lends_a_letter(only_dejavu, monkeypatch):
    letter = "Ⓐ"  # of the fonts that come with Matplotlib, only STIX has it
    assert drawable(letter) != letter
    monkeypatch.setattr(style, "FONTS", ("DejaVu Sans", "No Such Font", "STIXGeneral"))
    style._installed_fonts.cache_clear()
    assert drawable(letter) == letter
    assert style._installed_fonts()[0] == ["DejaVu Sans", "STIXGeneral"]


def test_lines_are_about_as_long():
    assert wrapped("one two three four", 16) == "one two\nthree four"
    assert (
        wrapped("recurrent weights × 2, before", 20) == "recurrent\nweights\u00a0×\u00a02, before"
    )
    assert wrapped("", 10) == ""


def draw_all(results: Path) -> list[str]:
    """Draws every figure, any warning being an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paths, left_out = plots.plot_all(results, results.with_name("plots"), PUBLISHED)
    assert left_out == []
    return [path.name for path in paths]


@pytest.mark.parametrize("text", [NO_FORMULA, NO_GLYPHS, f"{NO_FORMULA}, {NO_GLYPHS}"])
def test_a_study_may_hold_any_text(tmp_path, text):
    lines = Lines(
        text,
        text,
        text,
        [Series(text, [1, 2], [1, 2]), Series(f"{text} dots", [1, 2], [2, 1], dots=True)],
        references={text: 1.5},
    )
    grid = Heatmap(f"grid {text}", [text, "b"], {text: [0.5, 0.5], "c": [0.1, 0.2]}, [text, "c"])
    config = {"title": text, "variant": {"word": text}}
    for shown in ([lines], [grid, lines]):
        results = tmp_path / str(len(shown)) / "results"
        fabricate_study(results, "made-study", outputs=shown, config=config)
        assert len(draw_all(results)) == 1


@pytest.mark.parametrize("text", [NO_FORMULA, NO_GLYPHS])
def test_curves_and_comparisons_may_hold_any_text(tmp_path, text):
    results = tmp_path / "results"
    config = {"title": f"{text} and a title that needs two lines {text}", "dataset": text}
    reference = {"label": text, "validation": 0.5, "test": 0.5}
    path = fabricate(results, "imdb-net", config=config, metrics={"reference": reference})
    data = path / "data.json"
    data.write_text(data.read_text("utf-8").replace('"imdb"', f'"{text}"'), "utf-8")
    assert draw_all(results) == ["imdb-net.png", f"{text}.png"]


def test_other_warnings_are_still_seen(tmp_path):
    with (
        pytest.warns(UserWarning, match="constrained_layout not applied"),
        new_figure(tmp_path / "small.png", NO_GLYPHS, width=0.2, height=0.2) as figure,
    ):
        figure.subplots()
