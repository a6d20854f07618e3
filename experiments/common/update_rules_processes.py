"""Runs each Keras's and backend's part of the study `update-rules` in a process of its own."""

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from experiments.originals.install import VERSIONS, installed, place_of
from experiments.originals.original import carry_out
from harness.errors import RunError
from harness.training.machine import REPOSITORY

BACKENDS = ("tensorflow", "jax", "torch")
TF_KERAS = "tf_keras"


def installed_backends() -> list[str]:
    """The Keras backends that this Python has."""
    return [name for name in BACKENDS if importlib.util.find_spec(name)]


def not_installed() -> list[str]:
    """The optional packages that the study has no rows of."""
    return [name for name in (*BACKENDS, TF_KERAS) if not importlib.util.find_spec(name)]


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
    _run("update_rules_backend", folder, f"on {backend}", env=os.environ | variables)
    return json.loads((folder / "measured.json").read_text())


def measure_versions(learning_rate: float, install: bool) -> tuple[dict, list[str]]:
    """Takes the steps of the example by RMSprop and Adam of Keras before 3, as far as it is there.

    Args:
        learning_rate: step size.
        install: whether to install those that are missing, which needs a package index once.

    Returns:
        The weights after each step by version and optimizer, and a sentence for each old Keras that
        cannot be had.
    """
    measured, absent = {}, []
    for version in VERSIONS:
        task = {"keras": version, "seed": 0, "floatx": "float32"}
        if not (install or place_of(version).exists()):
            absent.append(f"Keras {version} has no row here: it is not installed.")
            continue
        try:
            task |= {"wheels": str(installed(version)), "example": {"learning_rate": learning_rate}}
            with tempfile.TemporaryDirectory() as folder:
                measured[f"Keras {version}"] = carry_out(task, {}, Path(folder))
        except RunError as error:
            absent.append(f"Keras {version} has no row here: {error}")
    if importlib.util.find_spec(TF_KERAS):
        module = "update_rules_tf_keras"
        printed = _run(module, learning_rate, f"on {TF_KERAS}", stdout=subprocess.PIPE)
        measured |= json.loads(printed)
    return measured, absent


def measured_today(measured: dict) -> dict:
    """What today's Keras did in the example, likewise, out of what `measure_on` returned."""
    version = importlib.metadata.version("keras")
    return {
        f"Keras {version}, {backend}": {
            "RMSprop": found["examples"]["rmsprop"],
            "Adam": found["examples"]["adam"],
        }
        for backend, found in measured.items()
    }


def _run(module: str, argument, where: str, **options) -> bytes | None:
    """Runs a module of this package; returns what it printed, if the options ask for it.

    Raises:
        RunError: it failed.
    """
    command = [sys.executable, "-m", f"experiments.common.{module}", str(argument)]
    sys.stdout.flush()
    done = subprocess.run(command, cwd=REPOSITORY, stderr=subprocess.PIPE, check=False, **options)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit code {done.returncode}"
        raise RunError(f"the part {where} failed: {last}")
    return done.stdout
