"""Runs on the workers of a Dask cluster; records come back without a shared file system.

Dask decides where a run goes, and repeats it elsewhere if its worker dies. It sends a command to
the worker and gets the record's files. The worker runs its own checkout of the code, which must be
the same as the caller's.
"""

import asyncio
import logging
import queue
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import distributed
from distributed.client import Future
from distributed.core import Status

from data.errors import DataError
from harness.errors import RunError
from harness.experiment import RunConfiguration, finished_record
from harness.records.files import write_bytes
from harness.records.record import put_in_place
from harness.records.run import Run
from harness.suite.local_workers import (
    POLL,
    Child,
    Ended,
    EpochDone,
    Event,
    Message,
    Started,
    end,
    failure,
)
from harness.suite.plan import log_of
from harness.training.environment import code_digest, code_version

SLOT = "RUN"  # Dask's resource of which a worker has one and a run takes one
PATIENCE = "10s"  # for a scheduler to answer
LOOK = 1  # seconds between two checks for new workers
START = (
    "in a checkout of the same code: python -m dask worker {address} --nthreads 4 "
    f"--resources {SLOT}=1"
)


@dataclass(frozen=True)
class Code:
    """The code that a process runs: its commit, and the hash of its files as they are now."""

    commit: str | None
    digest: str

    @classmethod
    def here(cls) -> "Code":
        """The code of this checkout; changes that are not committed alter the hash alone."""
        return cls(code_version()[0], code_digest())

    def difference(self, here: "Code") -> str | None:
        """Why a run of this code cannot be done with the code `here`; None if it can."""
        if here == self:
            return None
        if here.commit != self.commit:
            return f"its code is of commit {here.commit}, not {self.commit}"
        return f"its code differs from commit {self.commit} otherwise than the caller's"


@dataclass(frozen=True)
class Result:
    """What comes back from a worker: the record's files if there is no failure."""

    seconds: float
    failure: str | None
    log: bytes
    files: dict[str, bytes] = field(default_factory=dict)


# --- on the caller's side


def run_on_cluster(runs: list[RunConfiguration], address: str) -> Iterator[Event]:
    """Has a cluster do runs; closing the generator ends those in progress.

    Args:
        runs: in the order in which they are to start.
        address: the scheduler's, such as `tcp://scheduler:8786`.

    Raises:
        RunError: no scheduler answers, it is lost, or no worker has the same code.
    """
    code = Code.here()
    topic = f"suite-{uuid.uuid4().hex}"
    reports: queue.SimpleQueue = queue.SimpleQueue()
    with _connect(address) as client:
        client.subscribe_topic(topic, lambda event: reports.put(event[1]))
        yield from map(Message, _admit(client, code, address))
        waiting = deque(runs)
        sent: dict[str, tuple[RunConfiguration, Future]] = {}  # by Dask's key
        idle = False
        try:
            while waiting or sent:
                # Submit no more than can be done at once. When a worker dies, Dask counts that
                # against every run it was given, and gives a run up after a few such deaths.
                ready = _ready(client)
                while waiting and len(sent) < ready:
                    run = waiting.popleft()
                    key = f"{run.name}-{uuid.uuid4().hex}"
                    task = run.name, run.process_arguments, code, topic
                    future = client.submit(perform, *task, key=key, resources={SLOT: 1})
                    sent[key] = run, future
                    future.add_done_callback(reports.put)
                if not ready and not idle:
                    yield Message(f"waiting for workers; start one {START.format(address=address)}")
                idle = not ready
                try:
                    item = reports.get(timeout=LOOK)
                except queue.Empty:
                    continue
                if isinstance(item, Future):
                    run, future = sent.pop(item.key)
                    yield _outcome(run, future)
                elif "left out" in item:
                    yield Message(item["left out"])
                elif item["key"] in sent:
                    yield _progress(sent[item["key"]][0], item)
        finally:
            if client.status == "running":
                client.cancel([future for _, future in sent.values()])


def _connect(address: str) -> distributed.Client:
    # It writes many lines when the scheduler is lost; `_lost` says it in one.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RunError(
            f"no Dask scheduler answers at {address} ({error}); start one: python -m dask scheduler"
        ) from error


def _admit(client: distributed.Client, code: Code, address: str) -> list[str]:
    """Lets the workers with the same code take part, and no others.

    Returns:
        A sentence for each worker that is left out.

    Raises:
        RunError: there are workers, and none of them can take part.
    """
    start = START.format(address=address)
    able = [
        worker
        for worker, state in client.scheduler_info()["workers"].items()
        if SLOT in state["resources"]
    ]
    answers = client.run(admit, code, workers=able, on_error="return") if able else {}
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            raise RunError(f"{worker} cannot run this code ({answer}); start it {start}")
    left_out = [
        f"{worker} is left out: {answer}; start it {start}"
        for worker, answer in answers.items()
        if answer is not None
    ]
    if left_out and len(left_out) == len(able):
        raise RunError("no worker of the cluster can take part.\n" + "\n".join(left_out))
    return left_out


