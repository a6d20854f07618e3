"""Keeps a run to one suite: two suites may work on one results directory at the same time."""

import os

from harness.errors import RunError
from harness.experiment import RunConfiguration
from harness.records.lock import Lock
from harness.suite.plan import log_of


def claim(run: RunConfiguration) -> Lock | None:
    """The right to do a run and to write its log; the system takes it back if this process dies.

    Returns:
        A lock to be released after the run; None if another process does the run, or did it after
        this suite was planned.

    Raises:
        RunError: the folder of the logs cannot be written.
    """
    log = log_of(run)
    lock = Lock(log)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire():
            return None
    except OSError as error:
        raise RunError(f"cannot write {log}: {error.strerror or error}.") from error
    if os.path.exists(run.directory) and not run.force:
        lock.release()
        return None
    return lock
