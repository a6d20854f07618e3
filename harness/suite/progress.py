"""What a suite shows while it runs: one table in a terminal, plain lines elsewhere."""

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from harness.experiment import Plan
from harness.suite.plan import Suite, time_left
from harness.suite.runs import Elsewhere, Ended, EpochDone, Event, Message, Started
from harness.training.machine import span


@dataclass
class Current:
    """A run in progress."""

    run: Plan
    where: str
    began: float = field(default_factory=time.monotonic)
    epoch: int = 0
    loss: float | None = None

    @property
    def epochs(self) -> int | None:
        """How many epochs the run will have, if its protocol says so."""
        return getattr(self.run.protocol, "epochs", None)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def left(self, expected: float | None) -> float | None:
        """Seconds that it still takes; after the first epoch, judged by its own pace."""
        if self.epoch and self.epochs:
            return max(self.elapsed / self.epoch * self.epochs - self.elapsed, 0)
        return None if expected is None else max(expected - self.elapsed, 0)


class Display:
    """Shows a suite's events; a context manager, since a terminal must be left as it was."""

    def __init__(self, plan: Suite, console: Console):
        self._plan = plan
        self._console = console
        self._waiting = list(plan.runs)
        self._running: dict[Plan, Current] = {}
        self._places = 0  # most runs that were in progress at the same time
        self._ended = self._failed = self._elsewhere = 0
        self._live = (
            Live(self, console=console, refresh_per_second=2, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> "Display":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, event: Event) -> None:
        """Shows an event; each but a completed epoch gets a line."""
        if isinstance(event, Message):
            self._print(event.text)
            return
        run = event.run
        if isinstance(event, Started):
            self._waiting = [other for other in self._waiting if other is not run]
            self._running[run] = Current(run, event.where)
            self._places = max(self._places, len(self._running))
            where = f" on {event.where}" if event.where else ""
            self._print(f"started   {run.name}{where}: {run.experiment.title}")
        elif isinstance(event, EpochDone):
            if run in self._running:
                self._running[run].epoch, self._running[run].loss = event.epoch, event.loss
        else:
            self._end(event)

    def _end(self, event: Ended | Elsewhere) -> None:
        run = event.run
        self._waiting = [other for other in self._waiting if other is not run]
        self._running.pop(run, None)
        if isinstance(event, Elsewhere):
            self._elsewhere += 1
            self._print(f"elsewhere {run.name}: another process does it or did it meanwhile")
            return
        self._ended += 1
        took = span(event.seconds)
        if event.failure is None:
            self._plan.durations.add(run, event.seconds)
            line = f"finished  {run.name} in {took}"
        else:
            self._failed += 1
            line = f"failed    {run.name} after {took}: {event.failure}"
        self._print(f"{line} ({self._state()})")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _state(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        counted = f"{self._ended} of {len(self._plan.runs) - self._elsewhere} ended{failed}"
        return f"{counted}, {self._left()}" if self._waiting or self._running else counted

    def _left(self) -> str:
        """The time left, or a lower bound where it is not known for every run."""
        expected = self._plan.durations.expected
        current = list(self._running.items())
        running = [state.left(expected(run)) for run, state in current]
        waiting = [expected(run) for run in self._waiting]
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
                current.run.name + (f" on {current.where}" if current.where else ""),
                f"{current.epoch}{epochs}" if current.epoch else "–",
                "–" if current.loss is None else f"{current.loss:.4f}",
                span(current.elapsed),
            )
        return table
