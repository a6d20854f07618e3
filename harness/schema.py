"""What a run record holds, and the checks that tables and plots rely on."""

import math
from pathlib import Path

from harness.errors import RunError

SCHEMA = 1

NUMBER = (int, float)
MAYBE_NUMBER = (int, float, type(None))
MAYBE_TEXT = (str, type(None))

# What every record must hold, and of which type. Files may hold more; readers ignore it.
FIELDS = {
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
    for name, fields in FIELDS.items():
        for field, kind in fields.items():
            if field not in parts[name]:
                raise RunError(f"{path / name}.json: field '{field}' is missing.")
            value = parts[name][field]
            kinds = kind if isinstance(kind, tuple) else (kind,)
            if type(value) not in kinds or (type(value) is float and not math.isfinite(value)):
                raise RunError(
                    f"{path / name}.json: field '{field}' has the wrong type: {value!r}."
                )
    _check_history(path / "history.json", parts["history"])
    _check_contents(path, **parts)


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


def _check_contents(
    path: Path, config: dict, environment: dict, data: dict, history: dict, metrics: dict
) -> None:
    """What the types of the fields do not say: what tables and figures rely on."""

    def expect(condition: bool, file: str, field: str, expected: str) -> None:
        if not condition:
            raise RunError(f"{path / file}.json: field '{field}' must be {expected}.")

    for file, notes in (("config", config["notes"]), ("data", data["notes"])):
        expect(all(type(note) is str for note in notes), file, "notes", "a list of sentences")
    hashes = [file.get("sha256") if type(file) is dict else None for file in data["files"]]
    expect(all(type(h) is str for h in hashes), "data", "files", "a list of files with 'sha256'")
    for field in ("dataset", "sample"):
        expect(data[field] == config[field], "data", field, f"{config[field]!r} as in config.json")
    packages = environment["packages"].values()
    expect(all(type(v) is str for v in packages), "environment", "packages", "names and versions")

    metric, reference = metrics["metric"], metrics["reference"]
    expect(metric in ("accuracy", "mae"), "metrics", "metric", "'accuracy' or 'mae'")
    numbers = [reference.get("validation"), reference.get("test")]
    whole = type(reference.get("label")) is str and all(map(_is_number, numbers))
    expect(whole, "metrics", "reference", "a label with its validation and test value")
    scale = metrics["degrees_per_unit"]
    expect(scale is None or scale > 0, "metrics", "degrees_per_unit", "positive")
    best, last = metrics["best_epoch"], metrics["last_validation"]
    if best is None:
        expect(not history, "metrics", "best_epoch", "the best epoch of the history")
        return
    for column in ("loss", metric, "val_loss", f"val_{metric}", "seconds"):
        expect(column in history, "history", column, "present")
    curve = history[f"val_{metric}"]
    expect(best in range(1, len(curve) + 1), "metrics", "best_epoch", f"from 1 to {len(curve)}")
    agrees = metrics["best_validation"] == curve[best - 1]
    expect(agrees, "metrics", "best_validation", f"{curve[best - 1]!r} as in history.json")
    expect(last == curve[-1], "metrics", "last_validation", f"{curve[-1]!r} as in history.json")
