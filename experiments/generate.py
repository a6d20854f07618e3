"""Goes on with a text: reads a prompt with the network that text-generation has trained.

    make generate PROMPT="alice was" ARGS="--temperature 0.5"

The prompt is read in lower case, as the text was, and printed with what the network adds to it.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from experiments.text_generation import CELLS, EXPERIMENT
from harness.command_line import PLACES
from harness.errors import RunError
from harness.protocol import bounded
from harness.records.record import Record, load_record
from harness.records.run import MODEL
from harness.reporting.analysis.reference import REFERENCE


def parse(argv):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.generate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--prompt", type=_prompt, required=True, metavar="TEXT", help="the text to go on with"
    )
    parser.add_argument(
        "--temperature",
        type=bounded(float, minimum=0),
        default=0.5,
        metavar="X",
        help="0 always takes the likeliest character, 1 draws by the network's probabilities, "
        "more draws more boldly (default: 0.5)",
    )
    parser.add_argument(
        "--length",
        type=bounded(int, minimum=1),
        default=200,
        metavar="N",
        help="characters to add (default: 200)",
    )
    parser.add_argument(
        "--seed",
        type=bounded(int, minimum=0, below=2**32),
        default=0,
        metavar="N",
        help="seed of the draws (default: 0)",
    )
    parser.add_argument(
        "--sample", action="store_true", help="the network that was trained on the built-in text"
    )
    sample = "--sample" in argv
    run = PLACES[sample][0] / EXPERIMENT.name / "seed-0"
    if not sample and not run.is_dir():
        run = REFERENCE / EXPERIMENT.name / "seed-0"
    parser.add_argument(
        "--model",
        type=Path,
        default=run,
        metavar="DIR",
        help="the run whose network goes on (default: your own run, otherwise the reference's)",
    )
    return parser.parse_args(argv)


def _prompt(text):
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def find_run(directory: Path, sample: bool) -> Record:
    """The run that trained the network.

    Raises:
        RunError: there is none, it is damaged, or it is of another experiment.
    """
    command = f"make {EXPERIMENT.name}" + (' ARGS="--sample"' if sample else "")
    if not directory.is_dir():
        raise RunError(f"{directory} does not exist; train a network first with `{command}`.")
    try:
        record = load_record(directory)
    except RunError as error:
        raise RunError(f"{error} Train a network with `{command}`.") from error
    if record.experiment != EXPERIMENT.name:
        raise RunError(
            f"{directory} is a run of {record.experiment}, which writes no text; train a network "
            f"that does with `{command}`."
        )
    return record


class Described(NamedTuple):
    """What a record says of its network."""

    characters: str
    cell: str
    units: int
    window: int


def describe(record: Record) -> Described:
    """Reads it.

    Raises:
        RunError: the record, which others may have written, does not say it.
    """
    protocol, characters = record.config["protocol"], record.data["facts"].get("characters")
    cell, units, window = (protocol.get(name) for name in ("cell", "units", "window"))
    for file, field, whole in (
        ("data", "facts.characters", type(characters) is str and characters),
        ("config", "protocol.cell", cell in tuple(CELLS)),
        ("config", "protocol.units", type(units) is int and units > 0),
        ("config", "protocol.window", type(window) is int and window > 0),
    ):
        if not whole:
            raise RunError(
                f"{record.path / file}.json: field '{field}' is missing or says nothing of a "
                f"network; train one with `make {EXPERIMENT.name}`."
            )
    return Described(characters, cell, units, window)


def load_network(record: Record):
    """The network as it was after the last round, checked to be the one that the record describes.

    Raises:
        RunError: its file is missing, unreadable or of another network.
    """
    from harness.training.environment import load_keras

    path = record.path / MODEL
    settings = record.environment["command"].partition(EXPERIMENT.module)[2].strip()
    again = f'`make {EXPERIMENT.name} ARGS="{settings} --force"`'
    if not path.is_file():
        raise RunError(f"{path} is missing; train it with {again}.")
    keras = load_keras()
    from models.characters import character_model

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # damaged archives make Keras fail in nearly any way
        reason = str(error).strip().partition("\n")[0]
        raise RunError(
            f"{path} is not a saved network ({reason}). Train it again with {again}."
        ) from error
    described = describe(record)
    expected = character_model(described.cell, len(described.characters), described.units)
    if form(model) != form(expected):
        raise RunError(
            f"{path} is another network than the record beside it describes. Train it again with "
            f"{again}."
        )
    return model


def form(model) -> list:
    """Kind of each layer and the shapes of its weights."""
    return [(type(layer), [weight.shape for weight in layer.weights]) for layer in model.layers]


def go_on(options) -> str:
    """The prompt and what the network adds to it.

    Raises:
        RunError: the network cannot be had, or never saw a character of the prompt.
    """
    record = find_run(options.model, options.sample)
    prompt, (characters, _, _, window) = options.prompt.lower(), describe(record)
    unseen = sorted(set(prompt) - set(characters))
    if unseen:
        raise RunError(
            f"the network never saw {', '.join(map(repr, unseen))}; the prompt may hold "
            f"{characters!r}."
        )
    model = load_network(record)
    import numpy as np

    from models.characters import continue_text

    rng = np.random.default_rng(options.seed)
    return prompt + continue_text(
        model, characters, prompt, options.length, options.temperature, rng, window
    )


def main() -> None:
    """Exits with 0, 1 (it failed) or 2 (wrong usage)."""
    options = parse(sys.argv[1:])
    try:
        print(go_on(options))
    except RunError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted.")


if __name__ == "__main__":
    main()
