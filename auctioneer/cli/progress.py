"""What `auctioneer run` shows while a session runs: clocks that rise, reports that come in, what is asked and why.

On a terminal one display is drawn again and again from the session as it stands; elsewhere a line is printed for each
wave and each change of phase. Agents that only think are done in a blink; on a terminal their play is then shown once
more, in slow motion, from the transcript. Nothing here moves the session.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from auctioneer.cli.printing import say
from auctioneer.driver import SessionDriver
from openoutcry.mechanisms.conversation import Climb, Wave
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.protocol.messages import LapseSubject
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.narration import tell
from openoutcry.session.values import Phase
from openoutcry.wire import WireCodec

FRAMES_PER_SECOND = 10
BAR_WIDTH = 24
LONGEST_STEP_SECONDS = 0.1

_PHASES = {
    Phase.ENROL: "bidders enrol",
    Phase.SEED: "bidders open their parts of the seed",
    Phase.PLAY: "play",
    Phase.SETTLE: "the outcome is declared",
    Phase.CLOSED: "closed",
    Phase.VOID: "void",
}
_ASKED = {
    LapseSubject.SEED_OPENING: "opens its seed part",
    LapseSubject.ANSWER: "is asked",
    LapseSubject.COMMITMENT: "commits to its report",
    LapseSubject.OPENING: "opens its report",
}


class Progress:
    """Shows one session.

    Args:
        console: Where to.
        is_quiet: Show nothing.
    """

    def __init__(self, console: Console, *, is_quiet: bool) -> None:
        self._console = console
        self._is_quiet = is_quiet
        self._driver: SessionDriver | None = None
        self._live: Live | None = None
        self._following: asyncio.Task[None] | None = None
        self._play_seconds = 0.0

    def begin(self, driver: SessionDriver) -> None:
        """Show this session from now on."""
        self._driver = driver
        if self._live is None and not self._is_quiet:
            self._following = asyncio.get_running_loop().create_task(self._follow(driver))

    def warn(self, line: str) -> None:
        """Show a line that matters even to those who want to see nothing."""
        Console(stderr=True).print(f"[yellow]{escape(line)}[/yellow]", highlight=False, soft_wrap=True)

    def display(self) -> AbstractContextManager[object]:
        """Draw on the terminal while the context lasts, if there is one."""
        if self._is_quiet or not self._console.is_terminal:
            return nullcontext()
        self._live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
        )
        return self._live

    async def end(self) -> None:
        """Show what is left to be shown."""
        if self._following is not None:
            await self._following

    def show_again(self, transcript: Transcript, seconds: float) -> None:
        """Show play in slow motion, if there is a terminal and it was over sooner; Ctrl-C skips the rest.

        Args:
            transcript: Of the session.
            seconds: How long to take.
        """
        if self._is_quiet or not self._console.is_terminal or self._play_seconds >= seconds:
            return
        session, moments = tell(transcript, WireCodec())
        step = min(LONGEST_STEP_SECONDS, seconds / len(transcript.entries))
        with (
            suppress(KeyboardInterrupt),
            Live(console=self._console, auto_refresh=False, transient=True) as live,
        ):
            for moment in moments:
                if session.phase >= Phase.PLAY:
                    caption = Text(f"in slow motion: {moment.text}", style="dim")
                    live.update(Group(*session_display(session), caption), refresh=True)
                    time.sleep(step)

    def _render(self) -> Group:
        if self._driver is None:
            return Group(Text("starting"))
        return Group(*session_display(self._driver.session))

    def _say(self, line: str) -> None:
        say(self._console, line)

    async def _follow(self, driver: SessionDriver) -> None:
        """Print a line for each change that a person wants to know of."""
        shown_phase, shown_wave, shown_names = None, -1, 0
        reports = ReportLines()
        began = time.monotonic()
        async for _ in driver.log.follow():
            session = driver.session
            names = session.enrolment.names
            if len(names) > shown_names:
                shown_names = len(names)
                self._say(
                    f"{shown_names} of {len(session.specification.market.bidders)} bidders have enrolled"
                )
            line = reports.next_line(session)
            if line:
                self._say(f"wave {shown_wave}: {line}")
            if session.phase is not shown_phase:
                shown_phase = session.phase
                if shown_phase is Phase.PLAY:
                    began = time.monotonic()
                self._say(_PHASES[shown_phase])
            wave = session.play.conductor.wave if session.play else None
            if wave is not None and session.wave_count - 1 > shown_wave:
                shown_wave = session.wave_count - 1
                self._say(_wave_line(session, wave))
        self._play_seconds = time.monotonic() - began


def _wave_line(session: AuctioneerSession, wave: Wave) -> str:
    """Return the number of the wave that is being asked, and why it is asked."""
    return f"wave {session.wave_count - 1}: {wave.reason}"


def session_display(session: AuctioneerSession) -> list[Table | Text]:
    """Return a session as it stands: one row for each bidder, and what is asked now and why."""
    market = session.specification.market
    headline = Text.assemble((session.specification.title, "bold"), f"  {_PHASES[session.phase]}")
    groups = market.groups if isinstance(market, Market) else ()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("bidder", "group", "clock", "", "now") if groups else ("bidder", "clock", "", "now"):
        table.add_column(heading)
    top = market.signal_levels - 1 if isinstance(market, Market) else _top_level(market)
    enrolled = set(session.enrolment.names)
    asked = {
        deadline.member: deadline.subject for deadline in session.deadlines if deadline.member is not None
    }
    places = {session.members[member].name: (place, member) for place, member in enumerate(session.players)}
    for bidder in market.bidders:
        clock, now = 0, "has enrolled" if bidder.name in enrolled else "is awaited"
        if bidder.name in places and session.play is not None:
            place, member = places[bidder.name]
            clock = session.play.conductor.clock(place)
            has_exited = session.members[member].has_exited
            now = "has exited" if has_exited else _ASKED.get(asked.get(member, LapseSubject.ENROLMENT), "")
        table.add_row(
            Text(bidder.name),
            *([Text(groups[bidder.group])] if isinstance(bidder, Bidder) else []),
            ProgressBar(total=top, completed=clock, width=BAR_WIDTH) if top else "",
            f"{clock}/{top}" if top else "",
            now,
        )
    wave = session.play.conductor.wave if session.play else None
    reason = _wave_line(session, wave) if wave is not None else ""
    reports = report_progress(session)
    return [headline, table, Text(reason), *([Text(str(reports))] if reports is not None else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportProgress:
    """How far a wave of reports is.

    Attributes:
        step: "committed" or "opened".
        done: How many have been committed to, or opened.
        withheld: How many will not come: nothing came in time, or not what was committed to.
        asked: How many were asked for.
    """

    step: str
    done: int
    withheld: int
    asked: int

    @property
    def quarters(self) -> int:
        """How many quarters of the reports are settled, rounded down: often enough for a line."""
        return 4 * (self.done + self.withheld) // self.asked

    def __str__(self) -> str:
        """Return it in words: `committed 2 of 4, 1 withheld`."""
        withheld = f", {self.withheld} withheld" if self.withheld else ""
        return f"{self.step} {self.done} of {self.asked}{withheld}"


class ReportLines:
    """Says how waves of reports proceed, where lines are printed: now and then on the way, and when a step is over."""

    def __init__(self) -> None:
        self._last: ReportProgress | None = None
        self._opened_before = 0

    def next_line(self, session: AuctioneerSession) -> str:
        """Return what is to be said now; empty for nothing. Called at every record."""
        last, now = self._last, report_progress(session)
        self._last = now
        opened = len(session.play.opened) if session.play else 0
        line = ""
        if last is not None and (now is None or now.step != last.step):
            line = self._describe_end(last, now, opened)
        elif now is not None and last is not None and now.quarters > last.quarters:
            line = str(now)
        if now is None or now.step == "committed":
            self._opened_before = opened
        return line

    def _describe_end(self, last: ReportProgress, now: ReportProgress | None, opened: int) -> str:
        """Return how a step ended: whatever was asked for is there, or is withheld."""
        # Everybody who has committed is asked to open; without any commitment there is no such step.
        committed = 0 if now is None else now.asked - now.withheld
        done = opened - self._opened_before if last.step == "opened" else committed
        return str(replace(last, done=done, withheld=last.asked - done))


def report_progress(session: AuctioneerSession) -> ReportProgress | None:
    """Return how far the current wave's reports are; None when no reports are asked for now."""
    conductor = session.play.conductor if session.play else None
    if conductor is None or conductor.wave is None:
        return None
    asked = sum(not isinstance(question, Climb) for question in conductor.wave.questions)
    withheld = conductor.withheld
    for subject, step in ((LapseSubject.COMMITMENT, "committed"), (LapseSubject.OPENING, "opened")):
        awaited = sum(deadline.subject is subject for deadline in session.deadlines)
        if awaited:
            return ReportProgress(step=step, done=asked - awaited - withheld, withheld=withheld, asked=asked)
    return None


def _top_level(market: TypeMarket) -> int:
    """Return the highest level of the clocks, 0 where bidders have several values and so no clock."""
    return len(market.clock) if market.environment.is_single_parameter else 0
