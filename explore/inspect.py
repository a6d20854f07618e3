"""Shows what happens inside a trained network while it reads a text, word by word.

    make inspect TEXT="not a good film"
    make inspect TEXT="not a good film" CELL="simple-rnn lstm gru"

For each word: the gates, the carry and the state, the probability so far, and the influence, which
is what changes if the word is left out. All of it is computed by the NumPy loops of
models/recurrent_numpy.py and compared with Keras. A page with figures goes to plots/inspect/.
"""

import argparse
import re
import sys
from textwrap import shorten

from explore.trained import TrainedNetwork, load_trained
from harness.cli import Parser, add_places, add_sample, run_command
from harness.errors import RunError
from harness.records.files import write_bytes
from models.cells import CELLS

# Letters that are shown
LONGEST_WORD, LONGEST_TEXT, LONGEST_LIST, LONGEST_NAME = 20, 100, 200, 50

INFLUENCE = (
    "Influence: what changes when the word is left out, in log odds of a positive review; 0.7 "
    "turns even odds into two to one."
)
RULE = (
    "A unit has a weight for each feature of the word vector and for each unit of the old state, "
    "and a bias. A cell with gates has that once for each gate and once for what it writes."
)


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser("explore.inspect", __doc__)
    parser.add_argument("--text", required=True, metavar="TEXT", help="the review")
    parser.add_argument(
        "--cell",
        nargs="+",
        choices=CELLS,
        default=["lstm"],
        metavar="CELL",
        help=f"one or several of {', '.join(CELLS)} (default: lstm)",
    )
    add_sample(parser, "use the networks that `make demo` trained on the built-in sample reviews")
    add_places(parser, "results", "plots", "data")
    return parser.parse_args(argv)


def read_with_all(options: argparse.Namespace) -> tuple[list, list[str]]:
    """Lets each network read the text; the readings, and sentences on missing words and models."""
    from data.own_reviews import read_text

    review = read_text(options.text)
    places = {"results_dir": options.results_dir, "sample": options.sample}
    networks = {cell: load_trained(f"imdb-{cell}", **places) for cell in options.cell}
    from data.imdb import load_word_index

    index = load_word_index(options.data_dir, sample=options.sample)
    words = [word for word in review.words if word in index]
    missing = {_shown(word): None for word in review.words if word not in index}
    listed = shorten(", ".join(missing), LONGEST_LIST, placeholder=" ...")
    if not words:
        raise RunError(
            f"no training review has any of the words {listed}, so there is nothing to read; "
            "give a review in English, such as 'a good film'."
        )
    notes = [INFLUENCE]
    if missing:
        notes.append(f"Words that no training review has are left out ({len(missing):,}): {listed}")
    from harness.training.machine import prepare

    prepare(seed=0, deterministic=False)
    from explore.reading import MOST_SHOWN, linear_additions, read  # after TensorFlow is silenced

    linear, readings = None, []
    try:
        model = load_trained("imdb-linear", **places)
        linear = linear_additions(model.model, _encode(words, index, model)[1])
        notes.append(f"Linear: what the word adds by itself in {model.label}, in log odds.")
    except RunError as error:
        notes.append(f"There is no linear model to compare with: {error}")
    for cell, network in networks.items():
        print(f"reading with {network.title} ({network.record.place})", file=sys.stderr)
        readings.append(read(network, cell, *_encode(words, index, network), linear))
    if any(column.startswith("(") for one in readings for column in one.columns):
        notes.append("A word in brackets is too rare for the network, which reads a mark instead.")
    if len(words) >= MOST_SHOWN:
        notes.append(f"The last {MOST_SHOWN} of {len(words):,} words are shown.")
    return readings, notes


def _encode(words: list[str], index: dict, model: TrainedNetwork) -> tuple[list[str], list[int]]:
    """What a model reads, as labels and as ids; a word in brackets has no id of its own."""
    from data.imdb import OUT_OF_VOCABULARY_ID, encode_words

    ids = encode_words(words, index, model.record.config["protocol"]["num_words"]).tolist()
    labels = [
        f"({_shown(word)})" if one == OUT_OF_VOCABULARY_ID else _shown(word)
        for word, one in zip(words, ids[1:], strict=True)
    ]
    return ["start", *labels], ids


def _shown(word: str) -> str:
    """A word as a label, which is not too long."""
    return word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD - 1]}…"


def show(options: argparse.Namespace) -> None:
    """Prints the readings, and writes the page."""
    from data.own_reviews import plain

    readings, notes = read_with_all(options)
    from explore.reading_page import page

    for reading in readings:
        print_reading(reading)
    notes.append(RULE)
    print(*notes, sep="\n")
    title = f"“{shorten(plain(options.text), LONGEST_TEXT, placeholder=' …')}”"
    if options.sample:
        title += " (sample data)"
    name = "-".join(re.findall(r"\w+", options.text.lower()))[:LONGEST_NAME]
    path = options.plots_dir / "inspect" / f"{name}.html"
    write_bytes(path, page(title, readings, notes))
    print(path)


def print_reading(reading) -> None:
    """Prints one reading, its words in colour on a terminal where NO_COLOR is not set."""
    from rich.console import Console
    from rich.text import Text

    from explore.reading import count_parameters

    console = Console(highlight=False, soft_wrap=True)
    words = [
        Text(word, _style(strength))
        for word, strength in zip(reading.columns, reading.strengths, strict=True)
    ]
    console.print(Text(reading.verdict, "bold"), Text(" ").join(words), sep="\n")
    counts = count_parameters(reading.network.model, reading.network.title)
    print(reading.table.text(), f"{counts.title}, as Keras counts them:", sep="\n")
    print(counts.text(), end="\n\n")


def _style(strength: float):
    """Black on blue or red, paler for a weaker strength; none below a tenth."""
    from rich.color import Color
    from rich.style import Style

    from explore.reading_page import NEGATIVE, POSITIVE

    if abs(strength) < 0.1:
        return Style()
    full = Color.parse(POSITIVE if strength > 0 else NEGATIVE).triplet
    mixed = (round(255 + abs(strength) * (part - 255)) for part in full)
    return Style(color="black", bgcolor=Color.from_rgb(*mixed))


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: show(options))


if __name__ == "__main__":
    sys.exit(main())
