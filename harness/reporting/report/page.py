"""The report's page as HTML: one file that needs nothing else and loads nothing."""

import base64
import functools
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from harness.records.study_outputs import Heatmap, Text
from harness.reporting.figures.charts import Chart
from harness.reporting.figures.style import PUBLISHED_COLOUR
from harness.reporting.table import Table

TEMPLATES = Path(__file__).parent / "templates"

# Vega-Lite draws the charts: axes, logarithmic scales, hovering, SVG. Its bundle, from vl-convert,
# is 0.9 MB and asks for nothing from the network; Bokeh's is 1.3 MB, Plotly's 4.8 MB.
BUNDLE = "window.vegaEmbed = vegaEmbed;"


@dataclass(frozen=True)
class Shades:
    """A heatmap as a table whose cells are shaded."""

    title: str
    grid: Heatmap

    @property
    def rows(self) -> list[tuple[str, list[tuple[float, float, bool]]]]:
        """Each row's name and its cells: the number, its share of the largest, whether framed."""
        rows = self.grid.rows
        limit = max(abs(value) for values in rows.values() for value in values) or 1.0
        marks = self.grid.marks or [None] * len(self.grid.columns)
        return [
            (name, [(v, v / limit, mark == name) for v, mark in zip(values, marks, strict=True)])
            for name, values in rows.items()
        ]


def render(**values: object) -> str:
    """What `report.html` shows of these values; the same values give the same text."""
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
    environment.filters |= {"html": lambda table: Markup(table.html())}
    kinds = {"table": Table, "chart": Chart, "shades": Shades, "text": Text}
    environment.tests |= {
        name: lambda value, kind=kind: isinstance(value, kind) for name, kind in kinds.items()
    }
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

    rules = ["heading", "table", "list", "backticks", "emphasis", "balance_pairs"]
    return Markup(MarkdownIt("zero").enable(rules).render(text))


def _curves(chart: Chart) -> list[dict]:
    """What the page needs to know of each curve beside its numbers, which are in a table."""
    return [
        {
            "label": curve.label,
            # black on white paper, white on a dark screen
            "colour": "var(--ink)" if curve.colour == PUBLISHED_COLOUR else curve.colour,
            "mark": curve.mark,
            "dashed": curve.dashed,
            "seeds": [*curve.columns],
        }
        for curve in chart.curves
    ]


def number(value: float) -> str:
    """A number of a chart's table: four significant digits, and all digits of an integer."""
    if math.isnan(value):
        return ""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}".replace("e-0", "e-")  # there are many of them
