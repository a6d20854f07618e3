"""What a run record holds, and the checks that tables and plots rely on."""

import math
from pathlib import Path

from harness.errors import RunError
from harness.records.predictions import MEASURES, samples_of
from harness.records.study_outputs import StudyOutput, from_json

SCHEMA = 1

NUMBER = (int, float)
MAYBE_NUMBER = (int, float, type(None))
MAYBE_TEXT = (str, type(None))

# What every record must hold, and of which type. Files may hold more; readers ignore it.
COMMON = {
    "config": {
        "schema": int,
        "experiment": str,
        "title": str,
        "dataset": str,
        "role": str,
        "variant": dict,
        "protocol": dict,
        "seed": int,
        "sample": bool,
        "deterministic": bool,
        "notes": list,
    },
    "environment": {
        "started": str,
        "command": str,
        "python": str,
        "platform": str,
        "cpu": str,
        "cores": int,
        "threads": int,
        "packages": dict,
        "backend": str,
        "device": str,
        "commit": MAYBE_TEXT,
        "dirty": (bool, type(None)),
    },
    "data": {"dataset": str, "sample": bool, "files": list, "facts": dict, "notes": list},
    "history": {},
}
# A network or a baseline is measured by one metric, a study by what it outputs.
MEASURED = {
    "metrics": {
        "metric": str,
        "parameters": (int, type(None)),
        "best_epoch": (int, type(None)),
        "best_validation": NUMBER,
        "last_validation": NUMBER,
        "test_at_best": NUMBER,
        "test_at_end": NUMBER,
        "wall_seconds": NUMBER,
        "seconds_per_epoch": MAYBE_NUMBER,
        "degrees_per_unit": MAYBE_NUMBER,
        "reference": dict,
    },
}
STUDY = {"metrics": {"wall_seconds": NUMBER}, "outputs": {"outputs": list}}

# Keras rounds its metrics to float32; one review in 25,000 is 4e-5.
ACCURACY_ROUNDING = 1e-5
ERROR_ROUNDING = 1e-4  # as a share of the error, which is a sum of many float32


def fields(role: object) -> dict[str, dict]:
    """The files of a record of this role without `.json`, and the fields of each."""
    return COMMON | (STUDY if role == "study" else MEASURED)


def optional(role: object) -> tuple[str, ...]:
    """Files that a record of this role may lack, such as those of earlier versions."""
    return () if role == "study" else ("predictions",)


def check(path: Path, parts: dict[str, dict]) -> None:
    """Checks the files of one record.

    Args:
        path: the record's directory, for the messages.
        parts: content of each file by its name without `.json`.

    Raises:
        RunError: naming the file and the field that is missing, mistyped or inconsistent.
    """
    version = parts["config"].get("schema")
    if version != SCHEMA:
        raise RunError(f"{path / 'config'}.json: schema {version}, expected {SCHEMA}.")
    role = parts["config"].get("role")
    for name, kinds_of in fields(role).items():
        for field, kind in kinds_of.items():
            if field not in parts[name]:
                raise RunError(f"{path / name}.json: field '{field}' is missing.")
            value = parts[name][field]
            kinds = kind if isinstance(kind, tuple) else (kind,)
            if type(value) not in kinds or (type(value) is float and not math.isfinite(value)):
                raise RunError(
                    f"{path / name}.json: field '{field}' has the wrong type: {value!r}."
                )
    _check_history(path / "history.json", parts["history"])
    _check_common(path, parts["config"], parts["environment"], parts["data"])
    if role != "study":
        _check_metrics(path, parts["history"], parts["metrics"])
    if "predictions" in parts:
        facts = parts["data"]["facts"]
        _check_predictions(path, parts["predictions"], parts["metrics"], facts)


def _is_number(value: object) -> bool:
    return type(value) in NUMBER and math.isfinite(value)


def _check_history(path: Path, history: dict) -> None:
    """Every column holds one finite number an epoch, and all have the same length."""
    lengths = set()
    for column, values in history.items():
        if not isinstance(values, list) or not all(map(_is_number, values)):
            raise RunError(f"{path}: column '{column}' must be a list of numbers.")
        lengths.add(len(values))
    if len(lengths) > 1:
        raise RunError(f"{path}: columns of different lengths {sorted(lengths)}.")


def _expect(condition: bool, file: Path, field: str, expected: str) -> None:
    if not condition:
        raise RunError(f"{file}: field '{field}' must be {expected}.")


def _check_common(path: Path, config: dict, environment: dict, data: dict) -> None:
    """What the types of the fields do not say: what tables and figures rely on."""
    for file, notes in (("config", config["notes"]), ("data", data["notes"])):
        sentences = all(type(note) is str for note in notes)
        _expect(sentences, path / f"{file}.json", "notes", "a list of sentences")
    provenance = path / "data.json"
    hashes = [file.get("sha256") if type(file) is dict else None for file in data["files"]]
    whole = all(type(value) is str for value in hashes)
    _expect(whole, provenance, "files", "a list of files with 'sha256'")
    for field in ("dataset", "sample"):
        same = data[field] == config[field]
        _expect(same, provenance, field, f"{config[field]!r} as in config.json")
    named = all(type(version) is str for version in environment["packages"].values())
    _expect(named, path / "environment.json", "packages", "names and versions")


def read_outputs(file: Path, contents: list) -> tuple[StudyOutput, ...]:
    """Reads what a study shows: every output whole, none hidden by another of its title.

    Args:
        file: where it stands, for the messages.
        contents: the outputs as the file has them.

    Raises:
        RunError: naming the output that is damaged.
    """
    outputs: dict[str, StudyOutput] = {}  # by title
    for place, content in enumerate(contents, start=1):
        try:
            output = from_json(content)
        except ValueError as error:
            raise RunError(f"{file}: output {place}: {error}.") from error
        title = output.title
        _expect(title not in outputs, file, "title", f"another than that of an output: '{title}'")
        outputs[title] = output
    return tuple(outputs.values())


def _check_metrics(path: Path, history: dict, metrics: dict) -> None:
    """The metrics are of a known kind, and those of the history."""
    file = path / "metrics.json"
    metric, reference = metrics["metric"], metrics["reference"]
    _expect(metric in ("accuracy", "mae"), file, "metric", "'accuracy' or 'mae'")
    numbers = [reference.get("validation"), reference.get("test")]
    whole = type(reference.get("label")) is str and all(map(_is_number, numbers))
    _expect(whole, file, "reference", "a label with its validation and test value")
    scale = metrics["degrees_per_unit"]
    _expect(scale is None or scale > 0, file, "degrees_per_unit", "positive")
    best, last = metrics["best_epoch"], metrics["last_validation"]
    if best is None:
        _expect(not history, file, "best_epoch", "the best epoch of the history")
        return
    for column in ("loss", metric, "val_loss", f"val_{metric}", "seconds"):
        _expect(column in history, path / "history.json", column, "present")
    curve = history[f"val_{metric}"]
    _expect(best in range(1, len(curve) + 1), file, "best_epoch", f"from 1 to {len(curve)}")
    agrees = metrics["best_validation"] == curve[best - 1]
    _expect(agrees, file, "best_validation", f"{curve[best - 1]!r} as in history.json")
    _expect(last == curve[-1], file, "last_validation", f"{curve[-1]!r} as in history.json")


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
