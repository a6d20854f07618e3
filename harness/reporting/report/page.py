"""Renders the page: Jinja2 escapes all text, and the page's policy lets no other script run."""

import base64
import functools
import hashlib
from pathlib import Path

from harness.reporting.figures.charts import Chart
from harness.reporting.figures.style import PUBLISHED_COLOUR

TEMPLATES = Path(__file__).parent / "templates"

# Vega-Lite draws the charts: axes, logarithmic scales, hovering, SVG. Its bundle, from vl-convert,
# is 0.9 MB and asks for nothing from the network; Bokeh's is 1.3 MB, Plotly's 4.8 MB.
BUNDLE = "window.vegaEmbed = vegaEmbed;"


def render(**values: object) -> str:
    """The page as one text without outside references; the same values give the same text.

    Args:
        values: what `report.html` shows.
    """
    # loaded here, because `--help` renders nothing
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"markdown": _markdown, "number": number, "curves": _curves}
    scripts = [_charts_library(), _template("report.js")]
    return environment.get_template("report.html").render(
        **values,
        style=Markup(_template("style.css")),
        scripts=list(map(Markup, scripts)),
        policy=_policy(scripts),
    )


@functools.cache
def _charts_library() -> str:
    import vl_convert

    return vl_convert.javascript_bundle(BUNDLE)  # takes seconds


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    """Nothing is loaded, and no script runs but these: not even one that slipped into a text."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _markdown(text: str):
    """Paragraphs, lists and tables of this project's own Markdown; HTML in it is only text."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    reader = MarkdownIt("zero").enable(["table", "list", "backticks", "emphasis", "balance_pairs"])
    return Markup(reader.render(text))


def _curves(chart: Chart) -> list[dict]:
    """What the page needs to know of each curve beside its numbers, which are in a table."""
    return [
        {
            "label": curve.label,
            # black on white paper, white on a dark screen
            "colour": "var(--ink)" if curve.colour == PUBLISHED_COLOUR else curve.colour,
            "mark": curve.mark,
            "dashed": curve.dashed,
            "seeds": list(curve.columns),
        }
        for curve in chart.curves
    ]


def number(value: float | None) -> str:
    """A number of a chart's table: four significant digits, and all digits of an integer."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}".replace("e-0", "e-")  # there are many of them
