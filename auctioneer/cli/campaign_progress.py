"""How far a campaign is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

SECONDS_BETWEEN_LINES = 10.0


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


class _ProgressLines:
    """Says now and then, where there is no terminal to draw on, what a bar would show.

    Args:
        total: How many auctions there are.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = self._resumed = 0
        self._began = self._told = monotonic()
        self._is_first = True

    def tell(self, count: int) -> None:
        """Take note of so many more auctions; the first are those of an earlier run."""
        self._done += count
        if self._is_first:
            self._is_first, self._resumed, self._began = False, count, monotonic()
            return
        if self._is_due() and self._done < self._total:
            rate = (self._done - self._resumed) / max(monotonic() - self._began, 1e-9)
            left = timedelta(seconds=round((self._total - self._done) / rate))
            click.echo(f"{self._done:,} of {self._total:,} auctions, {rate:,.0f}/s, {left} left", err=True)

    def tell_markets(self, done: int, count: int) -> None:
        """Say how many optimal revenues are known."""
        if self._is_due():
            click.echo(f"{done:,} of {count:,} optimal revenues", err=True)

    def _is_due(self) -> bool:
        now = monotonic()
        if now - self._told < SECONDS_BETWEEN_LINES:
            return False
        self._told = now
        return True


@contextmanager
def show_progress(total: int) -> Iterator[tuple[Callable[[int], None], Callable[[int, int], None]]]:
    """Show how much is done, how fast, and how long the rest will take: in a bar, or in a line now and then.

    Yields:
        What to tell that so many more auctions are done; and how many optimal revenues, and of how many.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        lines = _ProgressLines(total)
        yield lines.tell, lines.tell_markets
        return
    columns = (
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} {task.description}"),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        markets = progress.add_task("optimal revenues", total=None, visible=False)
        auctions = progress.add_task("auctions", total=total)
        yield (
            lambda count: progress.advance(auctions, count),
            lambda done, count: progress.update(markets, completed=done, total=count, visible=True),
        )
