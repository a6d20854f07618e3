"""Commands in processes forked from one that has loaded the large packages, which takes seconds.

As a program (`python tests/forked.py`), it is that process. It reads a task a line, such as
`{"module": "experiments", "arguments": ["jena-gru"], "folder": "/tmp/folder", ...}`, forks a
process that becomes the command, and answers `[exit status, peak bytes]` when that has ended. The
project's own modules are loaded by each command; what it finds in memory are other packages.
"""

import atexit
import contextlib
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

REPOSITORY = Path(__file__).resolve().parent.parent
LOADED = (
    "jinja2",
    "keras",
    "matplotlib.backends.backend_agg",
    "pandas",
    "pydantic",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "tensorflow",
)


class ForkServer:
    """The other side of such a process.

    Args:
        program: the file to be run as a program.
        environment: the process's variables.
    """

    def __init__(self, program: str, environment: dict[str, str]):
        # TensorFlow writes to it, too, when it is loaded; `close` closes it
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, program],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def run(self, module: str, arguments: list[str], **task: object) -> tuple[int, str, str, int]:
        """Runs `python -m module arguments...`; `task` has what the program's `become` reads.

        Returns:
            Exit status, negative for a signal; standard output; standard error; the most memory
            that the process occupied, in bytes, with what had been loaded before.

        Raises:
            RuntimeError: the process that forks is gone; with what it wrote last.
        """
        with tempfile.TemporaryDirectory() as outputs:
            task |= {"module": module, "arguments": arguments, "outputs": outputs}
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(task) + "\n")
                self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                self._errors.seek(0)
                raise RuntimeError(f"{self._process.args} ended: {self._errors.read()[-2000:]}")
            status, most = json.loads(answer)
            out, err = (Path(outputs, name).read_text("utf-8", "replace") for name in ("1", "2"))
        return status, out, err, most

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):  # a task that was never read
            self._process.communicate()
        self._errors.close()


def serve(loaded: tuple[str, ...], become: Callable[[dict], None]) -> None:
    """Answers tasks until there are no more.

    Args:
        loaded: modules that the commands find in memory.
        become: prepares a forked process for its task.
    """
    for name in loaded:
        importlib.import_module(name)
    for line in sys.stdin:
        task = json.loads(line)
        process = os.fork()
        if process == 0:
            os.setpgid(0, 0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number in (1, 2):
                os.dup2(os.open(f"{task['outputs']}/{number}", os.O_WRONLY | os.O_CREAT), number)
            become(task)
            _run(task["module"], task["arguments"])
        _, status, usage = os.wait4(process, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)  # what it has started
        answer = [os.waitstatus_to_exitcode(status), 1024 * usage.ru_maxrss]
        print(json.dumps(answer), flush=True)


def _run(module: str, arguments: list[str]) -> NoReturn:
    """Runs a module as the program of this process, and ends the process."""
    sys.argv = [module, *arguments]
    sys.modules.pop(module, None)
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code or 0
        if isinstance(status, str):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)  # to take down what is loaded would take long


def _become(task: dict) -> None:
    os.environ.clear()
    os.environ.update(task["environment"])
    sys.path[0] = task["folder"]
    os.chdir(task["folder"])
    signal.alarm(task["seconds"])  # SIGALRM ends the process


if __name__ == "__main__":
    serve(LOADED, _become)
