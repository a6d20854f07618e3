"""A page with readings side by side: one file without scripts, which needs no network."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from explore.parameter_count import Count
from explore.reading import Reading
from explore.reading_figure import NEGATIVE, POSITIVE, draw_for_page, largest_influence


def page(title: str, readings: list[Reading], counts: list[list[Count]], notes: list[str]) -> bytes:
    """The page in HTML. Words are escaped, whatever they hold.

    Args:
        title: the text that was read.
        readings: what the networks computed.
        counts: for each of them, how its parameters are counted.
        notes: what else a reader must know, in sentences.
    """
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    largest = largest_influence(readings)
    figures = [Markup(draw_for_page(reading, largest)) for reading in readings]
    content = environment.get_template("reading_page.html").render(
        title=title,
        cells=zip(readings, counts, figures, strict=True),
        notes=notes,
        positive=POSITIVE,
        negative=NEGATIVE,
    )
    return content.encode()
