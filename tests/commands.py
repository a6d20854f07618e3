"""Runs the project's commands as a user does: in processes of their own."""

import atexit
import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

from forked import REPOSITORY, ForkServer

SECONDS = 300  # after which a command has failed
# A command's variables are those of the tests before TensorFlow adds its own, without real data.
VARIABLES = {name: value for name, value in os.environ.items() if name != "RNN_DATA_DIR"}


def places(folder: Path) -> list:
    """Options that send results and plots below a folder of the test's own."""
    return ["--results-dir", folder / "results", "--plots-dir", folder / "plots"]


def run(module: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Runs `python -m module arguments...` in the repository's root and captures what it prints.

    A command with variables of its own starts anew. On Linux, any other finds large packages
    loaded; elsewhere, forking a process that has threads is not safe.

    Args:
        module: name of the module.
        arguments: its command-line arguments.
        environment: variables that are set for the command alone; RNN_DATA_DIR is unset.

    Raises:
        TimeoutExpired: the command took too long.
    """
    variables, words = VARIABLES | environment, [*map(str, arguments)]
    if set(environment) - {"RNN_DATA_DIR"} or sys.platform != "linux":
        return subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=REPOSITORY,
            env=variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    task = {"folder": str(REPOSITORY), "environment": variables, "seconds": SECONDS}
    status, output, errors, _ = _server().run(module, words, **task)
    if status == -signal.SIGALRM:
        raise subprocess.TimeoutExpired([module, *words], SECONDS, output, errors)
    return subprocess.CompletedProcess([module, *words], status, output, errors)


@functools.cache
def _server() -> ForkServer:
    """The one process that this process forks its commands from."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "2"}  # as the commands set it before they load TensorFlow
    server = ForkServer("tests/forked.py", VARIABLES | quiet)
    atexit.register(server.close)
    return server
