"""Runs on the workers of a Dask cluster; code and records travel over the network.

Dask decides where a run goes, and repeats it elsewhere if its worker dies. A run is sent with this
checkout's code, so scheduler and workers need no copy of it. As in every Dask cluster, they could
run whatever they like on this machine, since Dask's own messages are pickles. What a worker sends
is checked as a record before it gets a name.
"""

import logging
import platform
import queue
import tempfile
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import distributed
from distributed.client import Future
from distributed.scheduler import KilledWorker
from distributed.security import Security

from harness.errors import ElsewhereError, RunError, UserError, escaped
from harness.experiment import Plan, finished_record
from harness.records.atomic_files import write_bytes
from harness.records.checksums import CHECKSUMS, FILE
from harness.records.lock import Lock
from harness.records.record import put_in_place
from harness.records.run import Run
from harness.suite.dask_worker import perform
from harness.suite.local_workers import Elsewhere, Ended, EpochDone, Event, Message, Started
from harness.suite.plan import log_of, reserve
from harness.suite.sent_code import ByValue, packed_code

SLOT = "RUN"  # Dask's resource of which a worker has one and a run takes one
PATIENCE = "10s"  # for a scheduler to answer
LOOK = 1  # seconds between two checks for new workers
DEATHS = 3  # workers that a run may take with it; Dask's own limit depends on its configuration
LOST = f"{DEATHS} workers were lost while they did it; look at their output and their memory"
START = (
    "start one where the requirements and the data are: python -m dask worker {address} "
    f"--nthreads 4 --resources {SLOT}=1"
)


@dataclass(frozen=True)
class Cluster:
    """How a cluster is reached.

    Attributes:
        address: the scheduler's, such as `tcp://scheduler:8786`.
        tls: `tls_ca_file`, `tls_client_cert` and `tls_client_key`, where connections are encrypted;
            empty leaves that to Dask's own configuration.
        weights: whether trained weights come back with the records.
    """

    address: str
    tls: dict[str, str]
    weights: bool

    def connect(self) -> distributed.Client:
        """A client of its scheduler.

        Raises:
            RunError: no scheduler answers there.
        """
        # It writes many lines when the scheduler is lost; `_lost` says it in one.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        options = {"timeout": PATIENCE, "set_as_default": False}
        try:
            security = Security(**self.tls)
            certified = security.get_connection_args("client").get("ssl_context") is not None
            encrypted = self.address.startswith(("tls://", "wss://"))
            if encrypted > certified or bool(self.tls) > encrypted:
                raise ValueError("certificates and an address with tls:// go together")
            return distributed.Client(self.address, security=security, **options)
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise RunError(
                f"no Dask scheduler answers at {self.address} ({error}); start one: "
                "python -m dask scheduler"
            ) from error


@dataclass
class Sent:
    """A run that the cluster has; `begun` is how often a worker began it."""

    run: Plan
    future: Future
    lock: Lock
    begun: int = 0


def run_on_cluster(runs: list[Plan], cluster: Cluster) -> Iterator[Event]:
    """Has a cluster do runs; closing the generator ends those in progress.

    Args:
        runs: in the order in which they are to start.
        cluster: where.

    Raises:
        RunError: no scheduler answers, it is lost, or another Python runs there.
    """
    code, topic = packed_code(), f"suite-{uuid.uuid4().hex}"
    reports: queue.SimpleQueue = queue.SimpleQueue()
    with cluster.connect() as client:
        client.subscribe_topic(topic, lambda event: reports.put(event[1]))
        waiting = deque(runs)
        sent: dict[str, Sent] = {}  # by Dask's key
        idle, known = False, set()
        try:
            while waiting or sent:
                workers = _workers(client)
                if not known.issuperset(workers) or not known:
                    known |= {"the scheduler", *workers}
                    _refuse_other_python(client)
                # Submit no more than can be done at once. When a worker dies, Dask counts that
                # against every run it was given, and gives a run up after a few such deaths.
                ready = sum(slots >= 1 for slots in workers.values())
                while waiting and len(sent) < ready:
                    run = waiting.popleft()
                    if (lock := reserve(run)) is None:
                        yield Elsewhere(run)
                        continue
                    key = f"{run.name}-{uuid.uuid4().hex}"
                    task = run.name, run.process_arguments, code, topic, cluster.weights
                    future = client.submit(ByValue(perform), *task, key=key, resources={SLOT: 1})
                    sent[key] = Sent(run, future, lock)
                    future.add_done_callback(reports.put)
                if not ready and not idle:
                    start = START.format(address=cluster.address)
                    yield Message(f"waiting for workers; {start}")
                idle = not ready
                try:
                    item = reports.get(timeout=LOOK)
                except queue.Empty:
                    continue
                key = item.key if isinstance(item, Future) else item["key"]
                if key not in sent:
                    continue  # a run that was given up
                event = _outcome(sent[key]) if isinstance(item, Future) else _news(sent[key], item)
                if isinstance(event, Ended | Elsewhere):
                    sent.pop(key).lock.release()
                yield event
        finally:
            if client.status == "running":
                client.cancel([one.future for one in sent.values()])
            for one in sent.values():
                one.lock.release()