def _ready(client: distributed.Client) -> int:
    """Number of workers that can do a run.

    Raises:
        RunError: the scheduler is lost.
    """
    try:
        workers = client.scheduler_info()["workers"].values()
    except (OSError, ValueError) as error:
        raise _lost(client) from error
    return sum(worker["resources"].get(SLOT, 0) >= 1 for worker in workers)


def _lost(client: distributed.Client) -> RunError:
    return RunError(
        f"lost the scheduler {client.scheduler.address}; the records that had come back are kept, "
        "and the same command goes on with what is left."
    )


def _progress(run: RunConfiguration, item: dict) -> Event:
    """A worker's report on its run, as an event."""
    if "began" in item:
        return Started(run, item["began"])
    return EpochDone(run, item["epoch"], item["loss"])


def _outcome(run: RunConfiguration, future: Future) -> Ended:
    """Receives the record of a run, or the reason why there is none.

    Raises:
        RunError: the scheduler is lost.
    """
    if future.status == "error":
        error = future.exception()
        result = Result(0, f"{type(error).__name__}: {error}", str(error).encode())
    elif future.status == "finished":
        result = future.result()
    else:
        raise _lost(future.client)
    write_bytes(log_of(run), result.log)
    if result.failure is None:
        try:
            receive(run, result.files)
        except (RunError, DataError) as error:
            return Ended(run, result.seconds, str(error))
    return Ended(run, result.seconds, result.failure)


def receive(run: RunConfiguration, files: dict[str, bytes]) -> None:
    """Checks a record that came from another machine, and gives it its name.

    Args:
        run: the run that it must be of.
        files: the content of the record's files by their names.

    Raises:
        RunError: the record is damaged or of another run, or it cannot be written.
    """
    directory = run.directory
    place = Run(directory, seed=run.seed, data_dir=None, sample=run.sample)
    place.begin(run.config)  # keeps other processes out, and clears what a dead one left
    try:
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".received-") as folder:
            staged = Path(folder, directory.parent.name, directory.name)
            for name, content in files.items():
                write_bytes(staged / name, content)
            finished_record(run, staged)
            put_in_place(staged, directory)
    finally:
        place.abandon()


# --- on the workers' side


async def admit(code: Code, dask_worker: distributed.Worker) -> str | None:
    """Gives the worker its one slot for runs if it has the caller's code, else takes it away.

    Returns:
        Why it cannot take part; None if it can.
    """
    difference = code.difference(Code.here())
    slots = 0 if difference else 1
    if dask_worker.state.total_resources[SLOT] != slots:
        await dask_worker.set_resources(**{SLOT: slots})
    return difference


def perform(name: str, command: list[str], code: Code, topic: str) -> Result | None:
    """Does one run in a process of its own, below the worker's directory.

    Args:
        name: the record's place below a results directory.
        command: what `python -m` gets, without the places.
        code: the caller's.
        topic: where the caller listens to progress.

    Returns:
        The record's files or the failure; None if nobody waits for them any more.

    Raises:
        distributed.Reschedule: this worker has other code; another one must do the run.
    """
    worker = distributed.get_worker()
    key = worker.get_current_task()
    if difference := code.difference(Code.here()):  # it joined late, or its files changed
        leave = worker.set_resources(**{SLOT: 0})
        asyncio.run_coroutine_threadsafe(leave, worker.loop.asyncio_loop).result()
        worker.log_event(topic, {"left out": f"{worker.address} is left out: {difference}"})
        raise distributed.Reschedule
    # If the worker dies, Dask clears its directory.
    with tempfile.TemporaryDirectory(dir=worker.local_directory, prefix="run-") as folder:
        directory, log = Path(folder, "results", name), Path(folder, "log")
        places = ["--results-dir", f"{folder}/results", "--plots-dir", f"{folder}/plots"]
        worker.log_event(topic, {"key": key, "began": worker.address})
        child = Child([*command, *places], directory, log, worker.state.nthreads)
        try:
            while (status := child.code()) is None:
                if not _wanted(worker, key):
                    return None
                if done := child.new_epoch():
                    epoch, loss = done
                    worker.log_event(topic, {"key": key, "epoch": epoch, "loss": loss})
                time.sleep(POLL)
        finally:
            end([child])
        problem = failure(status)
        files = (
            {} if problem else {path.name: path.read_bytes() for path in directory.glob("*.json")}
        )
        return Result(child.seconds, problem, log.read_bytes(), files)


def _wanted(worker: distributed.Worker, key: str) -> bool:
    """Whether somebody still waits for the task and the worker stays.

    Dask does not stop a task that has begun; it only marks it as cancelled.
    """
    task = worker.state.tasks.get(key)
    stays = worker.status not in (Status.stopping, Status.closing, Status.closed, Status.failed)
    return stays and task is not None and task.state != "cancelled"
