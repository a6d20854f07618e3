"""What the files of a record hold, as pydantic checks them once when a record is read.

Files may hold more fields than are named here; readers ignore these. The files of a study are in
`study_outputs`.
"""

import base64
import dataclasses
import functools
import math
import re
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetPydanticSchema,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError, core_schema

from harness.errors import RunError

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
LARGEST = 10**100  # of the numbers in a record: their squares and the sums of these are finite, too


def _number(*_) -> core_schema.CoreSchema:
    """Checked outside Python: records hold many numbers."""
    bounds = {"strict": True, "ge": -LARGEST, "le": LARGEST}
    return core_schema.union_schema(
        [core_schema.int_schema(**bounds), core_schema.float_schema(**bounds)],
        mode="left_to_right",
        custom_error_type="number",
        custom_error_message="Input should be a finite number of at most 1e100",
    )


def _matching(pattern: str, expected: str) -> AfterValidator:
    """Accepts text that a pattern matches in full; `expected` describes it for the message."""
    known = re.compile(pattern)

    def check(text: str) -> str:
        if known.fullmatch(text) and text.isprintable():
            return text
        raise PydanticCustomError("text", "Input should be {expected}", {"expected": expected})

    return AfterValidator(check)


# An integer stays one, unlike with pydantic's own float: tables show 3 and 3.0 differently.
Number = Annotated[float, GetPydanticSchema(_number)]
NotNegative = Annotated[Number, Field(ge=0)]
Count = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Positive = Annotated[int, Field(strict=True, gt=0, lt=2**63)]
# Names become parts of paths, lines parts of tables and figures.
_NAME = r"(?![.~])[^\s/\\:*?\"<>|]{1,100}"
Name = Annotated[str, _matching(_NAME, "a name that a file can have, without blanks")]
Line = Annotated[str, _matching(r"(?!.*(<[A-Za-z/!?]|\]\()).*", "one line without markup")]
Week = Annotated[str, _matching(r"\d{4}-W[0-5]\d", "an ISO week such as 2014-W03")]
Words = Annotated[str, _matching(r".*\S.*", "some words on one line")]
Hash = Annotated[str, _matching("[0-9a-f]{64}", "a SHA-256 of 64 digits")]


class KnownFields:
    """Base of dataclasses that refuse unknown fields when they are read from a file."""

    __pydantic_config__ = ConfigDict(extra="forbid")


class Content(BaseModel):
    """Fields of a file: `"3"` and `True` are no numbers."""

    model_config = ConfigDict(strict=True)


# A classifier leaves one bit a review, right or wrong. A forecaster leaves its absolute errors
# summed over each calendar week: neighbouring hours err together, weeks hardly do. These few
# kilobytes a run serve every test that compares two models on the same samples.


def _unpacked(text: object) -> bytes:
    return base64.b64decode(text if isinstance(text, str) else "", validate=True)


