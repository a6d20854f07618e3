"""Runs command lines that may each use 10 seconds of a processor and 1.5 GB.

As a program, it is the process that they are forked from (see `forked`). Root's privileges are
given up: a closed folder is closed.
"""

import contextlib
import ctypes
import os
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from forked import LOADED, REPOSITORY, ForkServer, serve
from limits import SECONDS

# No command reaches the network: nobody listens at this address.
NOWHERE = "http://127.0.0.1:9"
# What takes long to load, of this project too; no module that is run, nor an experiment
ALL_LOADED = (
    *LOADED,
    "data.download",
    "harness.reporting.figures.draw",
    "harness.reporting.report.write",
    "harness.reporting.tables.write",
    "harness.suite.plan",
    "harness.suite.progress",
)
LONGEST = 40  # seconds, for a suite, whose runs compute in processes of their own
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
        self._server = ForkServer(__file__, os.environ | blocked | settings)
        return self

    def __exit__(self, *error):
        self._server.close()

    def run(self, module: str, arguments: list[str], folder: Path) -> Ended:
        """Runs `python -m module arguments...` in a folder, whose subfolder `data` has the data."""
        return Ended(*self._server.run(module, arguments, folder=str(folder)))


def _become(task: dict) -> None:
    folder = Path(task["folder"])
    os.chdir(folder)
    os.environ["RNN_DATA_DIR"] = str(folder / "data")
    os.environ["KERAS_HOME"] = str(folder / "keras")
    os.environ["HOME"] = str(folder / "home")
    sys.modules["data.download"].ATTEMPTS = 1
    with contextlib.suppress(AttributeError):  # Linux has it; the numbers say: none of them
        ctypes.CDLL(None).capset(struct.pack("Ii", 0x20080522, 0), bytes(24))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # SIGPROF ends the process
    if task["module"] == "harness.suite":
        signal.alarm(LONGEST)  # so does SIGALRM


if __name__ == "__main__":
    serve(ALL_LOADED, _become)
