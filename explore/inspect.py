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
from harness.errors import RunError, few, shown
from harness.records.files import write_bytes
from models.cells import CELLS

LONGEST_WORD, LONGEST_TEXT, LONGEST_NAME = 20, 100, 50  # letters that are shown

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
    help = f"one or several of {', '.join(CELLS)} (default: lstm)"
    parser.add_argument(
        "--cell", nargs="+", choices=CELLS, default=["lstm"], metavar="CELL", help=help
    )
    add_sample(parser, "use the networks that `make demo` trained on the built-in sample reviews")
    add_places(parser, "results", "plots", "data")
    return parser.parse_args(argv)


def show(options: argparse.Namespace) -> None:
    """Prints what each network computes while it reads the text, and writes the page."""
    from data.imdb import load_word_index
    from data.own_reviews import read_text

    review, places = read_text(options.text), (options.results_dir, options.sample)
    networks = {cell: load_trained(f"imdb-{cell}", *places) for cell in options.cell}
    index = load_word_index(options.data_dir, sample=options.sample)
    words = [word for word in review.words if word in index]
    missing = few(dict.fromkeys(_label(word) for word in review.words if word not in index))
    if not words:
        raise RunError(
            f"no training review has any of the words {missing}, so there is nothing to read; "
            "give a review in English, such as 'a good film'."
        )
    from harness.training.machine import prepare

    prepare(seed=0, deterministic=False)
    from explore.reading import MOST_SHOWN, linear_additions, page, read

    notes, linear = [INFLUENCE], None
    if missing:
        notes.append(f"Words that no training review has are left out: {missing}.")
    try:
        model = load_trained("imdb-linear", *places)
        linear = linear_additions(model.model, _encode(words, index, model)[1])
        notes.append(f"Linear: what the word adds by itself in {model.label}, in log odds.")
    except RunError as error:
        notes.append(f"There is no linear model to compare with: {error}")
    readings = []
    for cell, network in networks.items():
        print(f"reading with {network.title} ({network.record.place})", file=sys.stderr)
        readings.append(read(network, cell, *_encode(words, index, network), linear))
        print_reading(readings[-1])
    if any(column.startswith("(") for one in readings for column in one.columns):
        notes.append("A word in brackets is too rare for the network, which reads a mark instead.")
    if len(words) >= MOST_SHOWN:
        notes.append(f"The last {MOST_SHOWN} of {len(words):,} words are shown.")
    notes.append(RULE)
    print(*notes, sep="\n")
    title = f"“{shorten(review.text, LONGEST_TEXT, placeholder=' …')}”"
    title += " (sample data)" if options.sample else ""
    name = "-".join(re.findall(r"\w+", options.text.lower()))[:LONGEST_NAME]
    path = options.plots_dir / "inspect" / f"{name}.html"
    write_bytes(path, page(title, readings, notes))
    print(path)


def _encode(words: list[str], index: dict, model: TrainedNetwork) -> tuple[list[str], list[int]]:
    """What a model reads, as labels and as ids; a word in brackets has no id of its own."""
    from data.imdb import OUT_OF_VOCABULARY_ID, encode_words

    ids = encode_words(words, index, model.setting("num_words")).tolist()
    labels = [
        f"({_label(word)})" if number == OUT_OF_VOCABULARY_ID else _label(word)
        for word, number in zip(words, ids[1:], strict=True)
    ]
    return ["start", *labels], ids


def _label(word: str) -> str:
    """A word that is not too long for a figure."""
    return shown(word, LONGEST_WORD)


def print_reading(reading) -> None:
    """Prints one reading, its words in colour on a terminal where NO_COLOR is not set."""
    from rich.console import Console
    from rich.text import Text

    from explore.reading import count_parameters, shade

    console, counts = Console(highlight=False, soft_wrap=True), count_parameters(reading.network)
    colours = map(shade, reading.strengths)
    words = [
        Text(word, f"black on {colour}" if colour else "")
        for word, colour in zip(reading.columns, colours, strict=True)
    ]
    console.print(Text(reading.verdict, "bold"), Text(" ").join(words), sep="\n")
    print(reading.table.text(), f"{counts.title}, as Keras counts them:", sep="\n")
    print(counts.text(), end="\n\n")


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: show(options))


if __name__ == "__main__":
    sys.exit(main())
