"""Fabricates run records for the tests of tables and figures. No number here was measured."""

import base64
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.records.record import label_of
from harness.records.schema import MEASURES
from harness.records.study_outputs import Heatmap, Lines, Series, StudyOutput, Table, Text, to_json

REVIEWS = 1000
WINDOWS = {"2014-W51": 168, "2014-W52": 167, "2015-W01": 168, "2015-W02": 97}
REFERENCES = {
    "accuracy": {"label": "majority class", "validation": 0.5, "test": 0.5},
    "mae": {"label": "persistence", "validation": 0.29, "test": 0.28},
}

OUTPUTS = [  # of a study, one of each kind
    Table("Numbers", ["share", "steps"], {"a net": [0.5, None], "another": [1, 2]}),
    Lines(
        "Curves",
        "step",
        "share",
        [Series("a net", [1, 2], [0.1, None]), Series("dots", [3], [1], dots=True)],
        references={"chance": 0.125},
        log_x=True,
    ),
    Heatmap("Shades", ["n", "a"], {"top": [0.5, 1], "bottom": [0, -1]}, marks=["top", "bottom"]),
    Text("Samples", {"epoch 1": "the the"}),
]


def fabricate(
    results_dir: Path,
    experiment: str,
    *,
    seed: int = 0,
    epochs: int = 3,
    best: float = 0.85,
    metric: str = "accuracy",
    degrees_per_unit: float | None = None,
    sha256: str = "0" * 64,
    data_notes: tuple[str, ...] = (),
    facts: dict | None = None,
    config: dict | None = None,
    environment: dict | None = None,
    metrics: dict | None = None,
    predictions: bool = False,
) -> Path:
    """Writes one complete, made-up record and returns its directory.

    Args:
        results_dir: folder that receives `<experiment>[+variant]/seed-<k>/`.
        experiment: name; the part before the first dash is the data set.
        epochs: length of the history; 0 for a baseline without epochs.
        best: best validation value; the other metrics are derived from it.
        config, environment, metrics: fields that replace the made-up ones.
        predictions: whether it keeps predictions that give its metrics.
    """
    dataset = experiment.partition("-")[0]
    worse = -0.01 if metric == "accuracy" else 0.01
    history = _history(metric, epochs, best, worse)
    last = history[f"val_{metric}"][-1] if epochs else best
    dataset = (config or {}).get("dataset", dataset)
    own = {
        "title": experiment.partition("-")[2].upper(),
        "dataset": dataset,
        "role": "network" if epochs else "baseline",
        "protocol": {"epochs": epochs},
    }
    measured = {
        "metric": metric,
        "parameters": 1234 if epochs else None,
        "best_epoch": _best_epoch(epochs) if epochs else None,
        "best_validation": best,
        "last_validation": last,
        "test_at_best": max(best + worse / 2, 0.0),
        "test_at_end": max(best + 2 * worse, 0.0),
        "wall_seconds": 10.0 * epochs,
        "seconds_per_epoch": 10.0 if epochs else None,
        "degrees_per_unit": degrees_per_unit,
        "reference": REFERENCES[metric],
    }
    measured |= metrics or {}
    file = {"name": "made-up", "sha256": sha256, "bytes": 1, "published": False}
    kept = {"predictions": _predictions(measured, seed)} if predictions else {}
    return _write(
        results_dir,
        config=_config(experiment, seed) | own | (config or {}),
        environment=_environment(seed, "tensorflow" if epochs else "none") | (environment or {}),
        data={"dataset": dataset, "files": [file], "facts": facts or {}, "notes": list(data_notes)},
        history=history,
        metrics=measured,
        **kept,
    )