@dataclass(frozen=True)
class Reviews(KnownFields):
    """Which reviews were classified correctly."""

    right: Annotated[bytes, BeforeValidator(_unpacked)]  # the first review in the highest bit
    count: Positive

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.right) != -(-self.count // 8):
            raise ValueError(f"right has {len(self.right)} bytes for {self.count} reviews")
        if self.right[-1] & ((1 << -self.count % 8) - 1):
            raise ValueError(f"right has a bit set beyond the last of {self.count} reviews")
        return self

    @property
    def mean(self) -> float:
        """The accuracy."""
        return int.from_bytes(self.right).bit_count() / self.count


@dataclass(frozen=True)
class Weeks(KnownFields):
    """The errors of a forecast, by the week of its target."""

    weeks: tuple[Week, ...]  # in order of time
    # sum of the absolute errors of each week, in normalised units
    error_sums: Annotated[tuple[NotNegative, ...], Field(alias="absolute_error_sum")]
    windows: tuple[Positive, ...]  # forecasts of each week

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not len(self.weeks) == len(self.error_sums) == len(self.windows) or not self.weeks:
            raise ValueError("weeks, absolute_error_sum and windows must be of one length")
        if list(self.weeks) != sorted(set(self.weeks)):
            raise ValueError("weeks must stand in order of time, each once")
        return self

    @property
    def count(self) -> int:
        return sum(self.windows)

    @property
    def mean(self) -> float:
        """The mean absolute error."""
        return math.fsum(self.error_sums) / self.count


Samples = Annotated[
    Annotated[Reviews, Tag("reviews")] | Annotated[Weeks, Tag("weeks")],
    Discriminator(lambda found: "weeks" if type(found) is dict and "weeks" in found else "reviews"),
]
MEASURES = {
    ("best", "validation"): "best_validation",
    ("last", "validation"): "last_validation",
    ("best", "test"): "test_at_best",
    ("last", "test"): "test_at_end",
}
"""Epoch and split of each number in `metrics.json`, and the name of the number."""


class Splits(Content):
    validation: Samples
    test: Samples


class Predictions(Content):
    """Of the best epoch and of the last; a baseline without epochs has the same twice."""

    best: Splits
    last: Splits

    @property
    def by_measure(self) -> dict[str, Reviews | Weeks]:
        """The samples behind each number of `metrics.json`."""
        return {m: getattr(getattr(self, epoch), split) for (epoch, split), m in MEASURES.items()}


def pack_right(right: "np.ndarray") -> dict:
    """Packs which reviews were classified correctly, booleans of shape (reviews,).

    Returns `right`, the bits as NumPy packs them, in base64, and `count`, the number of reviews.
    """
    import numpy as np  # slow to load, and readers of records do without

    return {"right": base64.b64encode(np.packbits(right).tobytes()).decode(), "count": len(right)}


def weekly_errors(errors: "np.ndarray", times: "np.ndarray") -> dict:
    """Sums absolute errors over the ISO weeks of the targets' times.

    Args:
        errors: normalised absolute errors, shape (windows,).
        times: datetime64, when each target was measured, shape (windows,).

    Returns:
        `weeks` such as `2014-W03`, and for each its `absolute_error_sum` and number of `windows`.
    """
    import pandas as pd  # likewise

    calendar = pd.DatetimeIndex(times).isocalendar()
    weeks = calendar["year"].astype(str) + "-W" + calendar["week"].astype(str).str.zfill(2)
    table = pd.Series(errors).groupby(weeks.to_numpy()).agg(["sum", "size"])
    return {
        "weeks": table.index.tolist(),
        "absolute_error_sum": [round(value, 6) for value in table["sum"].tolist()],
        "windows": table["size"].tolist(),
    }


class Config(Content):
    experiment: Name
    title: Line
    dataset: Name
    role: Literal["network", "baseline", "study"]
    variant: dict[Name, Any]
    protocol: dict
    seed: Count
    sample: bool
    deterministic: bool
    plain_keras: bool = False  # older records lack it
    notes: list[Line]


class Environment(Content):
    started: Line
    command: str
    python: Line
    platform: str
    cpu: str
    cores: Count
    threads: Count
    packages: dict[Line, Line]
    backend: Line
    device: Line
    flags: dict[str, str] = {}  # earlier versions recorded none
    commit: Line | None
    dirty: bool | None


class RecordedFile(Content):
    name: Line = "unnamed"
    sha256: Hash


class Data(Content):
    dataset: str
    sample: bool
    files: list[RecordedFile]
    facts: dict
    notes: list[Line]


class Reference(Content):
    label: Line
    validation: NotNegative
    test: NotNegative


class Metrics(Content):
    """What measures a network or a baseline."""

    metric: Literal["accuracy", "mae"]
    parameters: Count | None
    best_epoch: int | None
    stopped_epoch: int | None = None  # the last one, where the training's patience ended
    best_validation: NotNegative
    last_validation: NotNegative
    test_at_best: NotNegative
    test_at_end: NotNegative
    wall_seconds: NotNegative
    seconds_per_epoch: NotNegative | None
    degrees_per_unit: Annotated[Number, Field(gt=0)] | None
    reference: Reference


class Files(Content):
    """The files that every record has, by their names without `.json`."""

    config: Config
    environment: Environment
    data: Data
    history: dict[str, list[Number]]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        lengths = {len(values) for values in self.history.values()}
        if len(lengths) > 1:
            raise ValueError(f"history.json: columns of different lengths {sorted(lengths)}")
        for name in ("dataset", "sample"):
            expected = getattr(self.config, name)
            same = getattr(self.data, name) == expected
            _expect(same, "data", name, f"{expected!r} as in config.json")
        return self


# Keras rounds its metrics to float32; one review in 25,000 is 4e-5.
ACCURACY_ROUNDING = 1e-5
ERROR_ROUNDING = 1e-4  # as a share of the error, which is a sum of many float32


class NetworkFiles(Files):
    metrics: Metrics
    predictions: Predictions | None = None  # earlier versions kept none

    @model_validator(mode="after")
    def _metrics_agree(self) -> Self:
        """The metrics are possible values, and those of the history."""
        found, metric = self.metrics, self.metrics.metric
        if metric == "accuracy":
            for measure in MEASURES.values():
                _expect(getattr(found, measure) <= 1, "metrics", measure, "at most 1")
        if found.best_epoch is None:
            _expect(not self.history, "metrics", "best_epoch", "the best epoch of the history")
            return self
        for column in ("loss", metric, "val_loss", f"val_{metric}", "seconds"):
            _expect(column in self.history, "history", column, "present")
        curve = self.history[f"val_{metric}"]
        last = len(curve)
        _expect(0 < found.best_epoch <= last, "metrics", "best_epoch", f"from 1 to {last}")
        same = found.stopped_epoch in (None, last)
        _expect(same, "metrics", "stopped_epoch", f"{last}, the last of the history")
        for name, epoch in ("best_validation", found.best_epoch), ("last_validation", last):
            value = curve[epoch - 1]
            same = getattr(found, name) == value
            _expect(same, "metrics", name, f"{value!r} as in history.json")
        return self

    @model_validator(mode="after")
    def _predictions_agree(self) -> Self:
        """They are of as many samples as the data have, and give the metrics."""
        if self.predictions is None:
            return self
        metric, kept = self.metrics.metric, self.predictions.by_measure
        unit = "reviews" if metric == "accuracy" else "windows"
        for (epoch, split), measure in MEASURES.items():
            samples, value = kept[measure], getattr(self.metrics, measure)
            where = f"predictions.json: {epoch}, {split}"
            # of reviews, the facts count those of the files, of which the test reviews are one
            count = self.data.facts.get(f"{split}_{unit}")
            if count not in (None, samples.count):
                raise ValueError(f"{where}: {samples.count} {unit}, where data.json has {count}")
            rounding = ACCURACY_ROUNDING if metric == "accuracy" else ERROR_ROUNDING * value
            if metric == "accuracy" and split == "validation":
                # measured in training, once more here: a review at the threshold may change sides
                rounding += 1 / samples.count
            if abs(samples.mean - value) > rounding:
                found = f"{metric} {samples.mean:.6g}"
                raise ValueError(f"{where}: {found}, where metrics.json has {measure} {value:.6g}")
        return self


def _expect(condition: bool, file: str, name: str, expected: str) -> None:
    if not condition:
        raise ValueError(f"{file}.json: field '{name}' must be {expected}")


def validated(where: str | Path, kind: type[T], content: object) -> T:
    """Reads content, from a place named by `where`, as a type that pydantic knows.

    A `RunError` names the first field that is missing, unknown or wrong; of the `Files` in a folder
    also the file.
    """
    try:
        return _adapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    place = list(first["loc"])
    if isinstance(kind, type) and issubclass(kind, Files):  # a check of several names the wrong one
        where = f"{where}/{place.pop(0)}.json: " if place else f"{where}/"
    else:
        where = f"{where}: "
    raise RunError(f"{where}{_sentence(kind, place, first)}.")


@functools.cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind)


def _sentence(kind: Any, place: Sequence, error: ErrorDetails) -> str:
    """One of pydantic's errors in words."""
    name = "".join(f"[{part}]" if type(part) is int else f".{part}" for part in place)
    named = f"field '{name.removeprefix('.')}'" if place else "the content"
    expected = error["msg"].removeprefix("Input should be ")
    expected = re.sub("^a (valid )?dictionary.*", "a table of names and values", expected)
    match error["type"]:
        case "missing":
            return f"{named} is missing"
        case "unexpected_keyword_argument":
            known = [one.name for one in dataclasses.fields(kind)] if len(place) == 1 else []
            return f"{named} is unknown" + (f"; known: {', '.join(known)}" if known else "")
        case "value_error":  # of a check that names the field itself
            return str(error["ctx"]["error"])
        case _ if expected != error["msg"]:
            return f"{named} must be {expected}, not {reprlib.repr(error['input'])}"
    return f"{named}: {expected}"
