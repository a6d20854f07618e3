"""What a suite shows while it runs: one table in a terminal, plain lines elsewhere."""

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from harness.suite.local_workers import Advanced, Ended, Event, Notice, Started
from harness.suite.plan import Plan, PlannedRun, time_left


@dataclass
class Current:
    """A run in progress."""

    run: PlannedRun
    where: str
    began: float = field(default_factory=time.monotonic)
    epoch: int = 0
    loss: float | None = None

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def left(self, expected: float | None) -> float | None:
        """Seconds that it still takes: by its own pace once it has one."""
        if self.epoch and self.run.epochs:
            return max(self.elapsed / self.epoch * self.run.epochs - self.elapsed, 0)
        return None if expected is None else max(expected - self.elapsed, 0)


class Display:
    """Shows a suite's events; to be entered, as a terminal must be left as it was.

    Args:
        plan: the suite.
        console: where to; its terminal, if it is one, gets a table that stays up to date.
    """

    def __init__(self, plan: Plan, console: Console):
        self._plan = plan
        self._console = console
        self._waiting = list(plan.runs)
        self._running: dict[PlannedRun, Current] = {}
        self._places = 0  # most runs that were in progress at the same time
        self._ended = self._failed = 0
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
        """Takes note of an event, and prints a line for all but a completed epoch."""
        if isinstance(event, Notice):
            self._print(event.sentence)
            return
        run = event.run
        if isinstance(event, Started):
            self._waiting = [other for other in self._waiting if other is not run]
            self._running[run] = Current(run, event.where)
            self._places = max(self._places, len(self._running))
            self._print(f"started   {run.name}" + (f" on {event.where}" if event.where else ""))
        elif isinstance(event, Advanced):
            if run in self._running:
                self._running[run].epoch, self._running[run].loss = event.epoch, event.loss
        elif isinstance(event, Ended):
            self._end(event)

    def _end(self, event: Ended) -> None:
        run, took = event.run, span(event.seconds)
        self._waiting = [other for other in self._waiting if other is not run]
        self._running.pop(run, None)
        self._ended += 1
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
        counted = f"{self._ended} of {len(self._plan.runs)} ended{failed}"
        return f"{counted}, {self._left()}" if self._waiting or self._running else counted

    def _left(self) -> str:
        """The time left; at least that much where it is not known of every run."""
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
        """The table of the moment; the terminal asks for it several times a second."""
        table = Table(title=self._state(), title_justify="left")
        table.add_column("run", overflow="fold")
        for column in ("epoch", "loss", "elapsed"):
            table.add_column(column, justify="right", no_wrap=True)
        for current in list(self._running.values()):
            epochs = f"/{current.run.epochs}" if current.run.epochs else ""
            table.add_row(
                current.run.name + (f" on {current.where}" if current.where else ""),
                f"{current.epoch}{epochs}" if current.epoch else "–",
                "–" if current.loss is None else f"{current.loss:.4f}",
                span(current.elapsed),
            )
        return table


def span(seconds: float) -> str:
    """A span of time in the two units that matter."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"
