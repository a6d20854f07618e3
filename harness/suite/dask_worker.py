"""What a worker of a Dask cluster does: one run, by the code that came with it.

The worker need not have this project. `perform` and all that it calls are sent to it, so they may
use the standard library and Dask, and import the requirements inside of functions.
"""

import tempfile
import time
from pathlib import Path

import distributed
from distributed.core import Status

from harness.records.files import CHECKSUMS
from harness.suite.local_workers import POLL, Child, end
from harness.suite.sent_code import unpack_code


def perform(name: str, command: list[str], code: bytes, topic: str, weights: bool) -> dict | None:
    """Does one run in a process of its own, below the worker's directory.

    Args:
        name: the record's place below a results directory.
        command: what `python -m` gets, without the places.
        code: what `packed_code` made on the caller's machine.
        topic: where the caller listens to progress.
        weights: whether the trained weights are wanted, too.

    Returns:
        `seconds`; `failure`, None if there is a record; `log`, what the run printed; `files`, the
        content of the record's files by name. None if nobody waits for them any more.
    """
    worker = distributed.get_worker()
    key = worker.get_current_task()
    # If the worker dies, Dask clears its directory.
    root = unpack_code(code, Path(worker.local_directory))
    with tempfile.TemporaryDirectory(dir=worker.local_directory, prefix="run-") as folder:
        directory, log = Path(folder, "results", name), Path(folder, "log")
        places = ["--results-dir", f"{folder}/results", "--plots-dir", f"{folder}/plots"]
        worker.log_event(topic, {"key": key, "began": worker.address})
        child = Child([*command, *places], directory, log, worker.state.nthreads, root)
        try:
            while child.code() is None:
                if not _wanted(worker, key):
                    return None
                if done := child.new_epoch():
                    epoch, loss = done
                    worker.log_event(topic, {"key": key, "epoch": epoch, "loss": loss})
                time.sleep(POLL)
        finally:
            end([child])
        problem = child.failure()
        kinds = (".json", ".keras", ".npz") if weights else (".json",)
        files = [] if problem else list(directory.iterdir())
        content = {
            path.name: path.read_bytes()
            for path in files
            if path.suffix in kinds or path.name == CHECKSUMS
        }
        return {
            "seconds": child.seconds,
            "failure": problem,
            "log": log.read_bytes(),
            "files": content,
        }


def _wanted(worker: distributed.Worker, key: str) -> bool:
    """Whether somebody still waits for the task and the worker stays.

    Dask does not stop a task that has begun; it only marks it as cancelled.
    """
    task = worker.state.tasks.get(key)
    stays = worker.status not in (Status.stopping, Status.closing, Status.closed, Status.failed)
    return stays and task is not None and task.state != "cancelled"
