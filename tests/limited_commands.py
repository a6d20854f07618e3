"""Runs command lines that may each use 10 seconds of a processor and 1.5 GB.

As a program (`python tests/limited_commands.py`), it loads Keras and the other large packages once.
It then reads lines such as `["experiments", ["jena-gru", "--units", "3"], "/tmp/folder"]`, runs
each in a process forked for it, in that folder, and answers `[exit status, peak bytes]`. What the
command prints goes to the files `stdout` and `stderr` of that folder. Root's privileges are given
up: a closed folder is closed.
"""

import contextlib
import ctypes
import importlib
import json
import os
import runpy
import signal
import struct
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from commands import REPOSITORY
from limits import SECONDS

# No command reaches the network: nobody listens at this address.
NOWHERE = "http://127.0.0.1:9"
# What takes long to load; no module that is run, nor an experiment
LOADED = (
    "tensorflow",
    "keras",
    "sklearn.linear_model",
    "data.download",
    "harness.reporting.figures.comparison_figure",
    "harness.reporting.figures.draw",
    "harness.reporting.report.write",
    "harness.reporting.tables.write",
    "harness.suite.plan",
    "harness.suite.progress",
)
WAIT = "300ms"  # for a Dask scheduler that does not answer


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int  # negative for a signal
    output: str
    errors: str
    bytes: int  # the most memory that it occupied, with what had been loaded before


class LimitedCommands:
    """The other side of the process. Use it in a `with` statement."""

    def __enter__(self):
        blocked = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), NOWHERE)
        settings = {
            "PYTHONPATH": str(REPOSITORY),
            "OPENBLAS_NUM_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": WAIT,
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=os.environ | blocked | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *error):
        self._process.kill()
        self._process.communicate()

    def run(self, module: str, arguments: list[str], folder: Path) -> Ended:
        """Runs `python -m module arguments...` in a folder, whose subfolder `data` has the data."""
        self._process.stdin.write(json.dumps([module, arguments, str(folder)]) + "\n")
        self._process.stdin.flush()
        status, most = json.loads(self._process.stdout.readline())
        said = ((folder / name).read_text("utf-8", "replace") for name in ("stdout", "stderr"))
        return Ended(status, *said, most)


def _serve() -> None:
    for module in LOADED:
        importlib.import_module(module)
    sys.modules["data.download"].ATTEMPTS = 1
    for line in sys.stdin:
        module, arguments, folder = json.loads(line)
        process = os.fork()
        if process == 0:
            _become(module, arguments, Path(folder))
        _, status, usage = os.wait4(process, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)  # what it has started
        ended = [os.waitstatus_to_exitcode(status), 1024 * usage.ru_maxrss]
        print(json.dumps(ended), flush=True)


def _become(module: str, arguments: list[str], folder: Path) -> None:
    """Turns this process into the command."""
    os.setpgid(0, 0)
    os.chdir(folder)
    os.environ["RNN_DATA_DIR"] = str(folder / "data")
    os.environ["KERAS_HOME"] = str(folder / "keras")
    os.environ["HOME"] = str(folder / "home")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    with contextlib.suppress(AttributeError):  # Linux has it; the numbers say: none of them
        ctypes.CDLL(None).capset(struct.pack("Ii", 0x20080522, 0), bytes(24))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # SIGPROF ends the process
    sys.argv = [module, *arguments]
    status = 1
    sys.modules.pop(module, None)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code or 0
        if isinstance(status, str):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    _serve()
