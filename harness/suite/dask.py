"""Runs on the workers of a Dask cluster; code and records travel over the network.

Dask decides where a run goes, and repeats it elsewhere if its worker dies. Its `upload_file` gives
scheduler and workers this checkout's code, so they need no copy of it. As in every Dask cluster,
they could run whatever they like on this machine, since Dask's own messages are pickles. What a
worker sends is checked as a record before it gets a name. A scheduler that does not answer or is
lost, and a record that cannot be used, is a `RunError`.
"""

import json
import logging
import queue
import tempfile
import time
import uuid
import zipfile
from collections import deque
from pathlib import Path
from typing import NamedTuple

import distributed
from distributed.client import Future
from distributed.core import Status

from harness.errors import ElsewhereError, RunError, UserError, escaped
from harness.experiment import Plan, finished_record
from harness.records.files import CHECKSUMS, FILE, write_bytes
from harness.records.run import Lock, Run, promote
from harness.suite.progress import Display
from harness.suite.runs import POLL, WatchedRun, end, log_of, reserve
from harness.training.machine import CODE, CODE_VERSION, REPOSITORY, code_files, code_version

KINDS = (".py", ".c", ".toml", ".txt")  # suffixes of the files that runs need
SLOT = "RUN"  # Dask's resource of which a worker has one and a run takes one
PATIENCE = "10s"  # for a scheduler to answer
LOOK = 1  # seconds between two checks for new workers
START = (
    "start one where the requirements and the data are: python -m dask worker {address} "
    f"--nthreads 4 --resources {SLOT}=1"
)


# --- on this machine


class Sent(NamedTuple):
    """A run that the cluster has."""

    plan: Plan
    future: Future
    lock: Lock


def run_on_cluster(plans: list[Plan], address: str, weights: bool, display: Display) -> None:
    """Has a cluster do runs, started in this order; an exception ends those in progress.

    The address is the scheduler's, such as `tcp://scheduler:8786`; with `weights`, the trained
    weights come back with the records.
    """
    topic = f"suite-{uuid.uuid4().hex}"
    reports: queue.SimpleQueue = queue.SimpleQueue()
    with connect(address) as client:
        client.subscribe_topic(topic, lambda event: reports.put(event[1]))
        code = send_code(client)
        waiting = deque(plans)
        sent: dict[str, Sent] = {}  # by Dask's key
        idle = False
        try:
            while waiting or sent:
                # Submit no more than can be done at once. When a worker dies, Dask counts that
                # against every run it was given, and gives a run up after a few such deaths.
                ready = _ready(client)
                while waiting and len(sent) < ready:
                    plan = waiting.popleft()
                    if (lock := reserve(plan)) is None:
                        display.elsewhere(plan)
                        continue
                    key = f"{plan.name}-{uuid.uuid4().hex}"
                    task = plan.name, plan.process_arguments, code, topic, weights
                    future = client.submit(perform, *task, key=key, resources={SLOT: 1})
                    sent[key] = Sent(plan, future, lock)
                    future.add_done_callback(reports.put)
                if not ready and not idle:
                    display.say(f"waiting for workers; {START.format(address=address)}")
                idle = not ready
                try:
                    report = reports.get(timeout=LOOK)
                except queue.Empty:
                    continue
                if isinstance(report, Future):
                    _end(sent[report.key].plan, report, display)
                    sent.pop(report.key).lock.release()
                elif one := sent.get(report["key"]):  # it has not ended meanwhile
                    if "began" in report:
                        display.started(one.plan, report["began"])
                    else:
                        display.epoch_done(one.plan, report["epoch"], report["loss"])
        finally:
            if client.status == "running":
                client.cancel([one.future for one in sent.values()])
            for one in sent.values():
                one.lock.release()


def connect(address: str) -> distributed.Client:
    """A client of a scheduler; whether connections are encrypted is Dask's own configuration."""
    # It writes many lines when the scheduler is lost; `_lost` says it in one.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise RunError(
            f"no Dask scheduler answers at {address} ({error}); start one: python -m dask scheduler"
        ) from error


def send_code(client: distributed.Client) -> str:
    """Sends this code, uncommitted changes included, to all workers; returns the file's name."""
    name = f"code-{uuid.uuid4().hex}.zip"
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(Path(folder, name), "w", zipfile.ZIP_DEFLATED) as archive:
            for path in code_files(CODE, KINDS):
                archive.write(path, path.relative_to(REPOSITORY))
            archive.writestr(CODE_VERSION, json.dumps(code_version()))
        client.upload_file(str(Path(folder, name)))
    return name


