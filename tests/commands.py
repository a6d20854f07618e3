"""Runs the project's commands: in this process, or in one of their own as a user does."""

import contextlib
import io
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.processes import can_fork, forking

REPOSITORY = Path(__file__).resolve().parent.parent
SECONDS = 300  # after which a command has failed
# In the tests' own process, XLA compiles in two thirds of the time; in a command, as for a user.
QUICK = ("XLA_FLAGS", "--xla_backend_optimization_level=0")
# A command's variables are those of the tests before TensorFlow adds its own, without real data.
VARIABLES = dict(one for one in os.environ.items() if one[0] != "RNN_DATA_DIR" and one != QUICK)
os.environ.setdefault(*QUICK)  # and a worker of pytest-xdist finds it set


def words(page: str) -> str:
    """A page with its lines joined."""
    return " ".join((REPOSITORY / page).read_text("utf-8").split())


def places(folder: Path) -> list:
    """Options that send results and plots below a folder of the test's own."""
    return ["--results-dir", folder / "results", "--plots-dir", folder / "plots"]


def call(main: Callable, *arguments: object) -> subprocess.CompletedProcess:
    """Calls the `main` of a command in this process; what it returns is as of a process."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = main(list(map(str, arguments))) or 0
        except SystemExit as stop:
            status = stop.code
    return subprocess.CompletedProcess(arguments, status, output.getvalue(), errors.getvalue())


def run(module: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Runs `python -m module arguments...` in the repository's root and captures what it prints.

    A command with variables of its own starts anew. Any other is forked, where that is possible,
    from a process that has loaded large packages.

    Args:
        module: name of the module.
        arguments: its command-line arguments.
        environment: variables that are set for the command alone; RNN_DATA_DIR is unset.

    Raises:
        TimeoutExpired: the command took too long.
    """
    variables, words = VARIABLES | environment, [module, *map(str, arguments)]
    if set(environment) - {"RNN_DATA_DIR"} or not can_fork():
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=REPOSITORY,
            env=variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    with tempfile.TemporaryDirectory() as folder:
        process = forking({}).Process(target=_become, args=(words, variables, folder))
        process.start()
        process.join()
        output, errors = (Path(folder, name).read_text("utf-8", "replace") for name in "12")
    if process.exitcode == -signal.SIGALRM:
        raise subprocess.TimeoutExpired(words, SECONDS, output, errors)
    return subprocess.CompletedProcess(words, process.exitcode, output, errors)


def _become(command: list[str], variables: dict[str, str], folder: str) -> None:
    """Makes a forked process that of a command, whose output goes to the files 1 and 2."""
    os.setsid()
    for number in (1, 2):
        os.dup2(os.open(f"{folder}/{number}", os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(REPOSITORY)
    signal.alarm(SECONDS)  # SIGALRM ends the process
    sys.argv[:] = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
