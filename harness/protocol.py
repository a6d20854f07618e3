"""A protocol's dataclass is its command line.

Each field of a frozen dataclass is declared with `setting(...)`, which documents the value in place
and bounds it; `add_settings` turns the fields into command-line options.
"""

import argparse
import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Any, get_type_hints

from harness.cli import bounded, printable
from harness.records.record import current_name

LARGE = 5_000  # units, or features of a word vector: weights of more would fill the memory
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
    off: Any = None,
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
        off: the value by which nothing happens; then a record says nothing of the setting.
    """
    bounds = {"minimum": minimum, "below": below}
    metadata = {"help": help, "bounds": bounds, "choices": choices, "file_or": file_or, "off": off}
    return dataclasses.field(default=default, metadata=metadata)


def patience(default: int = 0) -> Any:
    """Declares after how many epochs without a better validation a training stops."""
    help = "epochs without a better validation after which the training stops; 0 trains all epochs"
    return setting(default, help, minimum=0, off=0)


def add_settings(
    parser: argparse._ActionsContainer, protocol: Any, sample: dict[str, Any] | None = None
) -> None:
    """Adds an option for every field of a protocol, whose values are the defaults.

    `sample` are the defaults on the sample data. Options that are not given are not in the
    namespace.
    """
    types = get_type_hints(type(protocol))
    for field in dataclasses.fields(protocol):
        flag = "--" + field.name.replace("_", "-")
        default = f"default: {getattr(protocol, field.name)}"
        if field.name in (sample or {}):
            default += f"; with --sample: {sample[field.name]}"
        # argparse formats help texts with the % operator
        help = f"{field.metadata['help']} ({default})".replace("%", "%%")
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
        parser.add_argument(flag, default=argparse.SUPPRESS, help=help, **options)


def altered(protocol: Any, *further: Any, without: Collection[str] = (), **values: Any) -> Any:
    """A protocol with the settings of further ones as well, and without some.

    `values` replace those of the settings that it has.
    """
    fields = {}
    for one in (protocol, *further):
        hints = get_type_hints(type(one))
        for field in dataclasses.fields(one):
            value = values.get(field.name, getattr(one, field.name))
            changed = dataclasses.field(default=value, metadata=field.metadata)
            fields[field.name] = field.name, hints[field.name], changed
    kept = [field for name, field in fields.items() if name not in without]
    kinds = (vars(kind) for one in (protocol, *further) for kind in reversed(type(one).__mro__))
    properties = {k: v for kind in kinds for k, v in kind.items() if isinstance(v, property)}
    return dataclasses.make_dataclass("Altered", kept, frozen=True, namespace=properties)()


def recorded(protocol: Any) -> dict[str, Any]:
    """The values of a protocol as a record keeps them, in the order of declaration."""
    values = dataclasses.asdict(protocol)
    for field in dataclasses.fields(protocol):
        if field.metadata["file_or"] is not None:
            values[field.name] = Path(values[field.name]).name
        off = field.metadata["off"]
        if off is not None and values[field.name] == off:
            del values[field.name]
    return values


def file_settings(protocol: Any) -> dict[str, tuple[str, ...]]:
    """The paths of files in a protocol, as they were given, and the words that need no file."""
    known = {field.name: field.metadata["file_or"] for field in dataclasses.fields(protocol)}
    words = {name: getattr(protocol, name) for name in known if known[name] is not None}
    return {word: known[name] for name, word in words.items() if word not in known[name]}


def differences(protocol: Any, published: Any) -> dict[str, Any]:
    """The settings of `protocol` that a record would keep otherwise than those of `published`."""
    there, here = recorded(published), recorded(protocol)
    names = (name for name in vars(protocol) if here.get(name) != there.get(name))
    return {name: here.get(name, getattr(protocol, name)) for name in names}