def _workers(client: distributed.Client) -> dict[str, float]:
    """The slots for runs of each worker, by its address.

    Raises:
        RunError: the scheduler is lost.
    """
    try:
        workers = client.scheduler_info()["workers"].items()
    except (OSError, ValueError) as error:
        raise _lost(client) from error
    return {address: worker["resources"].get(SLOT, 0) for address, worker in workers}


def _refuse_other_python(client: distributed.Client) -> None:
    """Runs are sent as bytecode, which only the same version of Python reads.

    Raises:
        RunError: naming the process with another version.
    """
    versions = client.get_versions()
    here = platform.python_version_tuple()[:2]
    for place, found in {"the scheduler": versions["scheduler"], **versions["workers"]}.items():
        there = tuple(found["host"]["python"].split(".")[:2])
        if there != here:
            raise RunError(
                f"{place} runs Python {'.'.join(there)}, this is Python {'.'.join(here)}; start it "
                "with the same version."
            )


def _lost(client: distributed.Client) -> RunError:
    return RunError(
        f"lost the scheduler {client.scheduler.address}; the records that had come back are kept, "
        "and the same command goes on with what is left."
    )


def _news(sent: Sent, item: dict) -> Event:
    """A worker's report on its run, as an event; it ends a run that too many workers died of."""
    if "began" not in item:
        return EpochDone(sent.run, item["epoch"], item["loss"])
    sent.begun += 1
    if sent.begun <= DEATHS:
        return Started(sent.run, item["began"])
    sent.future.cancel()
    return _failed(sent.run, LOST)


def _failed(run: Plan, reason: str) -> Ended:
    """The end of a run of which no worker could tell; the reason is its log."""
    write_bytes(log_of(run), f"{reason}\n".encode())
    return Ended(run, 0, reason)


def _outcome(sent: Sent) -> Ended | Elsewhere:
    """Receives the record of a run, or the reason why there is none.

    Raises:
        RunError: the scheduler is lost.
    """
    run, future = sent.run, sent.future
    if future.status == "error":
        error = future.exception()
        killed = isinstance(error, KilledWorker)
        return _failed(run, LOST if killed else escaped(f"{type(error).__name__}: {error}"))
    if future.status != "finished":
        raise _lost(future.client)
    result = future.result()
    write_bytes(log_of(run), result["log"])
    failure = result["failure"]
    if failure is None:
        try:
            receive(run, result["files"])
        except ElsewhereError:
            return Elsewhere(run)
        except UserError as error:
            failure = str(error)
    return Ended(run, result["seconds"], failure)


def receive(run: Plan, files: dict[str, bytes]) -> None:
    """Checks a record that came from another machine, and gives it its name.

    Args:
        run: the run that it must be of.
        files: the content of the record's files by their names.

    Raises:
        RunError: the record is damaged or of another run, or it cannot be written.
        ElsewhereError: another process is writing it.
    """
    for name in files:
        if name != CHECKSUMS and not FILE.fullmatch(name):
            raise RunError(f"{run.name}: the worker sent '{name}', which is no file of a record.")
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
