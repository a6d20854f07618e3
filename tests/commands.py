"""Runs the project's commands as a user does: in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def places(folder: Path) -> list:
    """Options that send results and plots below a folder of the test's own."""
    return ["--results-dir", folder / "results", "--plots-dir", folder / "plots"]


def run(module: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Runs `python -m module arguments...` in the repository's root and captures what it prints.

    Args:
        module: name of the module.
        arguments: its command-line arguments.
        environment: variables that are set for the command alone; RNN_DATA_DIR is unset.
    """
    variables = {k: v for k, v in os.environ.items() if k != "RNN_DATA_DIR"} | environment
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=REPOSITORY,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
