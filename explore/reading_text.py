"""A reading in the terminal: words in colour, and numbers as tables."""

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from explore.parameter_count import Count
from explore.reading import Reading
from explore.reading_figure import NEGATIVE, POSITIVE


def print_reading(reading: Reading, counts: list[Count]) -> None:
    """Prints one reading, in colour on a terminal where NO_COLOR is not set."""
    console = Console(highlight=False, soft_wrap=True)
    words = [
        Text(word, _style(strength))
        for word, strength in zip(reading.columns, reading.strengths, strict=True)
    ]
    console.print(Text(reading.verdict, "bold"), Text(" ").join(words), sep="\n")
    head, *rows = reading.table
    numbers, parameters = Table(*head, box=None), Table(box=None, show_header=False)
    for column in numbers.columns[1:]:
        column.justify = "right"
    for row in rows:
        numbers.add_row(*map(Text, row))
    for layer, formula, count in counts:
        parameters.add_row(layer, formula, f"= {count:>7,}")
    total = sum(count.parameters for count in counts)
    console.print(numbers, f"{total:,} parameters, as Keras counts them:", parameters, "", sep="\n")


def _style(strength: float) -> Style:
    """Black on blue or red, the paler the weaker; nothing for what hardly speaks."""
    if abs(strength) < 0.1:
        return Style()
    full = Color.parse(POSITIVE if strength > 0 else NEGATIVE).triplet
    mixed = (round(255 + abs(strength) * (part - 255)) for part in full)
    return Style(color="black", bgcolor=Color.from_rgb(*mixed))
