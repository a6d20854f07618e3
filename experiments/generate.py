"""Continues a prompt with the network that text-generation has trained.

    make generate PROMPT="alice was" ARGS="--temperature 0.5"

The prompt is read in lower case, like the text, and printed with what the network adds to it.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from experiments import text_generation
from harness.cli import Parser, add_places, add_sample, add_seed, bounded, run_command
from harness.errors import RunError
from harness.records.record import Record, load_record
from harness.records.run import MODEL
from harness.reporting.groups import REFERENCE
from models.cells import CELLS

NAME = text_generation.EXPERIMENT.name


def parse_arguments(argv):
    """Reads the command line."""
    parser = Parser("experiments.generate", __doc__)
    parser.add_argument(
        "--prompt", type=_prompt, required=True, metavar="TEXT", help="the text to continue"
    )
    parser.add_argument(
        "--temperature",
        type=bounded(float, minimum=0),
        default=0.5,
        metavar="X",
        help="0 always takes the most probable character, 1 samples from the network's "
        "probabilities, higher values give more varied text (default: 0.5)",
    )
    parser.add_argument(
        "--length",
        type=bounded(int, minimum=1),
        default=200,
        metavar="N",
        help="characters to add (default: 200)",
    )
    add_seed(parser, "seed of the sampling")
    add_sample(parser, "use the network trained on the built-in sample text")
    add_places(parser, "results")
    parser.add_argument(
        "--model",
        type=Path,
        metavar="DIR",
        help="folder of the run whose network writes (default: your run with seed 0, or else the "
        "reference's)",
    )
    options = parser.parse_args(argv)
    if options.model is None:
        run = Path(NAME) / "seed-0"
        own = options.results_dir / run
        options.model = own if options.sample or own.is_dir() else REFERENCE / run
    return options


def _prompt(text):
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def find_run(directory: Path, sample: bool) -> Record:
    """The run that trained the network.

    Raises:
        RunError: there is none, it is damaged, or it is of another experiment.
    """
    command = f"make {NAME}" + (' ARGS="--sample"' if sample else "")
    if not directory.is_dir():
        raise RunError(f"{directory} does not exist; train a network first with `{command}`.")
    try:
        record = load_record(directory)
    except RunError as error:
        raise RunError(f"{error} Train a network with `{command}`.") from error
    if record.experiment != NAME:
        raise RunError(
            f"{directory} is a run of {record.experiment}, which writes no text; train a network "
            f"that does with `{command}`."
        )
    return record


class NetworkDescription(NamedTuple):
    """What a record says of its network."""

    characters: str
    cell: str
    units: int
    window: int


def describe_network(record: Record) -> NetworkDescription:
    """Reads what a record says of its network.

    Raises:
        RunError: the record, which others may have written, does not say it.
    """
    protocol, characters = record.config["protocol"], record.data["facts"].get("characters")
    cell, units, window = (protocol.get(name) for name in ("cell", "units", "window"))
    for file, field, is_valid in (
        ("data", "facts.characters", type(characters) is str and characters),
        ("config", "protocol.cell", cell in tuple(CELLS)),
        ("config", "protocol.units", type(units) is int and units > 0),
        ("config", "protocol.window", type(window) is int and window > 0),
    ):
        if not is_valid:
            raise RunError(
                f"{record.path / file}.json: field '{field}' is missing or says nothing of a "
                f"network; train one with `make {NAME}`."
            )
    return NetworkDescription(characters, cell, units, window)


def load_network(record: Record):
    """The network as it was after the last round, checked to be the one that the record describes.

    Raises:
        RunError: its file is missing, unreadable or of another network.
    """
    from harness.training.machine import load_keras

    path = record.path / MODEL
    again = f"`{record.make_again}`"
    if not path.is_file():
        raise RunError(f"{path} is missing; train it with {again}.")
    described = describe_network(record)
    keras = load_keras()
    from models.text import character_model

    expected = character_model(described.cell, len(described.characters), described.units)
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # damaged archives make Keras fail in nearly any way
        reason = str(error).strip().partition("\n")[0]
        raise RunError(
            f"{path} is not a saved network ({reason}). Train it again with {again}."
        ) from error
    if _layers(model) != _layers(expected):
        raise RunError(
            f"{path} is another network than the record beside it describes. Train it again with "
            f"{again}."
        )
    return model


def _layers(model) -> list:
    """The kind of each layer and the shapes of its weights."""
    return [(type(layer), [weight.shape for weight in layer.weights]) for layer in model.layers]


def continue_prompt(options) -> str:
    """The prompt and what the network adds to it.

    Raises:
        RunError: there is no usable network, or it never saw a character of the prompt.
    """
    record = find_run(options.model, options.sample)
    prompt, (characters, _, _, window) = options.prompt.lower(), describe_network(record)
    unseen = sorted(set(prompt) - set(characters))
    if unseen:
        raise RunError(
            f"the network never saw {', '.join(map(repr, unseen))}; the prompt may hold "
            f"{characters!r}."
        )
    model = load_network(record)
    print(f"writing with the network of {record.path}", file=sys.stderr)
    import numpy as np

    from models.text import continue_text

    rng = np.random.default_rng(options.seed)
    return prompt + continue_text(
        model, characters, prompt, options.length, options.temperature, rng, window
    )


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: print(continue_prompt(options)))


if __name__ == "__main__":
    sys.exit(main())
