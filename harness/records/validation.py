"""Checks what a file holds with pydantic, and says in one sentence what is wrong with it."""

import dataclasses
import functools
import re
import reprlib
import sys
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, ConfigDict, GetPydanticSchema, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError, core_schema

from harness.errors import RunError

T = TypeVar("T")
# pydantic's names of its errors, and what was expected
EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table of names and values",
    "model_type": "a table of names and values",
    "dataclass_type": "a table of names and values",
}


LARGEST = 10**100  # of the numbers in a record: their squares and the sums of these are finite, too


def _number(*_) -> core_schema.CoreSchema:
    """Checked outside Python: records hold many numbers."""
    bounds = {"strict": True, "ge": -LARGEST, "le": LARGEST}
    kinds = [core_schema.int_schema(**bounds), core_schema.float_schema(**bounds)]
    return core_schema.union_schema(
        kinds, mode="left_to_right", custom_error_type="number", custom_error_message="no number"
    )


# An integer stays one, unlike with pydantic's own float: tables show 3 and 3.0 differently.
Number = Annotated[float, GetPydanticSchema(_number)]


def _matching(pattern: str, expected: str) -> AfterValidator:
    """Accepts text that a pattern matches in full; `expected` describes it for the message."""

    known = re.compile(pattern)

    def check(text: str) -> str:
        if known.fullmatch(text) and text.isprintable():
            return text
        raise PydanticCustomError("text", "Input should be {expected}", {"expected": expected})

    return AfterValidator(check)


# Names become parts of paths, lines parts of tables and figures.
_NAME = r"(?![.~])[^\s/\\:*?\"<>|]{1,100}"
Name = Annotated[str, _matching(_NAME, "a name that a file can have, without blanks")]
Line = Annotated[str, _matching(r"(?!.*(<[A-Za-z/!?]|\]\()).*", "one line without markup")]
Hash = Annotated[str, _matching("[0-9a-f]{64}", "a SHA-256 of 64 digits")]


class KnownFields:
    """Base of dataclasses that refuse unknown fields when they are read from a file."""

    __pydantic_config__ = ConfigDict(extra="forbid")


def validated(where: str | Path, kind: type[T], content: object) -> T:
    """Reads the content of a file as an instance of a type that pydantic knows.

    Args:
        where: the file, and the place in it, for the message.
        kind: the type, such as a dataclass; its fields say what is allowed.
        content: what the file holds there.

    Raises:
        RunError: naming the first field that is missing, unknown or wrong.
    """
    try:
        return _adapter(kind).validate_python(content)
    except ValidationError as error:
        raise RunError(f"{where}: {_sentence(kind, error.errors()[0])}.") from error


@functools.cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind)


def _sentence(kind: Any, error: ErrorDetails) -> str:
    """One of pydantic's errors in words."""
    place = error["loc"]
    name = "".join(f"[{part}]" if type(part) is int else f".{part}" for part in place)
    field = f"field '{name.removeprefix('.')}'" if place else "the content"
    match error["type"]:
        case "missing":
            return f"{field} is missing"
        case "unexpected_keyword_argument" if len(place) == 1:
            known = ", ".join(one.name for one in dataclasses.fields(kind))
            return f"{field} is unknown; known: {known}"
        case "unexpected_keyword_argument":
            return f"{field} is unknown"
        case "value_error":  # of a check that names the field itself
            return str(error["ctx"]["error"])
        case "number":
            value = error["input"]
            large = type(value) in (int, float) and abs(value) <= sys.float_info.max  # NaN is not
            expected = "a number of at most 1e100" if large else "a finite number"
        case _:
            expected = EXPECTED.get(error["type"]) or error["msg"].removeprefix("Input should be ")
    return f"{field} must be {expected}, not {reprlib.repr(error['input'])}"
