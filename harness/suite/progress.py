"""What a suite shows while it runs: one table in a terminal, plain lines elsewhere."""

import contextlib
import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from harness.experiment import Plan
from harness.suite.plan import Suite, time_left
from harness.training.machine import span


@dataclass
class Current:
    """A run in progress."""

    plan: Plan
    where: str  # the address of a worker, empty on this machine
    began: float = field(default_factory=time.monotonic)
    epoch: int = 0  # the last that is done
    loss: float | None = None

    @property
    def epochs(self) -> int | None:
        """How many epochs the run will have, if its protocol says so."""
        return getattr(self.plan.protocol, "epochs", None)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def left(self, expected: float | None) -> float | None:
        """Seconds that it still takes; after the first epoch, judged by its own pace."""
        if self.epoch and self.epochs:
            return max(self.elapsed / self.epoch * self.epochs - self.elapsed, 0)
        return None if expected is None else max(expected - self.elapsed, 0)


class Display:
    """Is told what happens to the runs of a suite, shows it, and keeps what failed.

    A context manager, since a terminal must be left as it was.
    """

    def __init__(self, suite: Suite, console: Console):
        self.failures: dict[Plan, str] = {}  # why there is no record
        self.others = 0  # runs that another process does or did
        self._durations, self._count = suite.durations, len(suite.plans)
        self._waiting = dict.fromkeys(suite.plans)
        self._running: dict[Plan, Current] = {}
        self._places = 0  # most runs that were in progress at the same time
        self._ended = 0
        self._console = console
        live = Live(self, console=console, refresh_per_second=2, transient=True)
        self._live = live if console.is_terminal else contextlib.nullcontext()

    def __enter__(self) -> "Display":
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(*error)

    def say(self, line: str) -> None:
        """Prints a line above the table."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def started(self, plan: Plan, where: str = "") -> None:
        """A run has begun, or begun again on another machine."""
        self._waiting.pop(plan, None)
        self._running[plan] = Current(plan, where)
        self._places = max(self._places, len(self._running))
        self.say(f"started   {plan.name}{_on(where)}: {plan.experiment.title}")

    def epoch_done(self, plan: Plan, epoch: int, loss: float | None) -> None:
        """A run has completed an epoch."""
        if current := self._running.get(plan):
            current.epoch, current.loss = epoch, loss

    def elsewhere(self, plan: Plan) -> None:
        """Another process does the run, or did it while this suite did others."""
        self._forget(plan)
        self.others += 1
        self.say(f"elsewhere {plan.name}: another process does it or did it meanwhile")

    def ended(self, plan: Plan, seconds: float, failure: str | None) -> None:
        """A run has ended, with a record unless `failure` says why there is none."""
        self._forget(plan)
        self._ended += 1
        if failure is None:
            self._durations.add(plan, seconds)
            line = f"finished  {plan.name} in {span(seconds)}"
        else:
            self.failures[plan] = failure
            line = f"failed    {plan.name} after {span(seconds)}: {failure}"
        self.say(f"{line} ({self._state()})")

    def _forget(self, plan: Plan) -> None:
        self._waiting.pop(plan, None)
        self._running.pop(plan, None)

    def _state(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        counted = f"{self._ended} of {self._count - self.others} ended{failed}"
        return f"{counted}, {self._left()}" if self._waiting or self._running else counted

    def _left(self) -> str:
        """The time left, or a lower bound where it is not known for every run."""
        expected = self._durations.expected
        running = [current.left(expected(plan)) for plan, current in list(self._running.items())]
        waiting = [expected(plan) for plan in list(self._waiting)]
        free = [0.0] * (self._places - len(running))
        left = time_left([s or 0 for s in running] + free, [s or 0 for s in waiting])
        if None not in running + waiting:
            return f"about {span(left)} left"
        return f"at least {span(left)} left" if left >= 1 else "time left unknown"

    def __rich__(self) -> Table:
        """The current table; the terminal asks for it several times a second."""
        table = Table(title=self._state(), title_justify="left")
        table.add_column("run", overflow="fold")
        for column in ("epoch", "loss", "elapsed"):
            table.add_column(column, justify="right", no_wrap=True)
        for current in list(self._running.values()):
            epochs = f"/{current.epochs}" if current.epochs else ""
            table.add_row(
                current.plan.name + _on(current.where),
                f"{current.epoch}{epochs}" if current.epoch else "–",
                "–" if current.loss is None else f"{current.loss:.4f}",
                span(current.elapsed),
            )
        return table


def _on(where: str) -> str:
    return f" on {where}" if where else ""