def fabricate_study(
    results_dir: Path,
    experiment: str,
    *,
    seed: int = 0,
    outputs: Sequence[StudyOutput],
    config: dict | None = None,
    environment: dict | None = None,
) -> Path:
    """Writes one complete, made-up record of a study and returns its directory.

    Args:
        results_dir: folder that receives `<experiment>[+variant]/seed-<k>/`.
        experiment: name.
        outputs: what the study shows.
        config, environment: fields that replace the made-up ones.
    """
    own = {
        "title": experiment.replace("-", " ").capitalize(),
        "dataset": "made",
        "role": "study",
        "protocol": {"steps": 3},
    }
    return _write(
        results_dir,
        config=_config(experiment, seed) | own | (config or {}),
        environment=_environment(seed, "tensorflow") | (environment or {}),
        data={"dataset": "made", "files": [], "facts": {}, "notes": ["Made-up numbers."]},
        history={},
        metrics={"wall_seconds": 90.0},
        outputs={"outputs": [to_json(output) for output in outputs]},
    )


def _config(experiment: str, seed: int) -> dict:
    """What the configurations of all kinds of record have in common."""
    return {
        "schema": 1,
        "experiment": experiment,
        "variant": {},
        "seed": seed,
        "sample": False,
        "deterministic": False,
        "notes": [],
    }


def _environment(seed: int, backend: str) -> dict:
    return {
        "started": f"2020-01-0{1 + seed}T00:00:00+00:00",
        "command": "python -m fabricated",
        "python": "3.11.0",
        "platform": "fabricated",
        "cpu": "fabricated",
        "cores": 1,
        "threads": 1,
        "packages": {"keras": "3.15.0", "tensorflow": "2.21.0"},
        "backend": backend,
        "device": "CPU: fabricated",
        "commit": "c" * 40,
        "dirty": False,
    }


def _write(results_dir: Path, **parts: dict) -> Path:
    """Writes the files of a record into the folder of its name."""
    config = parts["config"]
    parts["data"]["sample"] = config["sample"]
    folder = results_dir / label_of(config["experiment"], config["variant"])
    path = folder / f"seed-{config['seed']}"
    path.mkdir(parents=True)
    for name, content in parts.items():
        (path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return path


def packed(right: Sequence[bool]) -> dict:
    """Which reviews are right, in the form of `predictions.json`."""
    bits = np.packbits(np.array(right, bool))
    return {"right": base64.b64encode(bits.tobytes()).decode(), "count": len(right)}


def _predictions(metrics: dict, seed: int) -> dict:
    """Samples that give the metrics: so many reviews at random, or weeks that differ a little."""
    content = {"best": {}, "last": {}}
    for (epoch, split), measure in MEASURES.items():
        value = metrics[measure]
        if metrics["metric"] == "accuracy":
            right = set(random.Random(seed).sample(range(REVIEWS), round(value * REVIEWS)))
            samples = packed([review in right for review in range(REVIEWS)])
        else:
            windows = list(WINDOWS.values())
            shares = [0.9, 1.1, 1.2, 0.8 + seed / 10]
            scale = value * sum(windows) / sum(map(math.prod, zip(shares, windows, strict=True)))
            sums = [scale * s * n for s, n in zip(shares, windows, strict=True)]
            samples = {"weeks": list(WINDOWS), "absolute_error_sum": sums, "windows": windows}
        content[epoch][split] = samples
    return content


def _best_epoch(epochs: int) -> int:
    return math.ceil(epochs / 2)


def _history(metric: str, epochs: int, best: float, worse: float) -> dict:
    """Training improves throughout; validation is best in the middle and as stated at the end."""
    if not epochs:
        return {}
    peak = _best_epoch(epochs)
    slope = 1 / max(epochs - peak, 1)
    validation = [
        max(best + worse * (8 * (peak - e) / peak if e < peak else slope * (e - peak)), 0.0)
        for e in range(1, epochs + 1)
    ]
    training = [best + worse * (9 / e - 4) for e in range(1, epochs + 1)]
    history = {metric: training, f"val_{metric}": validation}
    if metric == "mae":
        history |= {"loss": training, "val_loss": validation}
    else:
        history |= {
            metric: [min(max(value, 0.0), 1.0) for value in training],
            "loss": [1.2 - value for value in training],
            "val_loss": [1.2 - value for value in validation],
        }
    return history | {"seconds": [10.0] * epochs}
