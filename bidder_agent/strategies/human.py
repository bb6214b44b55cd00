"""A strategy that asks a person at the terminal, and keeps the agent going while they think."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from bidder_agent.guard import seconds_left
from bidder_agent.narration import show_money
from openoutcry.strategies import (
    Belief,
    BeliefView,
    Exit,
    NoAnswer,
    OutcomeView,
    RaiseView,
    ReportView,
    Stay,
    Strategy,
    TypeIndex,
    TypeSeat,
    ValuationView,
)
from openoutcry.strategies.api import BeliefAnswer, RaiseAnswer, ReportAnswer, ValuationAnswer
from openoutcry.strategies.valuations import readable

_WORDS: dict[str, RaiseAnswer] = {
    "s": Stay,
    "stay": Stay,
    "y": Stay,
    "yes": Stay,
    "e": Exit,
    "exit": Exit,
    "n": Exit,
    "no": Exit,
}


class Human(Strategy):
    """Show each question with what one needs to answer it, and read the answer."""

    def __init__(self) -> None:
        """Talk to the terminal on standard input and error; standard output is for the result."""
        self._lines = LineReader(sys.stdin)
        self._show: Callable[[str], None] = lambda text: print(text, file=sys.stderr, end="", flush=True)

    async def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Ask whether to stay; end of input leaves the question unanswered."""
        self._show(describe_raise(view))
        while (line := await self._lines.read()) is not None:
            answer = _WORDS.get(line.strip().lower())
            if answer is not None:
                return answer
            self._show("stay or exit? ")
        return NoAnswer

    async def report_signal(self, view: ReportView) -> ReportAnswer:
        """Ask which signal to report; an empty line reports the true one."""
        self._show(describe_report(view))
        while (line := await self._lines.read()) is not None:
            text = line.strip()
            if not text:
                return view.signal
            if text.isascii() and text.isdecimal() and int(text) < view.signal_levels:
                return int(text)
            self._show(f"a number, 0..{view.signal_levels - 1}? ")
        return NoAnswer

    async def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        """Ask which valuation to report; an empty line reports the true one."""
        self._show(describe_valuation(view))
        count = len(view.types)
        while (line := await self._lines.read()) is not None:
            text = line.strip()
            if not text:
                return TypeIndex(view.value_index)
            if text.isascii() and text.isdecimal() and 1 <= int(text) <= count:
                return TypeIndex(int(text) - 1)
            self._show(f"a line of the list, 1..{count}? ")
        return NoAnswer

    async def report_belief(self, view: BeliefView) -> BeliefAnswer:
        """Ask which belief to report: the own one, or that nothing is known."""
        self._show(describe_belief(view))
        while (line := await self._lines.read()) is not None:
            text = line.strip().lower()
            if not text:
                return view.knowledge
            if text in ("n", "nothing"):
                return Belief.uniform(view.knowledge.market, view.subjects)
            self._show("Enter alone, or nothing? ")
        return NoAnswer

    async def on_outcome(self, view: OutcomeView) -> None:
        """Say how it ended for this bidder."""
        paid = show_money(view.payment, view.market)
        what = "+".join(view.goods) or view.market.lot
        self._show(f"\nYou {'win' if view.won else 'do not win'} {what} and pay {paid}.\n")


def describe_raise(view: RaiseView) -> str:
    """Return the question about a level as a person sees it."""
    if isinstance(view.seat, TypeSeat):
        worth = show_money(view.value, view.market)
        asked = show_money(view.asking_price, view.market)
        return (
            f"\n{view.name}: {view.market.lot} is worth {worth} to you. Pay {asked}: stay or exit?{_time()} "
        )
    lowest, highest = view.value_bounds()
    lines = [
        "",
        f"{view.name} ({view.group}): your clock stands at {view.clock}, your signal is {view.signal}.",
        f"The lot is worth {show_money(lowest, view.market)} to {show_money(highest, view.market)} to you.",
    ]
    if view.price is not None:
        lines.append(
            f"Staying up to level {view.target} buys {view.market.lot} for {show_money(view.price, view.market)}."
        )
    return "\n".join([*lines, f"Level {view.level}: stay or exit?{_time()} "])


def describe_report(view: ReportView) -> str:
    """Return the question for the signal as a person sees it."""
    return (
        f"\n{view.name} ({view.group}): which signal do you report, 0..{view.signal_levels - 1}? "
        f"Enter alone reports your own, {view.signal}.{_time()} "
    )


def describe_valuation(view: ValuationView) -> str:
    """Return the question for the valuation as a person sees it."""
    assert isinstance(view.seat, TypeSeat), "valuations are asked for in markets of types only"
    lines = ["", f"{view.name}: which of these do you say {view.market.lot} is worth to you?"]
    for place, value in enumerate(view.types):
        mark = "  (true)" if place == view.value_index else ""
        lines.append(f"{place + 1:>4}  {readable(view.seat.market, value)}{mark}")
    return "\n".join([*lines, f"A line of the list; Enter alone reports the true one.{_time()} "])


def describe_belief(view: BeliefView) -> str:
    """Return the question for the belief as a person sees it."""
    known = view.knowledge
    lines = ["", f"{view.name}: what do you believe of the others?"]
    for name in known.names:
        shares = ", ".join(f"{value} at {share}" for value, share in known[name].items())
        lines.append(f"  {name}: {shares}")
    return "\n".join([*lines, f"Enter alone reports this; nothing says that you know nothing.{_time()} "])


def _time() -> str:
    left = seconds_left()
    return "" if left is None else f" [{left:.0f} s]"


class LineReader:
    """Reads lines of a blocking file beside the event loop, each only when it is asked for.

    A line that was asked for and comes after its question has lapsed answers nothing and is thrown away.

    Args:
        file: A terminal, or a pipe.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: asyncio.Future[str | None] | None = None
        self._is_reading = False

    async def read(self) -> str | None:
        """Return the next line, or None at the end of input."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        if not self._is_reading:
            self._is_reading = True
            # A daemon, because a thread that waits for a person cannot be told to stop.
            threading.Thread(target=self._read, args=(loop,), name="terminal", daemon=True).start()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        line = self._file.readline()
        # When the loop has ended nobody asks any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._give, line or None)

    def _give(self, line: str | None) -> None:
        self._is_reading = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(line)
