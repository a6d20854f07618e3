"""Fabricates run records for the tests of tables and figures. No number here was measured."""

import json
import math
from pathlib import Path

from harness.record import label

REFERENCES = {
    "accuracy": {"label": "majority class", "validation": 0.5, "test": 0.5},
    "mae": {"label": "persistence", "validation": 0.29, "test": 0.28},
}


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
    config: dict | None = None,
    environment: dict | None = None,
    metrics: dict | None = None,
) -> Path:
    """Writes one complete, made-up record and returns its directory.

    Args:
        results_dir: folder that receives `<experiment>[+variant]/seed-<k>/`.
        experiment: name; the part before the first dash is the data set.
        epochs: length of the history; 0 for a baseline without epochs.
        best: best validation value; the other metrics are derived from it.
        config, environment, metrics: fields that replace the made-up ones.
    """
    dataset = experiment.partition("-")[0]
    worse = -0.01 if metric == "accuracy" else 0.01
    history = _history(metric, epochs, best, worse)
    last = history[f"val_{metric}"][-1] if epochs else best
    parts = {
        "config": {
            "schema": 1,
            "experiment": experiment,
            "title": experiment.partition("-")[2].upper(),
            "dataset": dataset,
            "role": "network" if epochs else "baseline",
            "variant": {},
            "protocol": {"epochs": epochs},
            "seed": seed,
            "sample": False,
            "deterministic": False,
            "notes": [],
        }
        | (config or {}),
        "environment": {
            "started": f"2020-01-0{1 + seed}T00:00:00+00:00",
            "command": "python -m fabricated",
            "python": "3.11.0",
            "platform": "fabricated",
            "cpu": "fabricated",
            "cores": 1,
            "threads": 1,
            "packages": {"keras": "3.15.0", "tensorflow": "2.21.0"},
            "backend": "tensorflow" if epochs else "none",
            "device": "CPU: fabricated",
            "commit": "c" * 40,
            "dirty": False,
        }
        | (environment or {}),
        "history": history,
        "metrics": {
            "metric": metric,
            "parameters": 1234 if epochs else None,
            "best_epoch": _best_epoch(epochs) if epochs else None,
            "best_validation": best,
            "last_validation": last,
            "test_at_best": best + worse / 2,
            "test_at_end": best + 2 * worse,
            "wall_seconds": 10.0 * epochs,
            "seconds_per_epoch": 10.0 if epochs else None,
            "degrees_per_unit": degrees_per_unit,
            "reference": REFERENCES[metric],
        }
        | (metrics or {}),
    }
    parts["data"] = {
        "dataset": dataset,
        "sample": parts["config"]["sample"],
        "files": [{"name": "made-up", "sha256": sha256, "bytes": 1, "published": False}],
        "facts": {},
        "notes": list(data_notes),
    }
    path = results_dir / label(experiment, parts["config"]["variant"]) / f"seed-{seed}"
    path.mkdir(parents=True)
    for name, content in parts.items():
        (path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return path


def _best_epoch(epochs: int) -> int:
    return math.ceil(epochs / 2)


def _history(metric: str, epochs: int, best: float, worse: float) -> dict:
    """Training improves throughout; validation is best in the middle and as stated at the end."""
    if not epochs:
        return {}
    peak = _best_epoch(epochs)
    slope = 1 / max(epochs - peak, 1)
    validation = [
        best + worse * (8 * (peak - e) / peak if e < peak else slope * (e - peak))
        for e in range(1, epochs + 1)
    ]
    training = [best + worse * (9 / e - 4) for e in range(1, epochs + 1)]
    history = {metric: training, f"val_{metric}": validation}
    if metric == "mae":
        history |= {"loss": training, "val_loss": validation}
    else:
        history |= {
            "loss": [1.2 - value for value in training],
            "val_loss": [1.2 - value for value in validation],
        }
    return history | {"seconds": [10.0] * epochs}
