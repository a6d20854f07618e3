"""Runs on the workers of a Dask cluster, whose records come back without a shared file system.

Dask decides where a run goes and repeats it elsewhere if its worker dies. It sends the worker a
command and gets the record's files; the code is the worker's own checkout, which must be the same.
"""

import asyncio
import hashlib
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

from harness.errors import RunError
from harness.execution import finished
from harness.records.files import write_bytes
from harness.records.record import put_in_place
from harness.records.run import Run
from harness.suite.local_workers import (
    POLL,
    Advanced,
    Child,
    Ended,
    Event,
    Notice,
    Started,
    end,
    failure,
)
from harness.suite.plan import PACKAGE, PlannedRun
from harness.training.environment import REPOSITORY, code_version

SLOT = "RUN"  # Dask's resource of which a worker has one and a run takes one
PATIENCE = "10s"  # for a scheduler to answer
LOOK = 1  # seconds between two looks for new workers
START = (
    "in a checkout of the same code: python -m dask worker {address} --nthreads 4 "
    f"--resources {SLOT}=1"
)


@dataclass(frozen=True)
class Code:
    """Which code a process would run: its commit, and the hash of its files as they are now."""

    commit: str | None
    digest: str

    @classmethod
    def here(cls) -> "Code":
        """The code of this checkout; changes that are not committed alter the hash alone."""
        content = hashlib.sha256()
        for package in (PACKAGE, "data", "models", "harness"):
            for path in sorted((REPOSITORY / package).rglob("*.py")):
                content.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return cls(code_version()[0], content.hexdigest())

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


def run_on_cluster(runs: list[PlannedRun], address: str, results_dir: Path) -> Iterator[Event]:
    """Has runs done by a cluster; closing the generator ends those in progress.

    Args:
        runs: in the order in which they are to start.
        address: the scheduler's, such as `tcp://scheduler:8786`.
        results_dir: receives records and logs.

    Raises:
        RunError: no scheduler answers, it is lost, or no worker has the same code.
    """
    code = Code.here()
    topic = f"suite-{uuid.uuid4().hex}"
    news: queue.SimpleQueue = queue.SimpleQueue()
    with _connect(address) as client:
        client.subscribe_topic(topic, lambda event: news.put(event[1]))
        yield from map(Notice, _admit(client, code, address))
        waiting = deque(runs)
        sent: dict[str, tuple[PlannedRun, Future]] = {}  # by Dask's key
        idle = False
        try:
            while waiting or sent:
                # No more than can be done at once: when a worker dies, Dask counts that against
                # every run it was given, and gives up a run after a few.
                ready = _ready(client)
                while waiting and len(sent) < ready:
                    run = waiting.popleft()
                    key = f"{run.name}-{uuid.uuid4().hex}"
                    command = [run.module, *run.arguments]
                    future = client.submit(
                        perform, run.name, command, code, topic, key=key, resources={SLOT: 1}
                    )
                    sent[key] = run, future
                    future.add_done_callback(news.put)
                if not ready and not idle:
                    yield Notice(f"waiting for workers; start one {START.format(address=address)}")
                idle = not ready
                try:
                    item = news.get(timeout=LOOK)
                except queue.Empty:
                    continue
                if isinstance(item, Future):
                    run, future = sent.pop(item.key)
                    yield _outcome(run, future, results_dir)
                elif "left out" in item:
                    yield Notice(item["left out"])
                elif item["key"] in sent:
                    yield _progress(sent[item["key"]][0], item)
        finally:
            if client.status == "running":
                client.cancel([future for _, future in sent.values()])


def _connect(address: str) -> distributed.Client:
    # what it would write when the scheduler is lost is many lines, and said here in one
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


def _progress(run: PlannedRun, item: dict) -> Event:
    """What a worker tells about its run."""
    if "began" in item:
        return Started(run, item["began"])
    return Advanced(run, item["epoch"], item["loss"])


def _outcome(run: PlannedRun, future: Future, results_dir: Path) -> Ended:
    """Receives what a run left, which is a record or the reason why there is none.

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
    write_bytes(run.log(results_dir), result.log)
    if result.failure is None:
        try:
            receive(run, result.files)
        except RunError as error:
            return Ended(run, result.seconds, str(error))
    return Ended(run, result.seconds, result.failure)


def receive(run: PlannedRun, files: dict[str, bytes]) -> None:
    """Checks a record that came from another machine, and gives it its name.

    Args:
        run: the run that it must be of.
        files: the content of the record's files by their names.

    Raises:
        RunError: the record is damaged or of another run, or it cannot be written.
    """
    directory = run.directory
    place = Run(directory, seed=run.config["seed"], data_dir=None, sample=run.config["sample"])
    place.begin(run.config)  # keeps other processes out, and clears what a dead one left
    try:
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".received-") as folder:
            staged = Path(folder, directory.parent.name, directory.name)
            for name, content in files.items():
                write_bytes(staged / name, content)
            finished(staged, run.config)
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
        command: the module and its arguments, without the places.
        code: the caller's.
        topic: where the caller listens to progress.

    Returns:
        The record's files or the failure; None if nobody waits for them any more.

    Raises:
        distributed.Reschedule: this worker has other code; another one must do the run.
    """
    worker = distributed.get_worker()
    key = worker.get_current_task()
    if difference := code.difference(Code.here()):  # it joined late, or its files have changed
        leave = worker.set_resources(**{SLOT: 0})
        asyncio.run_coroutine_threadsafe(leave, worker.loop.asyncio_loop).result()
        worker.log_event(topic, {"left out": f"{worker.address} is left out: {difference}"})
        raise distributed.Reschedule
    # Dask clears a worker's directory when the worker died before it could do so itself.
    with tempfile.TemporaryDirectory(dir=worker.local_directory, prefix="run-") as folder:
        directory, log = Path(folder, "results", name), Path(folder, "log")
        places = ["--results-dir", f"{folder}/results", "--plots-dir", f"{folder}/plots"]
        worker.log_event(topic, {"key": key, "began": worker.address})
        child = Child([*command, *places], directory, log, worker.state.nthreads)
        try:
            while (status := child.code()) is None:
                if not _wanted(worker, key):
                    return None
                if news := child.news():
                    epoch, loss = news
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

    Dask stops no task that has begun; it notes that it may end.
    """
    task = worker.state.tasks.get(key)
    stays = worker.status not in (Status.stopping, Status.closing, Status.closed, Status.failed)
    return stays and task is not None and task.state != "cancelled"
