"""Answers for a conversation that runs in one place: who answers what, and holding it to its end.

Decides nothing about strategies: an answerer is any function of its question and its clock. Refuses answers
that do not fit their question, before the mechanism sees them. Exact exploration and checks of incentives
drive conversations with it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
    ReportedType,
    ReportSignal,
    ReportType,
    TypeReport,
    Wave,
)
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket


class Answerer(Protocol):
    """How one bidder answers: a function of its question and of the last level that its clock accepted."""

    def __call__(self, question: Question, clock: int, /) -> Answer:
        """Answer `question`; `clock` is the last level that the own clock accepted, 0 at the start."""
        ...


@dataclass(frozen=True, slots=True)
class AnswererByWave:
    """An answerer that looks at the number of the wave too.

    Attributes:
        answer: Gives the answer to a question with the own clock and the number of the wave, from 0.
    """

    answer: Callable[[Question, int, int], Answer]

    def __call__(self, question: Question, clock: int, /) -> Answer:
        """Answer as in the first wave."""
        return self.answer(question, clock, 0)


def answer_with_signal(signal: int) -> Answerer:
    """Answer as somebody whose signal is `signal`: stay up to that level, report that value.

    With a bidder's own signal this is the truthful (consistent) strategy.

    Args:
        signal: In 0..k-1.
    """

    def answer(question: Question, clock: int, /) -> Answer:
        match question:
            case Climb(target=target):
                return _climbed(clock, signal, target)
            case ReportSignal():
                return Reported(value=signal)
            case ReportType():
                raise UsageError("a bidder with a signal was asked for a type: give it answer_with_type")

    return answer


def answer_with_type(
    value: int, knowledge: Distribution | None = None, *, market: TypeMarket | None = None
) -> Answerer:
    """Answer as somebody of this type: report the value and the belief, stay while a price is worth paying.

    With a bidder's own type this is the truthful strategy. Nothing that a question tells of the others, such as that
    one is asked at all, is brought into the belief.

    Args:
        value: Index in the bidder's public list of types.
        knowledge: Distribution over the types of all others; may be None for mechanisms that ask for no belief.
        market: Needed for mechanisms with clocks and offers: what the prices are compared with.
    """
    beliefs: dict[tuple[int, ...], Distribution] = {}

    def believe(subjects: tuple[int, ...]) -> Distribution:
        if knowledge is None:
            raise UsageError("a belief was asked for: give answer_with_type the bidder's knowledge")
        if subjects not in beliefs:
            beliefs[subjects] = knowledge.marginal(subjects)
        return beliefs[subjects]

    def answer(question: Question, clock: int, /) -> Answer:
        match question:
            case Climb(target=target):
                if market is None:
                    raise UsageError("a price was named: give answer_with_type the market")
                return _climbed(clock, level_worth_paying(market, question, value), target)
            case ReportSignal():
                raise UsageError("a bidder with a type was asked for a signal: give it answer_with_signal")
            case ReportType(asks_value=asks_value, subjects=subjects):
                belief = believe(subjects) if subjects else None
                return ReportedType(report=TypeReport(value=value if asks_value else None, belief=belief))

    return answer


def _climbed(clock: int, highest: int, target: int) -> Climbed:
    """Return where a climb ends for somebody who stays up to level `highest`."""
    level = max(clock, min(highest, target))
    return Climbed(level=level, exited=level < target)


def level_worth_paying(market: TypeMarket, climb: Climb, value: int) -> int:
    """Return the highest level, at most the climb's target, whose price a bidder of this type would pay.

    Args:
        market: Its environment gives a bidder one value.
        climb: What the bidder is asked; the price of an offer holds for all its levels.
        value: Index in the bidder's public list of types.
    """
    worth = market.value(climb.bidder, value)
    if climb.price is not None:
        return climb.target if worth >= climb.price else 0
    return min(climb.target, bisect_right(market.clock, worth))


def drive(conversation: Conversation, answerers: Sequence[Answerer]) -> Outcome:
    """Hold a conversation to its end.

    Args:
        conversation: Not yet started.
        answerers: Length n, by roster index.

    Returns:
        What the mechanism decides.

    Raises:
        UsageError: An answerer gave an answer that does not fit its question.
    """
    clocks = [0] * len(answerers)
    wave_number = 0
    answers: tuple[Answer, ...] | None = None
    while True:
        try:
            wave: Wave = next(conversation) if answers is None else conversation.send(answers)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        answers = tuple(_answered(question, answerers, clocks, wave_number) for question in wave.questions)
        wave_number += 1


def _answered(
    question: Question, answerers: Sequence[Answerer], clocks: list[int], wave_number: int
) -> Answer:
    bidder = question.bidder
    clock = clocks[bidder]
    answerer = answerers[bidder]
    if isinstance(answerer, AnswererByWave):
        answer = answerer.answer(question, clock, wave_number)
    else:
        answer = answerer(question, clock)
    match question, answer:
        case Climb(target=target), Climbed(level=level, exited=exited) if (
            clock <= level <= target and exited == (level < target)
        ):
            clocks[bidder] = level
        case (ReportSignal(), Reported()) | (ReportType(), ReportedType()):
            pass
        case _:
            raise UsageError(
                f"the answerer of bidder {bidder} gave {answer!r} to {question!r} with its clock at {clock}: "
                "a climb ends between the clock and the target and is an exit exactly below the target, "
                "a report answers a request to report"
            )
    return answer
