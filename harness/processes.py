"""A module in a process of its own, which ends with this one.

As a program, `python -m harness.processes MODULE ...` is such a process. Its standard input is a
pipe that the parent keeps open and never writes to. When the parent ends for whatever reason, the
system closes that end, and the process ends with all that it has started.
"""

import contextlib
import multiprocessing.context
import os
import runpy
import signal
import subprocess
import sys
import threading
from pathlib import Path

from harness.errors import RunError

# variables that say how many threads a process computes with
THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# What a forked process finds in memory. To load it takes seconds, and starts none of its threads.
LOADED = ["tensorflow", "keras", "pandas", "scipy.stats", "sklearn.pipeline", "jinja2"]
LOADED += ["pydantic.type_adapter"]  # with all that `pydantic` loads only when it is used
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
        self._memory_kills, self._log = memory_kills(), log
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

    def code(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        code = self._process.poll()
        if code is not None:
            self._process.stdin.close()
        return code

    def wait(self) -> int:
        """Waits for its end; returns its exit status."""
        self._process.wait()
        return self.code()

    def failure(self) -> str | None:
        """What the exit status of an ended process says; None if it succeeded."""
        code = self.code()
        if code >= 0:
            return f"exit code {code}" if code else None
        if code == -signal.SIGKILL and memory_kills() > self._memory_kills:
            return "killed for memory: the system had no more; let fewer runs go at a time"
        try:
            return f"ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"ended by signal {-code}"

    def last_line(self) -> str:
        """The last line that it has printed."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process and to those that it has started."""
        if self.code() is None:
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

    def code(self) -> int | None:
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
    from multiprocessing import forkserver  # which Windows does not have

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    before, errors = dict(os.environ), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "2"} | variables)
    os.environ.pop("MPLBACKEND", None)  # it may name a module that is not there
    os.dup2(nowhere, 2)  # for what TensorFlow prints when it is loaded
    try:
        forkserver.ensure_running()
    finally:
        os.dup2(errors, 2)
        os.environ.clear()
        os.environ.update(before)
        os.close(nowhere)
        os.close(errors)
    return context


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


def memory_kills() -> int:
    """How many processes Linux has killed for want of memory; 0 on other systems."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


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
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    _run(sys.argv[1:], 0)
