"""Reads data files in a process of its own that may use 20 seconds and 1.5 GB for each.

As a program (`python tests/limits.py`), it is that process: it reads lines such as
`["jena", "/tmp/file.csv"]` and answers each with `["read", "result", peak bytes]` or `["refused",
"message", peak bytes]`.
Anything else that goes wrong ends it, and thereby the test.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from commands import REPOSITORY

SECONDS = 20  # of computing: other programs may share the processor
BYTES = 1_500_000_000


class LimitedReader:
    """The other side of the process. Use it in a `with` statement."""

    def __init__(self):
        self._process = None
        self.peak_bytes = 0  # the most memory that the process has occupied

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._process:
            self._process.kill()
            self._process.communicate()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read(self, kind: str, path: Path) -> tuple[str, str]:
        """Reads a file.

        Args:
            kind: one of `READERS`.
            path: the file.

        Returns:
            "read" and what was read, or "refused" and the message of the error.

        Raises:
            AssertionError: the reader crashed, raised another error, or exceeded a limit.
        """
        if self._process is None:
            self._start()
        self._process.stdin.write(json.dumps([kind, str(path)]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            _, error = self._process.communicate()
            reasons = {-signal.SIGPROF: f"more than {SECONDS} seconds of computing"}
            reason = reasons.get(self._process.returncode, f"status {self._process.returncode}")
            self._process = None
            raise AssertionError(f"{kind} {path}: {reason}\n{error[-2000:]}")
        outcome, text, self.peak_bytes = json.loads(answer)
        return outcome, text


def refused(reader: LimitedReader, kind: str, path: Path) -> str:
    """The message with which a file is refused: one sentence or a few, safe to print."""
    outcome, message = reader.read(kind, path)
    assert outcome == "refused", message
    assert message.isprintable()
    assert len(message) < 1000
    return message


def _read_imdb(path: Path) -> str:
    from data.imdb import content_sha256

    return content_sha256(path)


def _read_jena(path: Path) -> str:
    from data.jena import read_jena

    climate = read_jena(path)
    return json.dumps([climate.quantities, climate.values[:1000].tolist()])


def _read_text(path: Path) -> str:
    from data.text import load_text

    return load_text(None, str(path)).text[:100_000]


def _read_reviews(path: Path) -> str:
    from data.imdb_rebuild import read_reviews

    return str(len(read_reviews(path, 12_500)))


READERS = {
    "imdb": _read_imdb,
    "jena": _read_jena,
    "text": _read_text,
    "reviews": _read_reviews,
}


def _serve() -> None:
    from data.errors import DataError, escaped

    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    for line in sys.stdin:
        kind, path = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # SIGPROF ends the process
        try:
            answer = ["read", READERS[kind](Path(path))]
        except DataError as error:
            answer = ["refused", escaped(str(error))]
        except MemoryError:  # of which a command says so, too
            answer = ["refused", f"{path} needs more memory"]
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps([*answer, _peak_bytes()]), flush=True)


def _peak_bytes() -> int:
    # `getrusage` would count the memory of the process that started this one
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    _serve()
