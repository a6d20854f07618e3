"""A module in a process of its own, which ends with this one.

A `Child` is begun as `python -m harness.processes MODULE ...` in a session of its own; a
`ForkedChild` is forked from a process that has loaded TensorFlow. What it prints goes to a log.
`wait` or `status` notice its end, of which `failure` and `last_line` tell; `send` ends it early,
with all that it has started. Its standard input is a pipe that the parent keeps open and never
writes to. When the parent ends for whatever reason, the system closes that end, and the child ends
itself and what it has started.
"""

import contextlib
import multiprocessing.context
import multiprocessing.forkserver
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.cli import say
from harness.errors import RunError

# variables that say how many threads a process computes with
THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# What a forked process finds in memory. To load it takes seconds, and starts none of its threads.
LOADED = ["tensorflow", "keras", "pandas", "scipy.stats", "sklearn.pipeline", "jinja2"]
LOADED += ["pydantic.type_adapter"]  # with all that `pydantic` loads only when it is used
BUSY = 0.3  # load a core before a timing; a build that has just ended leaves some
GPUS = ("/dev/nvidiactl", "/dev/kfd")


class Child:
    """`python -m command...` in a process that ends with this one.

    Its output goes to the file `log`, which replaces an earlier one. `variables` are added to its
    environment; `code` is the folder of the code that it runs, by default the current one; it
    shares the file descriptors `connections`.
    """

    def __init__(
        self,
        command: list[str],
        log: Path,
        variables: dict[str, str],
        code: Path | None = None,
        connections: tuple[int, ...] = (),
    ):
        self._log = log
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(b"")
            self.pid = self._start(command, variables, code, connections)
        except OSError as error:
            raise RunError(f"cannot write {log}: {error.strerror or error}.") from error

    def _start(self, command, variables, code, connections) -> int:
        with self._log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, *command],
                cwd=code,
                env=os.environ | variables,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                pass_fds=connections,
                # Ctrl-C in the terminal reaches this process alone, which passes it on
                start_new_session=True,
            )
        return self._process.pid

    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        status = self._process.poll()
        if status is not None:
            self._process.stdin.close()
        return status

    def wait(self) -> int:
        """Waits for its end; returns its exit status."""
        self._process.wait()
        return self.status()

    def failure(self) -> str | None:
        """What the exit status of an ended process says; None if it succeeded."""
        status = self.status()
        if status >= 0:
            return f"exit code {status}" if status else None
        hint = ", perhaps because memory ran out; run fewer at a time"
        said = f"ended by signal {-status} ({signal.strsignal(-status)})"
        return said + hint * (status == -signal.SIGKILL)

    def last_line(self) -> str:
        """The last line that it has printed."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process and to those that it has started."""
        if self.status() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


class ForkedChild(Child):
    """The same, forked from one process that has loaded TensorFlow and computed nothing.

    Variables that packages read when they are loaded are those of the first such process.
    """

    def _start(self, command, variables, code, connections) -> int:
        arguments = command, self._log, os.environ | variables
        self._process = forking(variables).Process(target=_become, args=arguments)
        self._process.start()
        return self._process.pid

    def status(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode


def can_fork() -> bool:
    """Whether a process that has loaded TensorFlow may be forked: on Linux, without a GPU."""
    tensorflow = os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"
    return sys.platform == "linux" and tensorflow and not any(map(os.path.exists, GPUS))


def forking(variables: dict[str, str]) -> multiprocessing.context.BaseContext:
    """Makes processes by forking one that has TensorFlow, started once with these variables."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    before = dict(os.environ)
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "2"} | variables)
    os.environ.pop("MPLBACKEND", None)  # it may name a module that is not there
    try:
        with silent_errors():
            multiprocessing.forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context


@contextlib.contextmanager
def silent_errors() -> Iterator[None]:
    """Keeps what libraries write to the error stream from the screen, unless this fails."""
    sys.stderr.flush()
    stream = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)
        try:
            yield
        except Exception:
            messages.seek(0)
            os.write(stream, messages.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)


def run_to_end(command: list[str], log: Path, variables: dict[str, str]) -> str:
    """Runs a module to its end; returns the last line that it prints, or raises it if it failed."""
    child = Child(command, log, variables)
    try:
        child.wait()
    finally:
        child.send(signal.SIGKILL)
    if child.failure():
        raise RunError(f"{command[0]}: {child.last_line() or child.failure()}")
    return child.last_line()


def answers(who: str, module: str, task: Any, variables: dict[str, str]) -> Iterator[Any]:
    """Gives a module a task in a process of its own, and yields each value that it sends back.

    The module's argument is the file descriptor of a `multiprocessing.connection.Connection`, by
    which it receives the task and sends the values. If it fails, a RunError says so of `who`.
    """
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder, ours:
        with theirs:
            shared = (theirs.fileno(),)
            command, log = [module, str(theirs.fileno())], Path(folder, "log")
            code = Path(__file__).resolve().parent.parent
            child = Child(command, log, variables, code=code, connections=shared)
        try:
            with contextlib.suppress(EOFError, OSError):  # at the end of the process
                ours.send(task)
                while True:
                    yield ours.recv()
            child.wait()
        finally:
            child.send(signal.SIGKILL)
            child.wait()
        if child.failure():
            raise RunError(f"{who} failed: {child.last_line() or child.failure()}")


def load_before_timing(cores: int) -> tuple[float, str]:
    """The machine's load, and a sentence, also printed, if others will spoil what is timed now."""
    load = round(os.getloadavg()[0], 2)
    if load <= BUSY * cores:
        return load, ""
    busy = f"The machine was busy before the timing (load {load:g}), which spoils the numbers."
    say(busy)
    return load, busy


def _become(command: list[str], log: Path, variables: dict[str, str]) -> None:
    """Makes a forked process that of a command."""
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(variables)  # and keep what packages have set when they were loaded
    _run(command, multiprocessing.parent_process().sentinel)


def _run(command: list[str], parent: int) -> None:
    """Runs a module as the program of this process, until the descriptor of the parent closes."""
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()
    sys.argv[:] = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def _end_with(parent: int) -> None:
    os.read(parent, 1)  # sys.stdin would hold its lock beyond the module's end
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    _run(sys.argv[1:], 0)
