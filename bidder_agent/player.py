"""The player: has a strategy answer what the session asks, beside the stream and never in its way.

Decides what the strategy is shown, turns its answers into inputs of the session, and takes a question back when it
has lapsed. Called by the agent, which keeps and sends what follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import assert_never

from bidder_agent.connection import Lost
from bidder_agent.guard import Guard, GuardedAnswer, Question, time_to_think
from bidder_agent.identity import Identity
from bidder_agent.narration import describe_answer, describe_outcome, describe_question
from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.messages import OutcomeDeclared, SignalReport
from openoutcry.session.bidder_values import (
    Asked,
    BidderInput,
    Decided,
    LevelAsked,
    OpeningAsked,
    OpeningChosen,
    SignalAsked,
    SignalChosen,
    TypeAsked,
    TypeChosen,
)
from openoutcry.session.report_writer import ReportWriter
from openoutcry.strategies import (
    AnySeat,
    NoAnswer,
    Open,
    OpeningView,
    RaiseView,
    ReportView,
    StartView,
    Stay,
    Strategy,
    TypeQuestion,
    make_outcome_view,
)
from openoutcry.strategies.private_input import RawPrivate, decode_private, make_seat
from openoutcry.wire import WireCodec

Take = Callable[[BidderInput, str], Awaitable[None]]
"""Is given an answer, and why it is the default one."""


class Player:
    """One strategy in one seat.

    Args:
        identity: Of the bidder.
        private: What only it knows, as `openoutcry.strategies.private_input` describes.
        strategy: Made for this session.
        take: Keeps and sends an answer.
        fail: Is told what went wrong beside the stream.
        tell: Is told each question and answer, in one line.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        private: RawPrivate,
        strategy: Strategy,
        take: Take,
        fail: Callable[[Exception], None],
        tell: Callable[[str], None],
    ) -> None:
        self._identity = identity
        self._private = private
        self._strategy = strategy
        self._take = take
        self._fail = fail
        self._tell = tell
        self._seat: AnySeat | None = None
        self._guard: Guard | None = None
        self._thinking: asyncio.Task[None] | None = None
        self._thought: Asked | None = None
        # The event loop itself holds on to no task, not even to one that is sending an answer.
        self._tasks: set[asyncio.Task[None]] = set()
        self._codec = WireCodec()
        self._writer = ReportWriter(self._codec)

    def sit_down(self, specification: Specification) -> None:
        """Prepare for questions, as soon as the market is known.

        Raises:
            ConfigurationError: What the bidder knows does not fit this market.
        """
        market, name = specification.market, self._identity.name
        bidder = [bidder.name for bidder in market.bidders].index(name)
        try:
            private = decode_private(self._private, market, bidder)
        except ConfigurationError as problem:
            raise ConfigurationError(f"the private input of {name}: {problem}") from problem
        self._seat = make_seat(
            private, market, bidder, self._identity.make_random(), mechanism=specification.mechanism
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
        view = _make_view(asked, seat, self._writer)
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
        # Where the value depends on the others' signals it stays unknown: nobody discloses them.
        view = make_outcome_view(seat, awards=outcome.awards, names=roster, payment=outcome.payments[member])
        failure = await guard.finish(view)
        if failure:
            self._tell(f"the strategy failed at the end: {failure}")

    async def _think(self, asked: Asked, view: Question) -> None:
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
        try:
            given = self._make_input(asked, answer)
        except UsageError as problem:
            # A belief may be right in itself and too large for a message, or its weights for exact payments.
            opens = isinstance(asked, OpeningAsked)
            answer = GuardedAnswer(value=Open if opens else NoAnswer, failure=str(problem))
            given = self._make_input(asked, answer)
        line = f"{describe_question(asked, seat.market)} {describe_answer(answer.value, seat)}"
        self._tell(f"{line} (by default: {answer.failure})" if answer.failure else line)
        await self._take(given, answer.failure)

    def _make_input(self, asked: Asked, answer: GuardedAnswer) -> BidderInput:
        """Return the session's input for an answer.

        Raises:
            UsageError: The report cannot be encoded in the shape that the question asks for.
        """
        value, question = answer.value, asked.question
        match asked:
            case LevelAsked():
                return Decided(question=question, accepts=None if value is NoAnswer else value is Stay)
            case SignalAsked():
                return SignalChosen(question=question, signal=value if isinstance(value, int) else None)
            case TypeAsked():
                report = None
                if isinstance(value, TypeReport):
                    report = self._writer.write(value, asked.shape)
                return TypeChosen(question=question, report=report)
            case OpeningAsked():
                instead = None
                if isinstance(value, TypeReport):
                    instead = self._writer.write(value, asked.shape)
                elif isinstance(value, int):
                    instead = self._codec.encode_signal_report(SignalReport(value=value))
                return OpeningChosen(question=question, opens=value is not NoAnswer, instead=instead)
            case _:
                assert_never(asked)

    def _tell_start(self, starting: asyncio.Task[str]) -> None:
        if not starting.cancelled() and starting.result():
            self._tell(f"the strategy could not start: {starting.result()}")

    def _seated(self) -> tuple[AnySeat, Guard]:
        assert self._seat is not None, "the agent sits down once the specification is there"
        assert self._guard is not None, "the agent sits down once the specification is there"
        return self._seat, self._guard


def _make_view(asked: Asked, seat: AnySeat, writer: ReportWriter) -> Question:
    match asked:
        case LevelAsked():
            return RaiseView(
                seat=seat,
                level=asked.level,
                clock=asked.level - 1,
                price=asked.price,
                wave=asked.wave,
                target=asked.target,
            )
        case SignalAsked():
            return ReportView(seat=seat, wave=asked.wave)
        case TypeAsked():
            return TypeQuestion(
                seat=seat,
                wave=asked.wave,
                asks_value=asked.asks_value,
                subjects=asked.subjects,
                is_private=asked.is_private,
            )
        case OpeningAsked():
            committed = writer.recall(asked)
            if isinstance(committed, SignalReport):
                return OpeningView(seat=seat, wave=asked.wave, reported_signal=committed.value)
            return OpeningView(seat=seat, wave=asked.wave, report=committed)
        case _:
            assert_never(asked)
