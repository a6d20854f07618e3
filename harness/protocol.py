"""A protocol's dataclass is its command line.

Each field of a frozen dataclass is declared with `setting(...)`, which documents the value in place
and bounds it; `add_settings` turns the fields into command-line options.
"""

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any, get_type_hints

from data.errors import shown
from harness.records.renamed import current_name

MOST = 100_000  # a larger whole number is most likely a slip
LARGE = 5_000  # units, features of a word vector and samples a step: more would fill the memory
# Keras 3's own by Keras's names, and those of `harness.training.optimizers`
OPTIMIZERS = (
    "rmsprop-keras-2.0",
    "rmsprop-keras-2.10",
    "rmsprop-keras-2.11",
    "rmsprop",
    "rmsprop-epsilon-outside",
    "rmsprop-epsilon-outside-1e-7",
    "adam-keras-2.0",
    "adam-keras-2.2",
    "adam",
    "sgd",
)
# what opens a recurrent layer's gates: Keras 3's sigmoid, or that of Keras before 2.3
GATES = ("sigmoid", "keras2-hard-sigmoid")


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] | None = None,
    file_or: tuple[str, ...] | None = None,
) -> Any:
    """Declares one value of a protocol.

    Args:
        default: the published value.
        help: what the value means, with its unit; shown by `--help`.
        minimum: smallest allowed value.
        below: upper bound, itself not allowed; `MOST` for a whole number without one.
        choices: the allowed words, for a setting that is one of a few.
        file_or: for a setting that is the path of a file, or one of these words, which need none.
            A record keeps the file's name alone: where it lies differs from user to user.
    """
    bounds = {"minimum": minimum, "below": below}
    metadata = {"help": help, "bounds": bounds, "choices": choices, "file_or": file_or}
    return dataclasses.field(default=default, metadata=metadata)


def bounded(kind: type, minimum=None, below=None):
    """A parser for one command-line value that refuses what lies outside its bounds."""
    below = MOST if kind is int and below is None else below

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError:
            noun = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"expected {noun}, got '{shown(text, 50)}'") from None
        text = shown(text, 50)
        if kind is float and not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"must be finite, got {text}")
        if minimum is not None and value < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {text}")
        if below is not None and value >= below:
            raise argparse.ArgumentTypeError(f"must be below {below}, got {text}")
        return value

    return parse


def printable(text: str) -> str:
    """Reads a word, which a record can hold and a terminal can show."""
    if not text.isprintable():  # broken bytes of the command line are not, either
        raise argparse.ArgumentTypeError(f"must hold printable characters, got '{shown(text, 50)}'")
    return text


def add_settings(parser: argparse.ArgumentParser, protocol: Any) -> None:
    """Adds an option for every field of a protocol.

    Args:
        parser: the parser or argument group that receives the options.
        protocol: an instance whose values are the defaults.
    """
    types = get_type_hints(type(protocol))
    for field in dataclasses.fields(protocol):
        flag = "--" + field.name.replace("_", "-")
        default = getattr(protocol, field.name)
        # argparse formats help texts with the % operator
        help = f"{field.metadata['help']} (default: {default})".replace("%", "%%")
        kind = types[field.name]
        if kind is bool:
            options = {"action": argparse.BooleanOptionalAction}
        elif kind is str:
            choices = field.metadata["choices"]
            known = {"type": current_name, "choices": choices}
            options = known if choices else {"type": printable, "metavar": "TEXT"}
        else:
            parse = bounded(kind, **field.metadata["bounds"])
            options = {"type": parse, "metavar": "N" if kind is int else "X"}
        parser.add_argument(flag, default=default, help=help, **options)


def recorded(protocol: Any) -> dict[str, Any]:
    """The values of a protocol as a record keeps them, in the order of declaration."""
    values = dataclasses.asdict(protocol)
    for field in dataclasses.fields(protocol):
        if field.metadata["file_or"] is not None:
            values[field.name] = Path(values[field.name]).name
    return values


def file_settings(protocol: Any) -> list[str]:
    """The paths of files in a protocol, as they were given."""
    known = {field.name: field.metadata["file_or"] for field in dataclasses.fields(protocol)}
    words = {name: getattr(protocol, name) for name in known if known[name] is not None}
    return [word for name, word in words.items() if word not in known[name]]


def differences(protocol: Any, published: Any) -> dict[str, Any]:
    """The recorded settings of `protocol` that differ from `published`."""
    there, here = recorded(published), recorded(protocol)
    return {name: value for name, value in here.items() if value != there[name]}
