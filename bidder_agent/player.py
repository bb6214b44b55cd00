"""The player: has a strategy answer what the session asks, beside the stream and never in its way.

Decides what the strategy is shown, turns its answers into inputs of the session, and takes a question back when it
has lapsed. Called by the agent, which keeps and sends what follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bidder_agent.connection import Lost
from bidder_agent.guard import Guard, GuardedAnswer, time_to_think
from bidder_agent.identity import Identity
from bidder_agent.narration import describe_answer, describe_outcome, describe_question
from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.messages import OutcomeDeclared
from openoutcry.session.bidder_values import Asked, BidderInput, Decided, LevelAsked, SignalChosen
from openoutcry.strategies import (
    NoAnswer,
    OutcomeView,
    RaiseView,
    ReportView,
    Seat,
    StartView,
    Stay,
    Strategy,
)

Take = Callable[[BidderInput, str], Awaitable[None]]
"""Is given an answer, and why it is the default one."""


class Player:
    """One strategy in one seat.

    Args:
        identity: Of the bidder.
        signal: Its private signal, 0..k-1.
        strategy: Made for this session.
        take: Keeps and sends an answer.
        fail: Is told what went wrong beside the stream.
        tell: Is told each question and answer, in one line.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        signal: int,
        strategy: Strategy,
        take: Take,
        fail: Callable[[Exception], None],
        tell: Callable[[str], None],
    ) -> None:
        self._identity = identity
        self._signal = signal
        self._strategy = strategy
        self._take = take
        self._fail = fail
        self._tell = tell
        self._seat: Seat | None = None
        self._guard: Guard | None = None
        self._thinking: asyncio.Task[None] | None = None
        self._thought: Asked | None = None
        # The event loop itself holds on to no task, not even to one that is sending an answer.
        self._tasks: set[asyncio.Task[None]] = set()

    def sit_down(self, specification: Specification) -> None:
        """Prepare for questions, as soon as the market is known.

        Raises:
            ConfigurationError: The signal is not one of this market's.
        """
        market = specification.market
        if not 0 <= self._signal < market.signal_levels:
            raise ConfigurationError(
                f"the signal of {self._identity.name} is {self._signal}: "
                f"in this session signals are 0..{market.signal_levels - 1}"
            )
        self._seat = Seat(
            market=market,
            bidder=[bidder.name for bidder in market.bidders].index(self._identity.name),
            signal=self._signal,
            rng=self._identity.make_random(),
        )
        self._guard = Guard(self._strategy, limit_s=time_to_think(specification.timing.answer_ms))
        starting = self._guard.start(StartView(seat=self._seat))
        if starting is not None:
            starting.add_done_callback(self._tell_start)

    async def consider(self, asked: Asked) -> None:
        """Have a question answered: at once by a strategy that only thinks, else beside the stream."""
        seat, guard = self._seated()
        if asked is self._thought:
            return
        view = _make_view(asked, seat)
        answer = guard.answer_at_once(view)
        if answer is not None:
            await self._answer(asked, answer)
            return
        self._thought = asked
        self._thinking = asyncio.create_task(self._think(asked, view))
        self._tasks.add(self._thinking)
        self._thinking.add_done_callback(self._tasks.discard)

    def keep_only(self, asked: Asked | None) -> None:
        """Stop thinking about any other question than this one: it has lapsed."""
        if self._thought is not asked:
            self.stop()

    def stop(self) -> None:
        """Stop thinking."""
        if self._thinking is not None:
            self._thinking.cancel()
        self._thinking = self._thought = None

    def close(self) -> None:
        """Stop everything that the strategy still does."""
        for task in self._tasks:
            task.cancel()
        if self._guard is not None:
            self._guard.close()

    async def finish(self, outcome: OutcomeDeclared, roster: tuple[str, ...], member: int) -> None:
        """Tell the strategy, and people, how the session ended."""
        seat, guard = self._seated()
        self._tell(describe_outcome(outcome, roster, self._identity.name, seat.market))
        view = OutcomeView(
            seat=seat,
            winner=None if outcome.winner is None else roster[outcome.winner],
            price=outcome.price,
            payment=outcome.payments[member],
            # The others' signals, and so the value, stay unknown where nobody disclosed them.
            utility=None,
        )
        failure = await guard.finish(view)
        if failure:
            self._tell(f"the strategy failed at the end: {failure}")

    async def _think(self, asked: Asked, view: RaiseView | ReportView) -> None:
        _, guard = self._seated()
        try:
            answer = await guard.answer(view)
            # From here on it is no longer thinking: it must not be stopped half-way through sending. The question
            # stays noted, so that a new stream, which finds it still open, does not have it thought of again.
            self._thinking = None
            await self._answer(asked, answer)
        except Lost:
            # The reader of the stream finds out as well and attaches anew; the answer waits in the session.
            return
        except Exception as problem:
            self._fail(problem)

    async def _answer(self, asked: Asked, answer: GuardedAnswer) -> None:
        seat, _ = self._seated()
        line = f"{describe_question(asked, seat.market)} {describe_answer(answer.value)}"
        self._tell(f"{line} (by default: {answer.failure})" if answer.failure else line)
        given: BidderInput
        if isinstance(asked, LevelAsked):
            accepts = None if answer.value is NoAnswer else answer.value is Stay
            given = Decided(question=asked.question, accepts=accepts)
        else:
            signal = answer.value if isinstance(answer.value, int) else None
            given = SignalChosen(question=asked.question, signal=signal)
        await self._take(given, answer.failure)

    def _tell_start(self, starting: asyncio.Task[str]) -> None:
        if not starting.cancelled() and starting.result():
            self._tell(f"the strategy could not start: {starting.result()}")

    def _seated(self) -> tuple[Seat, Guard]:
        assert self._seat is not None, "the agent sits down once the specification is there"
        assert self._guard is not None, "the agent sits down once the specification is there"
        return self._seat, self._guard


def _make_view(asked: Asked, seat: Seat) -> RaiseView | ReportView:
    if isinstance(asked, LevelAsked):
        return RaiseView(
            seat=seat,
            level=asked.level,
            clock=asked.level - 1,
            price=asked.price,
            wave=asked.wave,
            target=asked.target,
        )
    return ReportView(seat=seat, wave=asked.wave)