def _ready(client: distributed.Client) -> int:
    """The number of workers that have a slot for a run."""
    try:
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
    except (OSError, ValueError) as error:
        raise _lost(client) from error
    return sum(worker["resources"].get(SLOT, 0) >= 1 for worker in workers)


def _lost(client: distributed.Client) -> RunError:
    return RunError(
        f"lost the scheduler {client.scheduler.address}; the records that had come back are kept, "
        "and the same command goes on with what is left."
    )


def _end(plan: Plan, future: Future, display: Display) -> None:
    """Receives the record of a run that has ended, or the reason why there is none."""
    if future.status == "error":  # such as that a few workers died while they did it
        error = future.exception()
        result = {"seconds": 0, "failure": escaped(f"{type(error).__name__}: {error}")}
        result["log"] = f"{result['failure']}\n".encode()
    elif future.status == "finished":
        result = future.result()
    else:
        raise _lost(future.client)
    write_bytes(log_of(plan), result["log"])
    failure = result["failure"]
    if failure is None:
        try:
            receive(plan, result["files"])
        except ElsewhereError:
            return display.elsewhere(plan)
        except UserError as error:
            failure = str(error)
    return display.ended(plan, result["seconds"], failure)


def receive(plan: Plan, files: dict[str, bytes]) -> None:
    """Checks a run's record that came from another machine, and gives it its name.

    Raises:
        ElsewhereError: another process is writing it.
    """
    for name in files:
        if name != CHECKSUMS and not FILE.fullmatch(name):
            raise RunError(f"{plan.name}: the worker sent '{name}', which is no file of a record.")
    directory = plan.directory
    place = Run(directory, seed=plan.seed, data_dir=None, sample=plan.sample)
    place.begin(plan.config)  # keeps other processes out, and clears what a dead one left
    try:
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".received-") as folder:
            staged = Path(folder, directory.parent.name, directory.name)
            for name, content in files.items():
                write_bytes(staged / name, content)
            finished_record(plan, staged)
            promote(staged, directory)
    finally:
        place.abandon()


# --- on a worker


def perform(name: str, command: list[str], code: str, topic: str, weights: bool) -> dict | None:
    """Does one run in a process of its own, below the worker's directory.

    Its name is the record's place below a results directory, its command lacks the places, and
    `code` is the archive that `send_code` has sent. The caller listens to `topic`. Returns None if
    nobody waits any more, else `seconds`; `failure`, None if there is a record; `log`, what the run
    printed; and `files`, the record's by name, with the trained weights if they are wanted.
    """
    worker = distributed.get_worker()
    key = worker.get_current_task()
    # If the worker dies, Dask clears its directory.
    with tempfile.TemporaryDirectory(dir=worker.local_directory, prefix="run-") as place:
        folder = Path(place)
        zipfile.ZipFile(Path(worker.local_directory, code)).extractall(folder / "code")
        directory, log = folder / "results" / name, folder / "log"
        worker.log_event(topic, {"key": key, "began": worker.address})
        threads = worker.state.nthreads
        command += ["--results-dir", str(folder / "results")]
        run = WatchedRun(command, directory, log, threads, folder / "code")
        try:
            while run.process.status() is None:
                if not _wanted(worker, key):
                    return None
                if done := run.new_epoch():
                    epoch, loss = done
                    worker.log_event(topic, {"key": key, "epoch": epoch, "loss": loss})
                time.sleep(POLL)
        finally:
            end([run.process])
        failure = run.process.failure()
        kinds = (".json", ".keras", ".npz") if weights else (".json",)
        files = {
            path.name: path.read_bytes()
            for path in ([] if failure else directory.iterdir())
            if path.suffix in kinds or path.name == CHECKSUMS
        }
        log_content = log.read_bytes()
        return {"seconds": run.seconds, "failure": failure, "log": log_content, "files": files}


def _wanted(worker: distributed.Worker, key: str) -> bool:
    """Whether a result is awaited here; Dask only marks a cancelled task that has begun."""
    task = worker.state.tasks.get(key)
    stays = worker.status not in (Status.stopping, Status.closing, Status.closed, Status.failed)
    return stays and task is not None and task.state != "cancelled"
