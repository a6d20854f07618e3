"""What the files of a run record hold, and the checks that tables and plots rely on.

The models name the fields that every record has, and their types. Files may hold more; readers
ignore it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import RunError
from harness.records.predictions import MEASURES, samples_of
from harness.records.study_outputs import StudyOutput, from_json
from harness.records.validation import Hash, Line, Name, Number, validated

NotNegative = Annotated[Number, Field(ge=0)]
Count = Annotated[int, Field(ge=0, lt=2**63)]

# Keras rounds its metrics to float32; one review in 25,000 is 4e-5.
ACCURACY_ROUNDING = 1e-5
ERROR_ROUNDING = 1e-4  # as a share of the error, which is a sum of many float32


class Content(BaseModel):
    """Fields of a file: `"3"` and `True` are no numbers."""

    model_config = ConfigDict(strict=True)


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
    best_validation: NotNegative
    last_validation: NotNegative
    test_at_best: NotNegative
    test_at_end: NotNegative
    wall_seconds: NotNegative
    seconds_per_epoch: NotNegative | None
    degrees_per_unit: Annotated[Number, Field(gt=0)] | None
    reference: Reference


class StudyMetrics(Content):
    wall_seconds: NotNegative


class Outputs(Content):
    outputs: list


COMMON = {
    "config": Config,
    "environment": Environment,
    "data": Data,
    "history": dict[str, list[Number]],
}


def required_files(role: str) -> dict[str, type]:
    """The files of a record of this role without `.json`, and the type of what each holds."""
    if role == "study":
        return COMMON | {"metrics": StudyMetrics, "outputs": Outputs}
    return COMMON | {"metrics": Metrics}


def check_record(path: Path, parts: dict[str, dict]) -> None:
    """Checks the files of one record.

    Args:
        path: the record's directory, for the messages.
        parts: content of each file by its name without `.json`.

    Raises:
        RunError: naming the file and the field that is missing, mistyped or inconsistent.
    """
    role = parts["config"].get("role")
    for name, kind in required_files(role).items():
        validated(path / f"{name}.json", kind, parts[name])
    lengths = {len(values) for values in parts["history"].values()}
    if len(lengths) > 1:
        raise RunError(f"{path / 'history.json'}: columns of different lengths {sorted(lengths)}.")
    for field in ("dataset", "sample"):
        expected = parts["config"][field]
        same = parts["data"][field] == expected
        _expect(same, path / "data.json", field, f"{expected!r} as in config.json")
    if role != "study":
        _check_metrics(path, parts["history"], parts["metrics"])
    if "predictions" in parts:
        facts = parts["data"]["facts"]
        _check_predictions(path, parts["predictions"], parts["metrics"], facts)


def read_outputs(file: Path, contents: list) -> tuple[StudyOutput, ...]:
    """Reads what a study shows. Titles differ, because claims find a table by its title.

    Args:
        file: the file, for the messages.
        contents: the outputs as the file has them.

    Raises:
        RunError: naming the output that is damaged.
    """
    outputs: dict[str, StudyOutput] = {}  # by title
    for place, content in enumerate(contents, start=1):
        output = from_json(f"{file}: output {place}", content)
        if output.title in outputs:
            raise RunError(f"{file}: output {place}: '{output.title}' is also an earlier title.")
        outputs[output.title] = output
    return tuple(outputs.values())


def _expect(condition: bool, file: Path, field: str, expected: str) -> None:
    if not condition:
        raise RunError(f"{file}: field '{field}' must be {expected}.")


def _check_metrics(path: Path, history: dict, metrics: dict) -> None:
    """The metrics are possible values, and those of the history."""
    file, metric, reference = path / "metrics.json", metrics["metric"], metrics["reference"]
    if metric == "accuracy":
        shares = {measure: metrics[measure] for measure in MEASURES.values()}
        shares |= {f"reference.{split}": reference[split] for split in ("validation", "test")}
        for field, share in shares.items():
            _expect(share <= 1, file, field, "at most 1, as an accuracy is")
        _expect(metrics["degrees_per_unit"] is None, file, "degrees_per_unit", "null")
    best, last = metrics["best_epoch"], metrics["last_validation"]
    if best is None:
        _expect(not history, file, "best_epoch", "the best epoch of the history")
        return
    _check_columns(path / "history.json", history, metric)
    curve = history[f"val_{metric}"]
    _expect(best in range(1, len(curve) + 1), file, "best_epoch", f"from 1 to {len(curve)}")
    agrees = metrics["best_validation"] == curve[best - 1]
    _expect(agrees, file, "best_validation", f"{curve[best - 1]!r} as in history.json")
    _expect(last == curve[-1], file, "last_validation", f"{curve[-1]!r} as in history.json")


def _check_columns(file: Path, history: dict, metric: str) -> None:
    """The columns that every training has are there, with possible values."""
    for column in ("loss", metric, "val_loss", f"val_{metric}", "seconds"):
        _expect(column in history, file, column, "present")
    for column in (metric, f"val_{metric}", "seconds"):
        _expect(all(value >= 0 for value in history[column]), file, column, "free of negatives")
    if metric == "accuracy":
        for column in (metric, f"val_{metric}"):
            possible = all(value <= 1 for value in history[column])
            _expect(possible, file, column, "at most 1, as an accuracy is")


def _check_predictions(path: Path, predictions: dict, metrics: dict, facts: dict) -> None:
    """They are whole, of as many samples as the data have, and give the metrics."""
    file, metric = path / "predictions.json", metrics["metric"]
    for (epoch, split), measure in MEASURES.items():
        try:
            samples = samples_of(predictions, measure, metric)
        except ValueError as error:
            raise RunError(f"{file}: {error}.") from error
        unit = "reviews" if metric == "accuracy" else "windows"
        # of reviews, the facts count those of the files, of which the test reviews are one
        count = facts.get(f"{split}_{unit}")
        if count not in (None, samples.count):
            raise RunError(
                f"{file}: {epoch}, {split}: {samples.count} {unit}, where data.json has {count}."
            )
        rounding = ACCURACY_ROUNDING if metric == "accuracy" else ERROR_ROUNDING * metrics[measure]
        if metric == "accuracy" and split == "validation":
            # measured in training, once more here: a review at the threshold may change its side
            rounding += 1 / samples.count
        if abs(samples.mean - metrics[measure]) > rounding:
            raise RunError(
                f"{file}: {epoch}, {split}: {metric} {samples.mean:.6g}, where metrics.json has "
                f"{measure} {metrics[measure]:.6g}."
            )
