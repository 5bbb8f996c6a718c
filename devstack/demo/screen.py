"""The demo's output: one line per step with its present activity, or plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


class Screen:
    """Writes to one console; tests may pass their own."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    def say(self, text: str = "") -> None:
        self.console.print(text, markup=False)

    def title(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/bold]")

    def show(self, table: Table) -> None:
        self.console.print(table)

    @contextmanager
    def step(self, title: str) -> Iterator[ProgressLine]:
        """Show one step of the tour: its title, what AWS does meanwhile, and how long it takes."""
        step = ProgressLine(self, title)
        with step.shown():
            yield step
        took = time.monotonic() - step.began
        result = f": {step.result}" if step.result else ""
        mark = "[green]✓[/green]" if self.console.is_terminal else "ok"
        self.console.print(f"{mark} {title}{result} [dim]({took:.1f} s)[/dim]")


class ProgressLine:
    """A step in progress."""

    def __init__(self, screen: Screen, title: str) -> None:
        self._screen = screen
        self._title = title
        self._now = ""
        self.began = time.monotonic()
        self.result = ""
        self._status = screen.console.status(title) if screen.console.is_terminal else None

    @contextmanager
    def shown(self) -> Iterator[None]:
        if self._status is None:
            yield
            return
        with self._status:
            yield

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def now(self, activity: str) -> None:
        """Show the present activity; a repeated one is shown once."""
        if self._status is not None:
            self._status.update(f"{self._title} [dim]· {activity} · {self.seconds:.0f} s[/dim]")
        elif activity != self._now:
            self._screen.say(f"   {self.seconds:5.1f} s  {activity}")
        self._now = activity

    def note(self, event: str) -> None:
        """Show an event that stays on the screen."""
        self._screen.console.print(f"   [dim]{self.seconds:5.1f} s[/dim]  {event}")
