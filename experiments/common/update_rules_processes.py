"""Runs each backend's part of the study `update-rules` in a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from harness.errors import RunError
from harness.training.environment import REPOSITORY

BACKENDS = ("tensorflow", "jax", "torch")


def installed_backends() -> list[str]:
    """The Keras backends that this Python has."""
    return [name for name in BACKENDS if importlib.util.find_spec(name)]


def measure_on(backend: str, folder: Path, task: dict) -> dict:
    """Does the task of `update_rules_backend` on one backend.

    Raises:
        RunError: it failed.
    """
    (folder / "task.json").write_text(json.dumps(task))
    variables = {
        "KERAS_BACKEND": backend,
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # JAX would take a GPU's memory from the others
    }
    command = [sys.executable, "-m", "experiments.common.update_rules_backend", str(folder)]
    sys.stdout.flush()
    done = subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | variables, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit code {done.returncode}"
        raise RunError(f"the part on {backend} failed: {last}")
    return json.loads((folder / "measured.json").read_text())
